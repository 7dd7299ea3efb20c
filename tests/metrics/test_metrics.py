"""The measures tell good from bad, and say in one sentence when they cannot."""

import importlib.util
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torchvision.transforms.functional import gaussian_blur

from helpers import checkpoint
from helpers import metrics as m
from helpers.base.errors import CourseError
from helpers.base.files import DATA
from helpers.data.weights import save_weights
from helpers.metrics.classifier import NAMES, load_classifier
from tests.samples import sample
from tests.sentences import is_one_sentence

WANTED = {"digits": 0.985, "clothes": 0.90}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=sorted(WANTED))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def judged(name):
    """Each kind of "fake" in the place of the generator's, from good to bad."""
    test_images, labels = (sample(name)[key] for key in ("test_images", "test_labels"))
    images, noise = test_images[:600], torch.Generator().manual_seed(0)
    kinds = {
        "real": images,
        "blurred": gaussian_blur(images, 5, 0.8),
        "two classes": test_images[labels < 2].repeat(3, 1, 1, 1)[:600],
        "one picture": images[labels[:600] == 4][:1].repeat(600, 1, 1, 1),
        "noise": torch.rand(images.shape, generator=noise) * 2 - 1,
    }
    classifier, real = load_classifier(name), sample(name)["images"][:1800]
    return {kind: m.judge(classifier, fakes, real) for kind, fakes in kinds.items()}


# The classifiers


def test_classifier_is_as_good_as_it_says(name):
    classifier = load_classifier(name)
    _, probabilities = classifier(sample(name)["test_images"])
    right = probabilities.argmax(1) == sample(name)["test_labels"].numpy()
    assert right.mean() >= WANTED[name]
    assert classifier.accuracy >= WANTED[name]
    assert abs(right.mean() - classifier.accuracy) < 0.012  # of 2,000 instead of 10,000


def test_classifier_file_is_small(name):
    assert (DATA / f"{name}_classifier.safetensors").stat().st_size < 300_000


def test_classifier_answers(name):
    classifier, images = load_classifier(name), sample(name)["test_images"][:70]
    features, probabilities = classifier(images, batch_size=32)
    assert features.shape == (70, 64) and probabilities.shape == (70, 11)
    assert features.dtype == probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_allclose(features, classifier(images)[0], atol=1e-4)
    assert 900 < classifier(sample(name)["images"][:1000])[0].var(axis=0).sum() < 1100


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "DATA", tmp_path)
    for name in WANTED:
        file = f"{name}_classifier.safetensors"
        (tmp_path / file).write_bytes((DATA / file).read_bytes())
    return tmp_path


def damage(path, how):
    contents = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(contents[:5000])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("<html>404</html>")
    elif how == "one bit":
        contents[-1000] ^= 64
        path.write_bytes(contents)
    elif how == "other name":
        path.write_bytes(path.with_name("clothes_classifier.safetensors").read_bytes())
    elif how == "no description":
        save_file(load_file(path), path)
    elif how == "other layers":
        network = torch.nn.Sequential(torch.nn.Linear(2, 2))
        save_weights(path, network, {"name": "digits", "accuracy": 0.99})
    elif how == "folder":
        path.unlink()
        path.mkdir()


DAMAGED = "is damaged and was not used: fetch the course again"
TOLD = dict.fromkeys(("cut", "empty", "text", "one bit", "no description"), DAMAGED) | {
    "other name": "holds the one of clothes: fetch the course again",
    "other layers": "belongs to a network with other layers",
    "folder": "is not in the folder data/: fetch the course again",
}


@pytest.mark.parametrize("how", TOLD)
def test_damaged_classifier(folder, how):
    damage(folder / "digits_classifier.safetensors", how)
    with pytest.raises(CourseError, match=f"digits_classifier.safetensors {TOLD[how]}") as error:
        load_classifier("digits")
    assert is_one_sentence(str(error.value))


def test_missing_classifier(folder):
    (folder / "digits_classifier.safetensors").unlink()
    with pytest.raises(CourseError, match=f"digits_classifier.safetensors {TOLD['folder']}"):
        load_classifier("digits")
    with pytest.raises(CourseError, match=r"faces is not a classifier: .*digits, clothes"):
        load_classifier("faces")


