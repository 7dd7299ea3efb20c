"""The measures of pictures tell good from bad, and say in one sentence when they cannot."""

import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torchvision.transforms.functional import gaussian_blur

from helpers.metrics import images as m
from helpers.metrics.classifier import load_classifier
from tests.samples import sample
from tests.trouble import refused

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=["clothes", "digits"])
def judged(request):
    """Each kind of "fake" in the place of the generator's, from good to bad."""
    test_images, labels = (sample(request.param)[key] for key in ("test_images", "test_labels"))
    images, noise = test_images[:600], torch.Generator().manual_seed(0)
    kinds = {
        "real": images,
        "blurred": gaussian_blur(images, 5, 0.8),
        "two classes": test_images[labels < 2].repeat(3, 1, 1, 1)[:600],
        "one picture": images[labels[:600] == 4][:1].repeat(600, 1, 1, 1),
        "noise": torch.rand(images.shape, generator=noise) * 2 - 1,
    }
    classifier, real = load_classifier(request.param), sample(request.param)["images"][:1800]
    return {kind: m.evaluate(classifier, fakes, real) for kind, fakes in kinds.items()}


def test_frechet_distance_orders_them(judged):
    values = [found.frechet.value for found in judged.values()]
    assert values == sorted(values) and values[3] > 5 * values[1]
    assert values[0] < 3 * judged["real"].frechet.floor < values[1]


def test_precision_sees_noise_and_recall_sees_collapse(judged):
    precision = {kind: found.precision for kind, found in judged.items()}
    recall = {kind: found.recall for kind, found in judged.items()}
    assert precision["real"] > precision["blurred"] > 0.3 > 0.02 >= precision["noise"]
    assert precision["two classes"] > 0.7 and precision["one picture"] == 1
    for kind in ("blurred", "two classes"):
        assert recall["real"] > recall[kind] > recall["one picture"]
    assert recall["real"] > 0.7 and recall["one picture"] < 0.01 and recall["noise"] < 0.01


def test_classes_see_noise_and_collapse(judged):
    covered = {kind: found.classes.covered for kind, found in judged.items()}
    entropy = {kind: found.classes.entropy for kind, found in judged.items()}
    assert covered["real"] == covered["blurred"] == 1
    assert 0.15 < covered["two classes"] <= 0.4 and covered["one picture"] == 0.1
    assert covered["noise"] == 0 and judged["noise"].classes.none > 570
    assert judged["real"].classes.none + judged["blurred"].classes.none < 10
    assert entropy["real"] > 3.2 > entropy["two classes"] > entropy["one picture"] == 0


def test_real_pictures_reach_the_floor(judged):
    found = judged["real"]
    assert found.precision == pytest.approx(found.real_precision, abs=0.08)
    assert found.recall == pytest.approx(found.real_recall, abs=0.08)
    assert found.real_classes.covered == 1


def gaussian(n, mean, spread, seed):
    return np.random.default_rng(seed).normal(size=(n, len(mean))) @ spread + mean


def test_frechet_distance_is_that_of_the_formula():
    """With covariances that do not commute."""
    a = gaussian(300, [0, 0], [[1, 0], [0.9, 0.3]], 0)
    b = gaussian(400, [1, 0], [[2, 1], [0, 1]], 1)
    first, second = np.cov(a.T), np.cov(b.T)
    product = np.linalg.eigvals(first @ second)  # of 2 x 2 one can afford it
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second)
    wanted -= 2 * np.sqrt(product).sum()
    assert m.frechet_distance(a, b) == pytest.approx(wanted, rel=1e-9)
    assert m.frechet_distance(b, a) == pytest.approx(wanted, rel=1e-9)


def test_frechet_distance_is_zero_for_the_same_and_survives_constant_features():
    a = gaussian(500, np.full(20, 100.0), np.eye(20), 0)
    a[:, 3:9] = 7  # ReLU features that never fire
    for values in (a, np.ones((500, 20))):
        assert m.frechet_distance(values, values) < 1e-9
        assert m.frechet_distance(values, values + 2) == pytest.approx(80, rel=1e-9)


def test_frechet_bias_of_small_samples_is_shown():
    """Sorted reals are shuffled before they are split."""
    real, fake = (gaussian(n, np.zeros(30), np.eye(30), seed=n) for n in (9000, 5000))
    rows = m.frechet_by_samples(fake, real[real[:, 0].argsort()])
    assert [row["pictures"] for row in rows] == ["250", "500", "1,000", "2,000"]
    fakes, others = ([float(row[key].split()[0]) for row in rows] for key in list(rows[0])[1:])
    assert fakes == sorted(fakes, reverse=True) and fakes[0] > 4 * fakes[-1]
    assert others == pytest.approx(fakes, rel=0.25)


