"""The trained players that come with the course: they fit the lessons' networks and are good."""

from functools import cache

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from helpers.base import files
from helpers.base.errors import CourseError
from helpers.base.files import DATA, sha256
from helpers.data.weights import load_weights, save_weights
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import class_counts, evaluate, frechet
from notebooks.tools.lesson import code_cells, run_cells
from tests.samples import sample
from tests.sentences import is_one_sentence
from tests.toys import DAMAGE, damage

# Highest Frechet distance of 5,000 fakes against the built-in sample; see data/README.md.
GENERATORS = {
    ("digits", "full"): 120,
    ("digits", "long"): 60,
    ("digits", "best"): 35,
    ("clothes", "full"): 180,
    ("clothes", "best"): 130,
}


def network(kind: str) -> torch.nn.Module:
    """Return a network of the lessons with new weights."""
    names = {"torch": torch, "nn": torch.nn}
    cell = next(c for c in code_cells("02_mnist_gan") if f"class {kind}" in c)
    exec(cell, names)
    return names[kind]()


@cache
def real_features(name: str) -> np.ndarray:
    """Return the features of the built-in sample."""
    return load_classifier(name)(sample(name)["images"])[0]


@pytest.mark.parametrize(("name", "level"), GENERATORS)
def test_shipped_generators_are_small_and_make_all_classes(name, level):
    path = DATA / f"{name}_generator_{level}.safetensors"
    assert path.stat().st_size < 4_000_000
    generator = network("Generator")
    facts = load_weights(generator, path.stem)
    assert facts["steps"] > 20_000
    with torch.no_grad():
        fakes = generator(torch.randn(5000, 100, generator=torch.Generator().manual_seed(0)))
    found, chances = load_classifier(name)(fakes)
    assert frechet(found, real_features(name)).value <= GENERATORS[name, level]
    least = 0.9 if (name, level) == ("clothes", "full") else 1  # few pullovers
    assert class_counts(chances.argmax(axis=1)).covered >= least


@pytest.fixture
def ship(tmp_path, monkeypatch):
    """Return a function that lets files in a folder of their own come with the course."""
    monkeypatch.setattr(files, "DATA", tmp_path)

    def entitle(path):
        (tmp_path / "SHA256SUMS").write_text(f"{sha256(path)}  {path.name}\n")

    return entitle


def refused(match, network):
    before = network.weight.clone()
    with pytest.raises(CourseError, match=match) as caught:
        load_weights(network, "player")
    assert is_one_sentence(str(caught.value))
    assert torch.equal(network.weight, before)


def test_weights_come_back(tmp_path, ship):
    path, network = tmp_path / "player.safetensors", torch.nn.Linear(3, 2)
    save_weights(path, network, {"steps": 7})
    ship(path)
    other = torch.nn.Linear(3, 2)
    assert load_weights(other, "player") == {"steps": 7}
    assert torch.equal(other.weight, network.weight.half().float())
    for foreign in (torch.nn.Linear(2, 3), torch.nn.Linear(3, 2, bias=False)):
        refused("other layers", foreign)


@pytest.mark.parametrize("how", DAMAGE)
def test_damaged_weights_are_refused(how, tmp_path, ship):
    path, network = tmp_path / "player.safetensors", torch.nn.Linear(3, 2)
    save_weights(path, network, {"steps": 7})
    ship(path)
    damage(path, how)
    refused("missing or damaged", network)


def test_weights_of_others_are_refused(tmp_path, ship):
    path, network = tmp_path / "player.safetensors", torch.nn.Linear(3, 2)
    for header in (None, {"format": "pt"}, {"header": "{"}):
        save_file(network.state_dict(), path, header)
        ship(path)
        refused("not written by", network)
    path.write_bytes(b"<html>Sorry.</html>")
    ship(path)
    refused("not written by", network)


def early_generator(steps: int) -> torch.nn.Module:
    """Return a generator that lesson 02 has trained for some steps only."""
    names = run_cells("02_mnist_gan", until="def train_step")
    gan, images = names["new_gan"](names["preset"]), names["images"]
    for _ in range(steps):
        names["train_step"](gan, images[torch.randint(len(images), (64,))])
    return gan.generator


def test_measures_put_generators_in_the_right_order(monkeypatch, tmp_path):
    for key, value in {"PRESET": "smoke", "DEVICE": "cpu", "RUNS": str(tmp_path)}.items():
        monkeypatch.setenv(f"GAN_{key}", value)
    trained = network("Generator")
    load_weights(trained, "digits_generator_long")
    early = early_generator(80)
    images, classifier = sample("digits")["images"], load_classifier("digits")
    noise = torch.randn(1000, 100, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        fakes = {
            "real": sample("digits")["test_images"],
            "trained": trained(noise),
            "early": early(noise),
            "collapsed": trained(noise[:1].repeat(1000, 1)),
            "noise": torch.rand(1000, 1, 28, 28) * 2 - 1,
        }
    found = {name: evaluate(classifier, pictures, images) for name, pictures in fakes.items()}
    distances = {name: result.frechet.value for name, result in found.items()}
    assert distances["real"] < distances["trained"] < distances["early"] < distances["noise"]
    assert distances["trained"] < distances["collapsed"]
    precision = {name: result.precision for name, result in found.items()}
    assert precision["real"] > precision["trained"] > precision["early"] >= precision["noise"]
    recall = {name: result.recall for name, result in found.items()}
    assert recall["real"] > recall["trained"] > max(recall["early"], recall["collapsed"])
    assert recall["collapsed"] < 0.01 and recall["noise"] < 0.01
    covered = {name: result.classes.covered for name, result in found.items()}
    assert covered["real"] == covered["trained"] == 1 > covered["early"]
    assert covered["collapsed"] == 0.1 and covered["noise"] == 0
