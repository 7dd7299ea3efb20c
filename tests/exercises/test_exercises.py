"""Lessons 01 to 03 after all cells have run: their exercises, and the lecture path once more."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from helpers.exercises import RIGHT, WRONG, check_undecided_loss
from tests.exercises.answers import (
    answers,
    assert_open,
    assert_refused,
    assert_solved,
    changed,
    exercises,
)
from notebooks.tools.lesson import SCRIPTS, run_cells
from tests.lessons.slides import slides_of

LESSONS = ("01_sine_gan", "02_mnist_gan", "03_fashion_gan")
SLOW = ("milliseconds(gradients", "frechet_by_samples(", "plot_film(")  # no exercise needs these


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request, tmp_path_factory):
    """The names of a lesson that was run at the preset smoke, with its name under `lesson`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PRESET", "smoke")
        patch.setenv("GAN_DEVICE", "cpu")
        patch.setenv("GAN_RUNS", str(tmp_path_factory.mktemp("runs")))
        threads = torch.get_num_threads()
        names = run_cells(
            request.param,
            change=lambda source: "" if any(word in source for word in SLOW) else source,
        )
        names["lesson"] = request.param
        yield names
        torch.set_num_threads(threads)


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
    players = [lesson[name] for name in ("generator", "discriminator", "optimizer_g")]
    before = [p.clone() for p in lesson["generator"].parameters()]
    assert_solved(lesson, lesson["lesson"], capsys)
    assert players == [lesson[name] for name in ("generator", "discriminator", "optimizer_g")]
    assert all(map(torch.equal, before, lesson["generator"].parameters()))


def step_called_twice(_):
    return "def two_steps(real):\n    train_step(real)\n    return train_step(real)\n"