def test_precision_and_recall():
    """By hand, k = 1: reach of 0, 1, 3 is 1, 1, 2; of 0.5, 9, 9.5 it is 8.5, 0.5, 0.5."""
    real, fake = np.array([[0.0], [1], [3]]), np.array([[0.5], [9], [9.5]])
    assert m.precision_recall(real, fake, k=1) == (pytest.approx(1 / 3), 1)
    assert m.precision_recall(fake, real, k=1) == (1, pytest.approx(1 / 3))
    left, right = np.random.default_rng(0).normal([[[-20]], [[20]]], size=(2, 300, 8))
    both = np.concatenate((left, right))
    assert m.precision_recall(both, both) == (1, 1) and m.precision_recall(left, right) == (0, 0)


@contextmanager
def at_most(megabytes):
    """See to it that no more memory than that is in use at a time."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6 * megabytes


def test_precision_and_recall_need_little_memory():
    real, fake = np.random.default_rng(0).normal(size=(2, 5000, 4))
    with at_most(100):  # not 200, the whole table
        m.precision_recall(real, fake)


def test_class_counts():
    found = m.class_counts(np.repeat(np.arange(10), [20, 19] + [120] * 8))
    assert found.counts == (20, 19, *[120] * 8)
    assert found.covered == pytest.approx(0.9)  # 2 % of 999 are just under 20
    assert m.class_counts(np.arange(1000) % 10).entropy == pytest.approx(np.log2(10))
    one = m.class_counts(np.full(50, 3))
    assert one.entropy == 0 and one.covered == pytest.approx(0.1)
    assert m.class_counts(torch.tensor([0, 1]), number=2).covered == 1
    half = m.class_counts(np.repeat([0, 1, 10], [25, 25, 50]))
    assert half.none == 50 and half.entropy == pytest.approx(1) and sum(half.counts) == 50


def test_planted_copies_are_found():
    images, fresh = sample("digits")["images"][:4000], sample("digits")["test_images"]
    fakes, planted, places = fresh[:40].clone(), [3, 17, 39], [7, 1234, 3999]
    fakes[planted] = images[places]
    found = m.novelty(fakes, images, fresh[40:440])
    assert found.index[planted].tolist() == places and len(found.fresh) == 400
    assert (found.distance[planted] == 0).all() and (np.delete(found.distance, planted) > 0).all()
    assert found.too_near >= 3 / 40 > 2 * m.novelty(fresh[:40], images, fresh[40:440]).too_near


@pytest.mark.parametrize("count", [1, 1000, 2300])
def test_nearest_picture_is_the_nearest_one(count):
    rng = np.random.default_rng(0)
    training = rng.uniform(-1, 1, (count, 3, 4, 4))
    fakes = rng.uniform(training.min(), training.max(), (20, 3, 4, 4))
    table = np.sqrt(((fakes[:, None] - training[None]) ** 2).mean(axis=(2, 3, 4)))
    index, distance = m.nearest_training_images(fakes, training)
    assert (index == table.argmin(axis=1)).all()
    np.testing.assert_allclose(distance, table.min(axis=1), rtol=1e-4)


def test_photographs_that_do_not_fill_their_scale_are_compared():
    training = np.linspace(16, 235, 2 * 16).reshape(2, 1, 4, 4) / 127.5 - 1
    index, distance = m.nearest_training_images(
        np.stack([training[1], -np.ones((1, 4, 4))]), training
    )
    assert index.tolist() == [1, 0] and distance[0] == 0


def test_nearest_pictures_need_little_memory(tmp_path):
    """Bytes on disk, as the faces are kept: only a batch of them is ever turned into floats."""
    training = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.uint8, (20_000, 1, 28, 28))
    training[:] = np.random.default_rng(0).integers(0, 256, (100, 1, 28, 28)).repeat(200, axis=0)
    with at_most(15):  # not 63
        index, distance = m.nearest_training_images(np.array(training[[5, 19_990]]), training)
    assert index.tolist() == [0, 19_800] and (distance == 0).all()


ROWS, PICTURES = np.ones((99, 64)), np.ones((9, 1, 28, 28))
NEAREST, DISTANCE = m.nearest_training_images, m.frechet_distance


@pytest.mark.parametrize(
    ("measure", "word", "values"),
    [
        (DISTANCE, "at least 65", (ROWS[:64], ROWS)),
        (DISTANCE, "NaN", (ROWS, ROWS * np.nan)),
        (DISTANCE, "equally many", (ROWS[:, :32], ROWS)),
        (m.frechet, "80 fake", (ROWS, ROWS, 80)),
        (m.precision_recall, "at least 4", (ROWS[:3], ROWS)),
        (m.class_counts, "not float64", (np.ones(5),)),
        (m.class_counts, "one row", (np.ones((0, 2), int),)),
        (m.class_counts, "from 0 to 10", (np.array([3, 11]),)),
        (NEAREST, "shape", (PICTURES, np.ones((9, 1, 32, 32)))),
        (NEAREST, "shape", (PICTURES, PICTURES[:0])),
        (NEAREST, "NaN", (PICTURES * np.nan, PICTURES)),
        (NEAREST, "from 0 to 255", (-PICTURES, 200 * PICTURES)),
    ],
)
def test_what_cannot_be_measured_is_told(measure, word, values):
    with refused(word):
        measure(*values)
