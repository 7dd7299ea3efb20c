"""The code of the lessons, run as the reader runs it: the slides' layers, the same result twice."""

import ast

import pytest
from torch import nn

from notebooks.tools.lesson import cells_of, code_cells, run_cells


def layers(network):
    """Return the layers in words: widths of Linear, share of Dropout, else the name."""

    def word(layer):
        if isinstance(layer, nn.Linear):
            return f"{layer.in_features}-{layer.out_features}"
        return str(layer.p) if isinstance(layer, nn.Dropout) else type(layer).__name__

    return " ".join(map(word, network.model))


PICTURES = (
    "784-1024 ReLU 0.3 1024-512 ReLU 0.3 512-256 ReLU 0.3 256-1 Sigmoid",
    "100-256 ReLU 256-512 ReLU 512-1024 ReLU 1024-784 Tanh",
)
SLIDES = {
    "01_sine_gan": (
        "2-256 ReLU 0.3 256-128 ReLU 0.3 128-64 ReLU 0.3 64-1 Sigmoid",
        "2-16 ReLU 16-32 ReLU 32-2",
    ),
    "02_mnist_gan": PICTURES,
    "03_fashion_gan": PICTURES,
}
LESSONS = (*SLIDES, "04_celeba_keras_gan")


@pytest.mark.parametrize("lesson", SLIDES)
def test_layers_are_those_of_the_slides_and_two_runs_are_equal(lesson, smoke):
    histories = []
    for _ in range(2):
        names = run_cells(lesson, until="in run.batches(")
        histories.append((smoke / lesson / "history.csv").read_bytes())
    assert histories[0] == histories[1] and histories[0].count(b"\n") > 3
    players = names["run"].gan.discriminator, names["run"].gan.generator
    assert tuple(map(layers, players)) == SLIDES[lesson]


@pytest.mark.parametrize("lesson", SLIDES)
def test_parameters_of_papermill_are_followed(lesson, smoke):
    """It puts its cell below the one that is tagged; a cell may be run twice."""
    code = [cell for cell in cells_of(lesson) if cell.cell_type == "code"]
    (place,) = (i for i, c in enumerate(code) if "parameters" in c.metadata.get("tags", []))
    names = {}
    for source in (code[place].source, "preset, seed = 'lesson', 7", *2 * [code[place + 1].source]):
        exec(source, names)
    assert names["preset"].level == "lesson" and names["seed"] == 7


def training_step(lesson):
    cell = next(source for source in code_cells(lesson) if "def train_step" in source)
    return cell[cell.index("def train_step") :]


def test_training_step_is_the_same_in_the_lessons_with_pytorch():
    assert len(set(map(training_step, SLIDES))) == 1


@pytest.mark.parametrize("lesson", LESSONS)
def test_training_step_shows_the_five_steps_and_nothing_else(lesson):
    body = training_step(lesson).splitlines()
    comments = [line.strip()[:4] for line in body if "#" in line]
    assert comments == [f"# {n}." for n in range(1, 6)] and len(body) <= 25


def test_clothes_repeat_the_cells_of_the_digits():
    """Lesson 03 claims it, up to the curves of the training; three cells show its pictures."""
    digits = [
        cell.replace('"02_mnist_gan"', '"03_fashion_gan"')
        .replace('("digits"', '("clothes"')
        .replace('title="Digits"', 'title="From new weights"')
        for cell in code_cells("02_mnist_gan")
    ]
    clothes = code_cells("03_fashion_gan")
    end = next(i for i, cell in enumerate(clothes) if "plot_history(" in cell)
    new = [cell for cell in clothes[: end + 1] if cell not in digits]
    assert end > 10 and len(new) == 3, new


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_function_of_a_lesson_changes_names_outside_of_it(lesson):
    """Players are arguments: nothing in a lesson is exchanged behind a function's back."""
    for cell in code_cells(lesson):
        tree = ast.parse(cell)
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)], cell
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & {"globals", "exec", "eval"}, cell
