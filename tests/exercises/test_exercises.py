"""Lessons 01 to 03, each cell run twice: their exercises, and the lecture path once more."""

import numpy as np
import pytest
import torch

from helpers.exercises.lesson_01 import check_undecided_loss
from helpers.exercises.verdicts import RIGHT, WRONG
from notebooks.tools.lesson import SCRIPTS, cells_of, run_cells
from notebooks.tools.site.lecture_path import OFF_PATH, slide_type
from tests.exercises.answers import assert_open, assert_refused, assert_solved, letters

LESSONS = ("01_sine_gan", "02_mnist_gan", "03_fashion_gan")


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request, smoke):
    """The names of a lesson whose cells ran twice each at `smoke`; its own name is `lesson`."""
    threads = torch.get_num_threads()
    yield run_cells(request.param, times=2) | {"lesson": request.param}
    torch.set_num_threads(threads)


def test_each_cell_may_run_twice(lesson):
    run = lesson["run"]
    assert 0 < run.step == run.total == len(run.history["step"])
    assert run.gan is lesson["gan"]  # not one whose training began again


def test_without_an_answer_nothing_is_run(lesson, capsys):
    assert_open(lesson, lesson["lesson"], capsys)
    check_undecided_loss(None, pytest.fail)


def test_solutions_are_right_and_the_trained_players_stay(lesson, capsys):
    gan, before = lesson["gan"], [p.clone() for p in lesson["gan"].generator.parameters()]
    assert_solved(lesson, lesson["lesson"], capsys)
    assert lesson["gan"] is gan and all(map(torch.equal, before, gan.generator.parameters()))


GREY = ("nn.Linear(3 * 784, 1024)", "nn.Linear(784, 1024)")
LOOK = "x.view(x.size(0), 3 * 784"
TWICE_ALL = "two_steps = lambda gan, real: [train_step(gan, real) for _ in range(2)][1]"
ONE_BATCH = {
    "    for _ in range(2):\n        fake": "    fake",
    ".detach()\n": ".detach()\n    for _ in range(2):\n",
}
ON_PAPER = "def saturating_loss(logits):\n    return torch.log(1 - torch.sigmoid(logits)).mean()\n"
DEEPER = "nn.Sequential(nn.Linear(3 * 784, 784), nn.Linear(784, 1024))"
ONE_CHANNEL = {
    "        self.model[-2] = nn.Linear(1024, 3 * 784)\n": "",
    "3, 28, 28)": "1, 28, 28).repeat(1, 3, 1, 1)",
}
SIGMOID = "nn.Sigmoid()"
# Lesson -> number of the exercise -> wrong answers, and a word that the verdict has
WRONG_ANSWERS = {
    "01_sine_gan": {
        1: [("answer = 1.25", "1.3863"), ("answer = 'ln 2'", "1.3863")],
        2: letters("acd", "different points 1,"),
        3: [
            ({"-bce": "bce"}, "sign"),
            ({"-bce": "bce", "zeros": "ones"}, "loss of the lesson"),
            ({"))\n": ")) * len(fake_logits)\n"}, "sum"),
            ({"))\n": ")) + 1\n"}, "from -6 to 4"),
            ({"))\n": ")).item()\n"}, "one number"),
            (ON_PAPER, "-inf"),
        ],
        4: [
            ("swapped_step = train_step", "1 for real"),
            ({"logits(fake), 0 * ones)": "logits(fake), ones)"}, "runs away"),
        ],
        5: [
            ("my_points = [(0, 1)]", "shape"),
            ("my_points = real_points", "sine"),
            ("my_points = torch.randn(10, 2)", "at least 200"),
            ("my_points = 1000 * torch.rand(500, 2)", "between"),
            ("my_points = torch.full((500, 2), torch.nan)", "between"),
            ("my_points = 0.01 * torch.rand(500, 2)", "spot"),
        ],
    },
    "02_mnist_gan": {
        1: letters("a", "noise x 0.001"),
        2: [("answer = 5", "Measured: 2."), ("answer = math.log2(10) / 2", "Measured: 2.")],
        3: letters("ad", "Measured"),
        4: [
            ("two_steps = train_step", "were: discriminator, generator;"),
            (TWICE_ALL, "were: discriminator, generator, discriminator, generator;"),
            ("def two_steps(gan, real):\n    pass", "nobody"),
            (ONE_BATCH, "2 different batches"),
            ({"(real_logits, real_label * ones": "(real_logits, 0 * ones"}, "discriminator learns"),
            ({"(fake_logits, 0 * ones": "(fake_logits, ones"}, "discriminator learns"),
            ({"logits(fake), ones": "logits(fake), 0 * ones"}, "helps the discriminator"),
        ],
        5: [
            ("UnitGenerator = Generator", "not in [0, 1]"),
            ({SIGMOID: "nn.Hardtanh(0, 1)"}, "gradient"),
            ({SIGMOID: "nn.Softmax(1)"}, "every pixel"),
            ({SIGMOID: "nn.Sequential(nn.Linear(784, 784), nn.Sigmoid())"}, "weights"),
            ("class UnitGenerator(nn.Flatten): pass", "shape"),
        ],
    },
    "03_fashion_gan": {
        1: letters("acd", "digits 0."),
        2: letters("abd", "nine classes"),
        3: [
            ("rewired = digit_judge", "itself"),
            ("rewired = Discriminator()", "other weights"),
            ({":, order": ":, order.argsort()"}, "places"),
            ({"digit_judge.model[0].weight[:, order]": "digit_judge.model[0].weight"}, "places"),
        ],
        4: [
            ({", 3, 28, 28": ", 28, 28, 3"}, "(16, 28"),
            ("ColourGenerator, ColourDiscriminator = Generator, Discriminator", "(16, 1"),
            ({"[-2] = nn.Linear(1024, 3 * 784)": "[-1] = nn.Linear(784, 2352)"}, "[-1, 1]"),
            (ONE_CHANNEL, "grey"),
            (dict([GREY, (LOOK, "x[:, 0].view(x.size(0), 784")]), "all three"),
            (dict([GREY, (LOOK, "x.mean(1).view(x.size(0), 784")]), "tell the colours"),
            ({GREY[0]: DEEPER}, "weights"),
            (dict([GREY, (LOOK, "x.view(-1, 784")]), "one logit"),
        ],
    },
}


def test_wrong_answers_are_told_from_right_ones(lesson, capsys):
    assert_refused(lesson, lesson["lesson"], WRONG_ANSWERS[lesson["lesson"]], capsys)


def test_the_lecture_path_runs_again(lesson, monkeypatch):
    """A lecturer runs everything before the class and the cells of the path again in it."""
    monkeypatch.chdir(SCRIPTS.parent)
    for cell in cells_of(lesson["lesson"]):
        if cell.cell_type == "code" and slide_type(cell) not in OFF_PATH:
            exec(compile(cell.source, "<path>", "exec"), lesson)
    assert lesson["run"].step > 0


def test_a_number_may_come_in_any_form(capsys):
    for answer in (1.386, torch.tensor(1.386), np.float32(1.386), "1.386"):
        check_undecided_loss(answer, lambda: torch.tensor(1.3863))
        assert capsys.readouterr().out.startswith(RIGHT)
    for answer in (torch.ones(2), [1.386], "two", {}, float("nan")):
        check_undecided_loss(answer, lambda: 1.3863)
        assert capsys.readouterr().out.startswith(WRONG)
