"""The trained players that come with the course: they fit the lessons' networks and are good."""

import pytest
import torch

from helpers.base import files
from helpers.base.files import DATA, sha256
from helpers.data.weights import load_weights, save_weights
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import class_counts
from notebooks.tools.lesson import code_cells
from tests.trouble import damage, refused

# That of faces is Keras's: see lessons/lesson_04.py.
GENERATORS = sorted(path.stem for path in DATA.glob("[!f]*_generator_*.safetensors"))


@pytest.mark.parametrize("name", GENERATORS)
def test_shipped_generators_fit_the_lesson_and_make_all_classes(name):
    names = {"torch": torch, "nn": torch.nn}
    exec(next(c for c in code_cells("02_mnist_gan") if "class Generator" in c), names)
    generator = names["Generator"]()
    assert load_weights(generator, name)["steps"] > 20_000
    with torch.no_grad():
        fakes = generator(torch.randn(5000, 100, generator=torch.Generator().manual_seed(0)))
    _, chances = load_classifier(name.split("_")[0])(fakes)
    assert class_counts(chances.argmax(axis=1)).covered == 1


def test_weights_come_back_or_leave_the_network_alone(tmp_path, monkeypatch):
    def left_alone(match, network):
        before = network.weight.clone()
        with refused(match):
            load_weights(network, "player")
        assert torch.equal(network.weight, before)

    monkeypatch.setattr(files, "DATA", tmp_path)
    path, network, other = tmp_path / "player.safetensors", *(torch.nn.Linear(3, 2) for _ in "ab")
    save_weights(path, network, {"steps": 7})
    (tmp_path / "SHA256SUMS").write_text(f"{sha256(path)}  {path.name}\n")
    assert load_weights(other, "player") == {"steps": 7}
    assert torch.equal(other.weight, network.weight.half().float())
    left_alone("other layers", torch.nn.Linear(2, 3))
    left_alone("other layers", torch.nn.Linear(3, 2, bias=False))
    damage(path, "flipped")
    left_alone("missing or damaged", network)