# Lesson -> number of the exercise -> (what is wrong, from the solution; what the verdict says)
WRONG_ANSWERS = {
    "01_sine_gan": {
        1: [
            (lambda _: "answer = 1.25", "You predicted 1.25. Measured: 1.3863"),
            (lambda _: "answer = 'ln 2'", "Measured: 1.3863"),
        ],
        2: answers("acd", "different points 1,"),
        3: [
            (lambda s: changed(s, ("-bce", "bce")), "The sign is wrong"),
            (lambda s: changed(s, ("-bce", "bce"), ("zeros", "ones")), "That is the loss of the"),
            (lambda s: changed(s, ("))\n", ")) * len(fake_logits)\n")), "That is the sum"),
            (lambda s: changed(s, ("))\n", ")) + 1\n")), "For 25 logits from -6 to 4"),
            (lambda s: changed(s, ("))\n", ")).item()\n")), "one number that depends"),
            (
                lambda _: (
                    "def saturating_loss(fake_logits):\n"
                    "    return torch.log(1 - torch.sigmoid(fake_logits)).mean()\n"
                ),
                "Right on paper, but for the logit 20 it gives -inf",
            ),
        ],
        4: [
            (lambda _: "swapped_step = train_step", "still learns 1 for real"),
            (lambda s: changed(s, ("(fake), zeros)", "(fake), ones)")), "runs away"),
        ],
        5: [
            (lambda _: "my_points = [(0, 1)]", "a tensor of the shape (n, 2)"),
            (lambda _: "my_points = real_points", "lie on the sine"),
            (lambda _: "my_points = torch.randn(10, 2)", "at least 200 points"),
            (lambda _: "my_points = 1000 * torch.rand(500, 2)", "between -20 and 20"),
            (lambda _: "my_points = torch.full((500, 2), torch.nan)", "between -20 and 20"),
            (lambda _: "my_points = 0.01 * torch.rand(500, 2)", "All points lie in one spot"),
        ],
    },
    "02_mnist_gan": {
        1: answers("a", "noise x 0.1: "),
        2: [
            (lambda _: "answer = 5", "You predicted 5. Measured: 2."),
            (lambda _: "answer = math.log2(10) / 2", "Measured: 2."),
        ],
        3: answers("ad", "Measured: "),
        4: [
            (lambda _: "two_steps = train_step", "order: discriminator, generator."),
            (step_called_twice, "order: discriminator, generator, discriminator, generator."),
            (lambda _: "def two_steps(real):\n    pass", "order: nobody."),
            (
                lambda s: changed(
                    s,
                    ("    for _ in range(2):\n        fake", "    fake"),
                    (".detach()\n", ".detach()\n    for _ in range(2):\n"),
                ),
                "there were 2 different batches of noise",
            ),
            (
                lambda s: changed(s, ("torch.full(shape, label", "torch.full(shape, 0.0")),
                "The discriminator unlearns what is real",
            ),
            (
                lambda s: changed(s, ("fake_logits, torch.zeros", "fake_logits, torch.ones")),
                "The discriminator takes fakes for real",
            ),
            (
                lambda s: changed(s, ("(fake), torch.ones", "(fake), torch.zeros")),
                "The generator helps the discriminator",
            ),
        ],
        5: [
            (lambda _: "UnitGenerator = Generator", "not in [0, 1]"),
            (lambda s: changed(s, ("nn.Sigmoid", "nn.ReLU")), "not in [0, 1]"),
            (lambda s: changed(s, ("nn.Sigmoid()", "nn.Hardtanh(0, 1)")), "their gradient is 0"),
            (lambda s: changed(s, ("nn.Sigmoid()", "nn.Softmax(1)")), "cannot make every pixel"),
            (
                lambda s: (
                    changed(s, ("nn.Sigmoid()", "nn.Linear(784, 784)"))
                    + "        self.model.append(nn.Sigmoid())\n"
                ),
                "weights, not",
            ),
            (lambda _: "class UnitGenerator(nn.Flatten): pass", "The shape is"),
        ],
    },
    "03_fashion_gan": {
        1: answers("acd", "Measured: digits 0."),
        2: answers("abd", "nine classes: precision"),
        3: [
            (lambda _: "rewired = digit_judge", "This is the discriminator itself"),
            (lambda _: "rewired = Discriminator()", "It has other weights"),
            (lambda _: "rewired = Generator()", "It has other weights"),
            (lambda s: changed(s, (":, order", ":, order.argsort()")), "in the wrong places"),
            (lambda s: s.split("with")[0], "in the wrong places"),
        ],
        4: [
            (lambda s: changed(s, (", 3, 28, 28", ", 28, 28, 3")), "The generator makes (16, 28"),
            (lambda _: "ColourGenerator, ColourDiscriminator = Generator, Discriminator", "(16, 1"),
            (
                lambda s: changed(
                    s, ("[-2] = nn.Linear(1024, 3 * 784)", "[-1] = nn.Linear(784, 2352)")
                ),
                "pixels are not in [-1, 1]",
            ),
            (
                lambda s: changed(
                    s,
                    ("        self.model[-2] = nn.Linear(1024, 3 * 784)\n", ""),
                    ("view(x.size(0), 3", "view(x.size(0), 1"),
                    ("1, 28, 28)", "1, 28, 28).repeat(1, 3, 1, 1)"),
                ),
                "its channels are all the same",
            ),
            (
                lambda s: changed(
                    s,
                    ("= nn.Linear(3", "= nn.Linear(1"),
                    ("x.view(", "x[:, 0].view("),
                    ("0), 3 * 784", "0), 784"),
                ),
                "does not look at all three colours",
            ),
            (
                lambda s: changed(
                    s,
                    ("= nn.Linear(3", "= nn.Linear(1"),
                    ("x.view(", "x.mean(1).view("),
                    ("0), 3 * 784", "0), 784"),
                ),
                "cannot tell the colours",
            ),
            (
                lambda s: changed(
                    s,
                    (
                        "nn.Linear(3 * 784, 1024)",
                        "nn.Sequential(nn.Linear(3 * 784, 784), nn.Linear(784, 1024))",
                    ),
                ),
                "only the layers that touch the picture",
            ),
            (
                lambda s: changed(
                    s,
                    (
                        "self.model[0] = nn.Linear(3 * 784, 1024)",
                        "self.model[0] = nn.Linear(784, 1024)",
                    ),
                    ("view(x.size(0), 3 * 784", "view(-1, 784"),
                ),
                "one logit a picture",
            ),
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