def test_training_a_classifier(folder):
    """The script on a few pictures: it learns, scales the features and keeps the answers."""
    place = importlib.util.spec_from_file_location("make", DATA / "make_classifier.py")
    make = importlib.util.module_from_spec(place)
    place.loader.exec_module(make)
    torch.manual_seed(0)
    images, labels = sample("digits")["images"][:1536], sample("digits")["labels"][:1536]
    network = make.train(images, labels, epochs=2)
    before = network(images[:200]).argmax(1)
    make.scale_features(network, images)
    assert (network(images[:200]).argmax(1) == before).float().mean() > 0.99
    assert (before == labels[:200]).float().mean() > 0.5
    facts = {"name": "digits", "accuracy": 0.5}
    save_weights(folder / "digits_classifier.safetensors", network, facts)
    features, _ = load_classifier("digits")(images)
    assert features.var(axis=0).sum() == pytest.approx(1000, rel=0.02)
    files = {f"{name}_classifier.safetensors" for name in NAMES}
    assert {file.name for file in folder.iterdir()} == files


BAD_PICTURES = {
    "as a tensor of floats": np.zeros((5, 1, 28, 28)),
    "a tensor of floats": torch.zeros(5, 1, 28, 28, dtype=torch.uint8),
    r"shape \(n, 1, 28, 28\), not \(5, 784\)": torch.zeros(5, 784),
    r"not \(5, 3, 28, 28\)": torch.zeros(5, 3, 28, 28),
    r"not \(0, 1, 28, 28\)": torch.zeros(0, 1, 28, 28),
    "NaN or infinite": torch.full((5, 1, 28, 28), float("nan")),
    "from 0 to 255: scale": torch.linspace(0, 255, 784).view(1, 1, 28, 28),
    r"it seems in \[0, 1\]": torch.linspace(0, 1, 784).view(1, 1, 28, 28),
    "Every pixel of every picture is -1": torch.full((5, 1, 28, 28), -1.0),
}


@pytest.mark.parametrize("sentence", BAD_PICTURES)
def test_bad_pictures_for_the_classifier(sentence):
    with pytest.raises(CourseError, match=sentence):
        load_classifier("digits")(BAD_PICTURES[sentence])


# Good from bad


def test_frechet_distance_orders_them(judged):
    order = ["real", "blurred", "two classes", "one picture", "noise"]
    values = [judged[kind].frechet.value for kind in order]
    assert values == sorted(values)
    assert values[0] < 3 * judged["real"].frechet.floor < values[1]
    assert values[3] > 5 * values[1]


def test_precision_sees_noise_and_not_collapse(judged):
    precision = {kind: found.precision for kind, found in judged.items()}
    assert precision["real"] > precision["blurred"] > 0.3 > 0.02 >= precision["noise"]
    assert precision["two classes"] > 0.7 and precision["one picture"] == 1


def test_recall_sees_noise_and_collapse(judged):
    recall = {kind: found.recall for kind, found in judged.items()}
    assert recall["real"] > recall["blurred"] > recall["one picture"]
    assert recall["real"] > recall["two classes"] > recall["one picture"]
    assert recall["real"] > 0.7 and recall["one picture"] < 0.01 and recall["noise"] < 0.01


def test_classes_see_noise_and_collapse(judged):
    covered = {kind: found.classes.covered for kind, found in judged.items()}
    entropy = {kind: found.classes.entropy for kind, found in judged.items()}
    assert covered["real"] == covered["blurred"] == 1
    assert 0.15 < covered["two classes"] <= 0.4 and covered["one picture"] == 0.1
    assert covered["noise"] == 0 and judged["noise"].classes.none > 570
    assert judged["real"].classes.none + judged["blurred"].classes.none < 10
    assert entropy["real"] > 3.2 > entropy["two classes"] > entropy["one picture"] == 0
    assert entropy["noise"] < 0.2


def test_real_pictures_reach_the_floor(judged):
    found = judged["real"]
    assert found.precision == pytest.approx(found.real_precision, abs=0.08)
    assert found.recall == pytest.approx(found.real_recall, abs=0.08)
    assert found.real_classes.covered == 1 and sum(found.classes.counts) > 590


def test_judgement_prints_number_and_floor(judged):
    found = judged["blurred"]
    text = str(found)
    assert "600 pictures" in text and f"{found.frechet.floor:.1f}" in text
    assert "600 samples; real against real" in str(found.frechet)
    assert all(str(count) in text for count in found.classes.counts)


