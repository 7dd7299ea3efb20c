"""The code of the lessons, run as the reader runs it: the slides' layers, the same result twice."""

import ast
from itertools import pairwise

import pytest
from torch import nn

from notebooks.tools.lesson import code_cells, run_cells

TRAINED = "in run.batches("


@pytest.fixture
def smoke(monkeypatch, tmp_path):
    """Let lessons run for a few steps, with their files in a temporary folder."""
    monkeypatch.setenv("GAN_PRESET", "smoke")
    monkeypatch.setenv("GAN_DEVICE", "cpu")
    monkeypatch.setenv("GAN_RUNS", str(tmp_path))
    return tmp_path


def layers(network):
    """Return the layers in words: widths of Linear, share of Dropout, else the name."""

    def word(layer):
        if isinstance(layer, nn.Linear):
            return layer.in_features, layer.out_features
        return layer.p if isinstance(layer, nn.Dropout) else type(layer).__name__

    return [word(layer) for layer in network.model]


def discriminator_of_the_slides(*widths):
    hidden = [w for n, m in pairwise(widths[:-1]) for w in ((n, m), "ReLU", 0.3)]
    return [*hidden, widths[-2:], "Sigmoid"]


def generator_of_the_slides(*widths, last):
    hidden = [w for n, m in pairwise(widths[:-1]) for w in ((n, m), "ReLU")]
    return [*hidden, widths[-2:], *last]


PICTURES = (
    discriminator_of_the_slides(784, 1024, 512, 256, 1),
    generator_of_the_slides(100, 256, 512, 1024, 784, last=["Tanh"]),
)
SLIDES = {
    "01_sine_gan": (
        discriminator_of_the_slides(2, 256, 128, 64, 1),
        generator_of_the_slides(2, 16, 32, 2, last=[]),
    ),
    "02_mnist_gan": PICTURES,
    "03_fashion_gan": PICTURES,
}
LESSONS = (*SLIDES, "04_celeba_keras_gan")


@pytest.mark.parametrize("lesson", SLIDES)
def test_layers_are_those_of_the_slides_and_two_runs_are_equal(lesson, smoke):
    histories = []
    for _ in range(2):
        names = run_cells(lesson, until=TRAINED)
        histories.append((smoke / lesson / "history.csv").read_bytes())
    assert histories[0] == histories[1] and histories[0].count(b"\n") > 3
    players = names["run"].gan.discriminator, names["run"].gan.generator
    assert tuple(map(layers, players)) == SLIDES[lesson]


def training_step(lesson):
    cell = next(source for source in code_cells(lesson) if "def train_step" in source)
    return cell[cell.index("def train_step") :]


def test_training_step_is_the_same_in_the_lessons_with_pytorch():
    assert len({training_step(lesson) for lesson in SLIDES}) == 1


@pytest.mark.parametrize("lesson", LESSONS)
def test_training_step_shows_the_five_steps_and_nothing_else(lesson):
    body = training_step(lesson).splitlines()
    comments = [line.strip() for line in body if "#" in line]
    assert [comment[:4] for comment in comments] == [f"# {n}." for n in range(1, 6)]
    assert len(body) <= 25


def test_clothes_repeat_the_cells_of_the_digits():
    """Lesson 03 claims it: all but the names of lesson and data, up to the end of the training."""
    digits, clothes = code_cells("02_mnist_gan"), code_cells("03_fashion_gan")
    for part in (
        "pick_device()",
        "load_pictures(",
        "images = (data.images",
        "class Discriminator",
        "class Generator",
        "class GAN",
        "def new_gan",
        "def generate",
        "untrained = new_gan",
        "def train_step",
        "run.resume()",
        "in run.batches(images)",
        "plot_history(run.history, real_label=preset.real_label)",
    ):
        expected = next(cell for cell in digits if part in cell)
        expected = expected.replace('"02_mnist_gan"', '"03_fashion_gan"')
        assert expected.replace('("digits"', '("clothes"') in clothes, f"the cell with {part}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_function_of_a_lesson_changes_names_outside_of_it(lesson):
    """Players are arguments: nothing in a lesson is exchanged behind a function's back."""
    for cell in code_cells(lesson):
        tree = ast.parse(cell)
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)], cell
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)
                  and isinstance(node.func, ast.Name)}  # fmt: skip
        assert not called & {"globals", "exec", "eval"}, cell
