"""The classifiers are as good as they say, and say in one sentence what they cannot look at."""

import shutil

import numpy as np
import pytest
import torch

from data.make import classifier as make
from helpers.base import files
from helpers.base.files import DATA, write_sum
from helpers.data.weights import save_weights
from helpers.metrics.classifier import load_classifier
from tests.samples import sample
from tests.trouble import refused

LEAST = {"digits": 0.985, "clothes": 0.90}
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", LEAST)
def test_classifier_is_as_good_as_it_says(name):
    classifier, images = load_classifier(name), sample(name)["test_images"]
    features, probabilities = classifier(images)
    right = probabilities.argmax(1) == sample(name)["test_labels"].numpy()
    assert right.mean() >= LEAST[name] and classifier.accuracy >= LEAST[name]
    assert abs(right.mean() - classifier.accuracy) < 0.012  # of 2,000 instead of 10,000
    assert features.shape == (2000, 64) and probabilities.shape == (2000, 11)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_allclose(features[490:510], classifier(images[490:510])[0], atol=1e-4)
    assert 900 < classifier(sample(name)["images"][:1000])[0].var(axis=0).sum() < 1100


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in the place of data/, where both classifiers are that of clothes."""
    monkeypatch.setattr(files, "DATA", tmp_path)
    shutil.copy(DATA / "SHA256SUMS", tmp_path)
    for name in LEAST:
        path = tmp_path / f"{name}_classifier.safetensors"
        shutil.copy(DATA / "clothes_classifier.safetensors", path)
    return tmp_path


def test_another_classifier_is_refused(folder):
    with refused("digits_classifier"):
        load_classifier("digits")
    with refused("digits, clothes"):
        load_classifier("faces")


def test_training_a_classifier(folder):
    """The tool on a few pictures: it learns, scales the features and keeps the answers."""
    torch.manual_seed(0)
    images, labels = sample("digits")["images"][:1536], sample("digits")["labels"][:1536]
    network = make.train(images, labels, epochs=2)
    before = network(images[:200]).argmax(1)
    make.scale_features(network, images)
    assert (network(images[:200]).argmax(1) == before).float().mean() > 0.99
    assert (before == labels[:200]).float().mean() > 0.5
    path = folder / "digits_classifier.safetensors"
    save_weights(path, network, {"name": "digits", "accuracy": 0.5})
    write_sum(path, folder)
    features, _ = load_classifier("digits")(images)
    assert features.var(axis=0).sum() == pytest.approx(1000, rel=0.02)


BAD_PICTURES = {
    r"not as \(5, 3, 28, 28\)": torch.zeros(5, 3, 28, 28),
    "no pictures": torch.zeros(0, 1, 28, 28),
    "NaN": torch.full((5, 1, 28, 28), float("nan")),
    "from 0 to 255": torch.linspace(0, 255, 784).to(torch.uint8).view(1, 1, 28, 28),
    "from 0 to 1": torch.linspace(0, 1, 784).view(1, 1, 28, 28),
    "from -1 to -1": np.full((5, 1, 28, 28), -1.0),
}


@pytest.mark.parametrize("word", BAD_PICTURES)
def test_bad_pictures_for_the_classifier(word):
    with refused(word):
        load_classifier("digits")(BAD_PICTURES[word])