# Frechet distance


def gaussian(n, mean, spread, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, len(mean))) @ spread + mean


def test_frechet_distance_of_known_normals():
    """Diagonal and rotated covariances, against the closed formula."""
    rng = np.random.default_rng(1)
    deviations = rng.uniform(0.5, 2, (2, 6))
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    shift = rng.normal(size=6)
    a = gaussian(200_000, np.zeros(6), np.diag(deviations[0]) @ rotation, 2)
    b = gaussian(200_000, shift, np.diag(deviations[1]) @ rotation, 3)
    wanted = (shift**2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    assert m.frechet_distance(a, b) == pytest.approx(wanted, rel=0.01)


def test_frechet_distance_of_covariances_that_do_not_commute():
    a, b = (
        gaussian(300, [0, 0], [[1, 0], [0.9, 0.3]], 0),
        gaussian(400, [1, 0], [[2, 1], [0, 1]], 1),
    )
    first, second = np.cov(a.T), np.cov(b.T)
    product = np.linalg.eigvals(first @ second)  # of 2 x 2 one can afford it
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second)
    wanted -= 2 * np.sqrt(product).sum()
    assert m.frechet_distance(a, b) == pytest.approx(wanted, rel=1e-9)
    assert m.frechet_distance(b, a) == pytest.approx(wanted, rel=1e-9)


def test_frechet_distance_is_zero_for_the_same_and_survives_constant_features():
    a = gaussian(500, np.full(20, 100.0), np.eye(20), 0)
    assert m.frechet_distance(a, a) < 1e-9
    assert m.frechet_distance(a, a + 1) == pytest.approx(20, rel=1e-9)
    a[:, 3:9] = 7  # ReLU features that never fire
    assert m.frechet_distance(a, a) < 1e-9
    constant = np.ones((500, 20))
    assert m.frechet_distance(constant, constant) == 0
    assert m.frechet_distance(constant, constant + 2) == pytest.approx(80)


def test_frechet_bias_of_small_samples_is_shown():
    real, fake = (
        gaussian(9000, np.zeros(30), np.eye(30), 0),
        gaussian(5000, np.zeros(30), np.eye(30), 1),
    )
    found = m.frechet_by_samples(fake, real)
    assert [one.samples for one in found] == [250, 500, 1000, 2000]
    values = [one.value for one in found]
    assert values == sorted(values, reverse=True) and values[0] > 4 * values[-1]
    for one in found:
        assert one.floor == pytest.approx(one.value, rel=0.25)


def test_frechet_uses_other_reals_for_the_floor():
    """Sorted reals are shuffled first; the two parts have no row in common."""
    real = np.sort(np.random.default_rng(0).normal(size=(4000, 3)), axis=0)
    found = m.frechet(real[::2], real)
    assert found.samples == 2000 and 0 < found.floor < 0.02


@pytest.mark.parametrize(
    ("sentence", "a", "b"),
    [
        (
            "64 samples are too few for 64 features: .* at least 65",
            np.ones((64, 64)),
            np.ones((99, 64)),
        ),
        ("Some features are NaN", np.full((99, 64), np.nan), np.ones((99, 64))),
        ("Some features are NaN or inf", np.ones((99, 64)), np.full((99, 64), np.inf)),
        (r"not as \(99,\)", np.ones(99), np.ones((99, 64))),
        ("One side has 32 features, the other 64", np.ones((99, 32)), np.ones((99, 64))),
        ("no features to judge", np.ones((0, 64)), np.ones((99, 64))),
    ],
)
def test_bad_features(sentence, a, b):
    with pytest.raises(CourseError, match=sentence):
        m.frechet_distance(a, b)


def test_too_few_pictures_are_told():
    with pytest.raises(CourseError, match="2,000 samples need 2,000 fake and 4,000 real"):
        m.frechet(np.ones((2500, 4)), np.ones((2500, 4)), 2000)
    images = sample("digits")["test_images"]
    with pytest.raises(CourseError, match="50 samples are too few for 64 features"):
        m.judge(load_classifier("digits"), images[:50], images)
    with pytest.raises(CourseError, match="NaN"):
        m.judge(load_classifier("digits"), images[:200] * float("nan"), images)


# Precision and recall


