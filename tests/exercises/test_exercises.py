"""Lessons 01 to 03, each cell run twice: their exercises, and the lecture path once more."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from helpers.exercises.lesson_01 import check_undecided_loss
from helpers.exercises.verdicts import RIGHT, WRONG
from notebooks.tools.lesson import SCRIPTS, run_cells
from tests.exercises.answers import assert_open, assert_refused, assert_solved, exercises, letters
from tests.lessons.slides import slides_of

LESSONS = ("01_sine_gan", "02_mnist_gan", "03_fashion_gan")


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request, tmp_path_factory):
    """The names of a lesson whose cells ran twice each at `smoke`; its own name is `lesson`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PRESET", "smoke")
        patch.setenv("GAN_DEVICE", "cpu")
        patch.setenv("GAN_RUNS", str(tmp_path_factory.mktemp("runs")))
        threads = torch.get_num_threads()
        yield run_cells(request.param, times=2) | {"lesson": request.param}
        torch.set_num_threads(threads)


def test_each_cell_may_run_twice(lesson):
    run = lesson["run"]
    assert 0 < run.step == run.total == len(run.history["step"])
    assert run.gan is lesson["gan"]  # not one whose training began again


def test_each_lesson_has_its_exercises():
    for name in (*LESSONS, "04_celeba_keras_gan"):
        assert 3 <= len(exercises(name)) <= 5
        text = (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
        assert text.count("<details>") == text.count("</details>") == len(exercises(name))
        headings = [line for line in text.splitlines() if line.startswith("# ## ")]
        assert ("# ## Exercises", "# ## What you saw") in pairwise(headings)


def test_without_an_answer_nothing_is_run(lesson, capsys, monkeypatch):
    def never(*_):
        raise AssertionError("trained without an answer")

    monkeypatch.setitem(lesson, "train_step", never)
    assert_open(lesson, lesson["lesson"], capsys)


def test_solutions_are_right_and_the_trained_players_stay(lesson, capsys):
    gan, before = lesson["gan"], [p.clone() for p in lesson["gan"].generator.parameters()]
    assert_solved(lesson, lesson["lesson"], capsys)
    assert lesson["gan"] is gan and all(map(torch.equal, before, gan.generator.parameters()))


COLOUR = "self.model[0] = nn.Linear(3 * 784, 1024)"
GREY = "self.model[0] = nn.Linear(784, 1024)"
# Lesson -> number of the exercise -> wrong answers, and words that the verdict has
WRONG_ANSWERS = {
    "01_sine_gan": {
        1: [("answer = 1.25", "Measured: 1.3863"), ("answer = 'ln 2'", "Measured: 1.3863")],
        2: letters("acd", "different points 1,"),
        3: [
            ({"-bce": "bce"}, "sign is wrong"),
            ({"-bce": "bce", "zeros": "ones"}, "loss of the lesson"),
            ({"))\n": ")) * len(fake_logits)\n"}, "the sum"),
            ({"))\n": ")) + 1\n"}, "logits from -6 to 4"),
            ({"))\n": ")).item()\n"}, "one number that depends"),
            (
                "def saturating_loss(fake_logits):\n"
                "    return torch.log(1 - torch.sigmoid(fake_logits)).mean()\n",
                "Right on paper, but for the logit 20 it gives -inf",
            ),
        ],
        4: [
            ("swapped_step = train_step", "still learns 1 for real"),
            ({"logits(fake), 0 * ones)": "logits(fake), ones)"}, "runs away"),
        ],
        5: [
            ("my_points = [(0, 1)]", "shape (n, 2)"),
            ("my_points = real_points", "lie on the sine"),
            ("my_points = torch.randn(10, 2)", "at least 200 points"),
            ("my_points = 1000 * torch.rand(500, 2)", "between -20 and 20"),
            ("my_points = torch.full((500, 2), torch.nan)", "between -20 and 20"),
            ("my_points = 0.01 * torch.rand(500, 2)", "in one spot"),
        ],
    },
    "02_mnist_gan": {
        1: letters("a", "noise x 0.1: "),
        2: [("answer = 5", "Measured: 2."), ("answer = math.log2(10) / 2", "Measured: 2.")],
        3: letters("ad", "Measured: "),
        4: [
            ("two_steps = train_step", "order: discriminator, generator."),
            (
                "def two_steps(gan, real):\n"
                "    train_step(gan, real)\n"
                "    return train_step(gan, real)\n",
                "order: discriminator, generator, discriminator, generator.",
            ),
            ("def two_steps(gan, real):\n    pass", "order: nobody."),
            (
                {
                    "    for _ in range(2):\n        fake": "    fake",
                    ".detach()\n": ".detach()\n    for _ in range(2):\n",
                },
                "2 different batches of noise",
            ),
            ({"(real_logits, real_label * ones": "(real_logits, 0 * ones"}, "unlearns"),
            ({"(fake_logits, 0 * ones": "(fake_logits, ones"}, "takes fakes for real"),
            ({"logits(fake), ones": "logits(fake), 0 * ones"}, "helps the discriminator"),
        ],
        5: [
            ("UnitGenerator = Generator", "not in [0, 1]"),
            ({"nn.Sigmoid": "nn.ReLU"}, "not in [0, 1]"),
            ({"nn.Sigmoid()": "nn.Hardtanh(0, 1)"}, "their gradient is 0"),
            ({"nn.Sigmoid()": "nn.Softmax(1)"}, "cannot make every pixel"),
            ({"nn.Sigmoid()": "nn.Sequential(nn.Linear(784, 784), nn.Sigmoid())"}, "weights, not"),
            ("class UnitGenerator(nn.Flatten): pass", "The shape is"),
        ],
    },
    "03_fashion_gan": {
        1: letters("acd", "Measured: digits 0."),
        2: letters("abd", "nine classes: precision"),
        3: [
            ("rewired = digit_judge", "the discriminator itself"),
            ("rewired = Discriminator()", "other weights"),
            ("rewired = Generator()", "other weights"),
            ({":, order": ":, order.argsort()"}, "wrong places"),
            ({"digit_judge.model[0].weight[:, order]": "digit_judge.model[0].weight"}, "wrong"),
        ],
        4: [
            ({", 3, 28, 28": ", 28, 28, 3"}, "The generator makes (16, 28"),
            ("ColourGenerator, ColourDiscriminator = Generator, Discriminator", "(16, 1"),
            (
                {"[-2] = nn.Linear(1024, 3 * 784)": "[-1] = nn.Linear(784, 2352)"},
                "not in [-1, 1]",
            ),
            (
                {
                    "        self.model[-2] = nn.Linear(1024, 3 * 784)\n": "",
                    "3, 28, 28)": "1, 28, 28).repeat(1, 3, 1, 1)",
                },
                "channels are all the same",
            ),
            (
                {COLOUR: GREY, "x.view(x.size(0), 3 * 784": "x[:, 0].view(x.size(0), 784"},
                "all three",
            ),
            (
                {COLOUR: GREY, "x.view(x.size(0), 3 * 784": "x.mean(1).view(x.size(0), 784"},
                "cannot tell the colours",
            ),
            (
                {
                    "nn.Linear(3 * 784, 1024)": "nn.Sequential("
                    "nn.Linear(3 * 784, 784), nn.Linear(784, 1024))"
                },
                "only the layers that touch the picture",
            ),
            ({COLOUR: GREY, "view(x.size(0), 3 * 784": "view(-1, 784"}, "one logit a picture"),
        ],
    },
}


def test_wrong_answers_are_told_from_right_ones(lesson, capsys):
    assert_refused(lesson, lesson["lesson"], WRONG_ANSWERS[lesson["lesson"]], capsys)


def test_the_lecture_path_runs_again(lesson, monkeypatch):
    """A lecturer runs everything before the class and the cells of the path again in it."""
    monkeypatch.chdir(SCRIPTS.parent)
    for slide in slides_of(lesson["lesson"]):
        for cell in slide:
            if cell.cell_type == "code":
                exec(compile(cell.source, "<path>", "exec"), lesson)
    assert lesson["run"].step > 0


def test_a_number_may_come_in_any_form(capsys):
    for answer in (1.386, torch.tensor(1.386), np.float32(1.386), "1.386"):
        check_undecided_loss(answer, lambda: torch.tensor(1.3863))
        assert capsys.readouterr().out.startswith(RIGHT)
    for answer in (torch.ones(2), [1.386], "two", {}, float("nan")):
        check_undecided_loss(answer, lambda: 1.3863)
        assert capsys.readouterr().out.startswith(WRONG)