def test_precision_and_recall_of_known_sets():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(600, 8))
    half = np.concatenate((real[:300], real[:300] + 1e-3))
    assert m.precision_recall(real, real) == (1, 1)
    assert m.precision_recall(real, real + 100) == (0, 0)
    left, right = rng.normal(-20, size=(300, 8)), rng.normal(20, size=(300, 8))
    both = np.concatenate((left, right))
    precision, recall = m.precision_recall(both, rng.normal(-20, size=(600, 8)))
    assert precision > 0.85 and 0.35 < recall <= 0.5  # plausible, but only half of what there is
    precision, recall = m.precision_recall(left, both)
    assert precision == pytest.approx(0.5) and recall == 1
    assert m.precision_recall(real, half)[0] > 0.99


def test_precision_and_recall_by_hand():
    """On a line, k = 1: reach of 0, 1, 3 is 1, 1, 2; of 0.5, 9, 9.5 it is 8.5, 0.5, 0.5."""
    real, fake = np.array([[0.0], [1], [3]]), np.array([[0.5], [9], [9.5]])
    assert m.precision_recall(real, fake, k=1) == (pytest.approx(1 / 3), 1)
    assert m.precision_recall(fake, real, k=1) == (1, pytest.approx(1 / 3))


def test_precision_and_recall_need_little_memory():
    real, fake = np.random.default_rng(0).normal(size=(2, 2000, 8))
    tracemalloc.start()
    in_pieces = m.precision_recall(real, fake, chunk_mb=4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16e6  # the whole table would have 32 MB
    assert in_pieces == m.precision_recall(real, fake, chunk_mb=100)


def test_bad_input_for_precision_and_recall():
    with pytest.raises(CourseError, match="at least 4 samples"):
        m.precision_recall(np.ones((3, 2)), np.ones((9, 2)))
    with pytest.raises(CourseError, match="equally many features"):
        m.precision_recall(np.ones((9, 3)), np.ones((9, 2)))


# Classes


def test_class_counts():
    found = m.class_counts(np.repeat(np.arange(10), [20, 19] + [120] * 8 + []))
    assert found.counts == (20, 19, *[120] * 8)
    assert found.covered == pytest.approx(0.9)  # 2 % of 999 are just under 20
    assert m.class_counts(np.arange(1000) % 10).entropy == pytest.approx(np.log2(10))
    assert m.class_counts(np.full(50, 3)).entropy == 0
    assert m.class_counts(np.full(50, 3)).covered == pytest.approx(0.1)
    assert m.class_counts(torch.tensor([0, 1]), number=2).covered == 1
    half = m.class_counts(np.repeat([0, 1, 10], [25, 25, 50]))
    assert half.none == 50 and half.entropy == pytest.approx(0.5) and sum(half.counts) == 50
    noise = m.class_counts(np.full(50, 10))
    assert (noise.none, noise.covered, noise.entropy) == (50, 0, 0)


@pytest.mark.parametrize(
    ("sentence", "classes"),
    [
        ("one row of integers, not float64", np.ones(5)),
        ("one row of integers", np.ones((5, 10), int)),
        ("one row of integers", np.ones(0, int)),
        ("from 0 to 10, not from 3 to 11", np.array([3, 11])),
        ("from 0 to 10, not from -1", np.array([-1, 3])),
    ],
)
def test_bad_classes(sentence, classes):
    with pytest.raises(CourseError, match=sentence):
        m.class_counts(classes)


# New


def test_planted_copies_are_found():
    images, fresh = sample("digits")["images"][:4000], sample("digits")["test_images"]
    places = [7, 1234, 3999]
    fakes = fresh[:40].clone()
    fakes[[3, 17, 39]] = images[places]
    index, distance = m.nearest_training_images(fakes, images, batch=999)
    assert index[[3, 17, 39]].tolist() == places
    assert (distance[[3, 17, 39]] == 0).all() and (np.delete(distance, [3, 17, 39]) > 0.05).all()
    found = m.novelty(fakes, images, fresh[40:440])
    assert found.too_near >= 3 / 40 > 2 * m.novelty(fresh[:40], images, fresh[40:440]).too_near
    assert "0.000" in str(found) and len(found.fresh) == 400


def test_nearest_picture_is_the_nearest_one():
    rng = np.random.default_rng(0)
    training, fakes = rng.uniform(-1, 1, (300, 3, 4, 4)), rng.uniform(-1, 1, (20, 3, 4, 4))
    table = np.sqrt(((fakes[:, None] - training[None]) ** 2).mean(axis=(2, 3, 4)))
    for batch in (1, 7, 300, 1000):
        index, distance = m.nearest_training_images(fakes, training, batch)
        assert (index == table.argmin(axis=1)).all()
        np.testing.assert_allclose(distance, table.min(axis=1), rtol=1e-5)


def test_nearest_pictures_need_little_memory(tmp_path):
    """Bytes on disk, as the faces are kept: only a batch of them is ever turned into floats."""
    training = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.uint8, (20_000, 1, 28, 28))
    training[:] = np.random.default_rng(0).integers(0, 256, (100, 1, 28, 28)).repeat(200, axis=0)
    fakes = np.array(training[[5, 19_990]])
    tracemalloc.start()
    index, distance = m.nearest_training_images(fakes, training, batch=200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert index.tolist() == [0, 19_800] and (distance == 0).all()
    assert peak < 5e6  # all of them would have 63 MB as floats


@pytest.mark.parametrize(
    ("sentence", "fakes", "training"),
    [
        ("differ in the shape", np.ones((5, 1, 28, 28)), np.ones((9, 1, 32, 32))),
        ("differ in the shape", np.ones((5, 1, 28, 28)), np.ones((0, 1, 28, 28))),
        (r"Pictures come as .* not as \(5, 784\)", np.ones((5, 784)), np.ones((9, 784))),
        ("no pictures to judge", np.ones((0, 1, 28, 28)), np.ones((9, 1, 28, 28))),
        ("pictures are NaN", np.full((5, 1, 28, 28), np.nan), np.ones((9, 1, 28, 28))),
        (
            "from -1 to -1, training pictures from 1 to 1",
            -np.ones((5, 1, 8, 8)),
            np.ones((9, 1, 8, 8)),
        ),
    ],
)
def test_bad_pictures_for_the_nearest(sentence, fakes, training):
    with pytest.raises(CourseError, match=sentence):
        m.nearest_training_images(fakes, training)


# Points


def sine(n, seed=0):
    x = np.random.default_rng(seed).uniform(0, 2 * np.pi, n)
    return np.column_stack((x, np.sin(x)))


def test_points_are_told_apart():
    real, rng = sine(1000, seed=5), np.random.default_rng(1)
    kinds = {
        "real": real,
        "near": real + rng.normal(0, 0.05, real.shape),
        "half": sine(1000) * [0.5, 1],
        "one point": np.tile([np.pi / 2, 1.0], (1000, 1)),
        "noise": rng.normal(0, 3, (1000, 2)),
    }
    curve = {kind: m.distance_to_curve(points) for kind, points in kinds.items()}
    inside = {kind: m.share_inside(points) for kind, points in kinds.items()}
    bins = {kind: m.coverage(points) for kind, points in kinds.items()}
    assert curve["real"] < 1e-9 < curve["near"] < 0.1 < curve["half"] < curve["noise"]
    assert curve["one point"] < 1e-9  # plausible, only not varied
    assert inside["real"] == inside["one point"] == 1 > inside["near"] > 0.9 > inside["noise"]
    assert bins["real"] == bins["near"] == 1
    assert bins["half"] == pytest.approx(0.5, abs=0.05) and bins["one point"] == 0.05


def test_coverage_wants_a_quarter_of_the_due():
    centres = (np.arange(20) + 0.5) * 2 * np.pi / 20
    x = np.repeat(centres, [13, 12] + [54] * 17 + [57])  # 1,000 points: 12.5 is the line
    assert len(x) == 1000 and m.coverage(np.column_stack((x, x))) == pytest.approx(0.95)
    assert m.coverage(np.column_stack((x, x)), bins=4) == 1


@pytest.mark.parametrize(
    ("sentence", "points"),
    [
        (r"Points come as \(n, 2\), not as \(9, 3\)", np.ones((9, 3))),
        ("Some points are NaN", np.full((99, 2), np.nan)),
        ("no points to judge", np.ones((0, 2))),
        ("79 points are too few for 20 bins: take at least 80", np.ones((79, 2))),
    ],
)
def test_bad_points(sentence, points):
    with pytest.raises(CourseError, match=sentence):
        m.coverage(points)


def test_measures_load_no_framework():
    code = "import helpers.metrics, sys; assert not {'torch', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
