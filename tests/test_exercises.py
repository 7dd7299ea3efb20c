"""The exercises of lessons 01 and 02: no answer, the folded solution, and wrong answers."""

import re
from itertools import pairwise

import jupytext
import numpy as np
import pytest
import torch

from helpers.exercises import OPEN, RIGHT, WRONG, check_undecided_loss
from tests.tools.lesson import SCRIPTS, run_cells

LESSONS = ("01_sine_gan", "02_mnist_gan")
SLOW = ("milliseconds(gradients", "frechet_by_samples(", "plot_film(")  # no exercise needs these
SOLUTION = re.compile(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```", re.DOTALL)


def exercises(lesson):
    """Return of each exercise: the cell for the answer, the cell with the check, the solution."""
    cells = jupytext.read(SCRIPTS / f"{lesson}.py").cells
    found = []
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown" and (solution := SOLUTION.search(cell.source)):
            answer, check = [c.source for c in cells[:index] if c.cell_type == "code"][-2:]
            found.append((answer, check, solution[1]))
    return found


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


def verdict(names, code, check, capsys):
    """Run an answer and its check among the names of a lesson; return what the check prints."""
    capsys.readouterr()
    exec(code, names)
    exec(check, names)
    return capsys.readouterr().out


def test_each_lesson_has_its_exercises():
    for name in LESSONS:
        assert 3 <= len(exercises(name)) <= 5
        text = (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
        assert text.count("<details>") == text.count("</details>") == len(exercises(name))
        headings = [line for line in text.splitlines() if line.startswith("# ## ")]
        assert ("# ## Exercises", "# ## What you saw") in pairwise(headings)


def test_without_an_answer_nothing_is_run(lesson, capsys, monkeypatch):
    def never(*_):
        raise AssertionError("trained without an answer")

    monkeypatch.setitem(lesson, "train_step", never)
    for answer, check, _ in exercises(lesson["lesson"]):
        assert verdict(lesson, answer, check, capsys).strip() == OPEN


def test_solutions_are_right_and_the_trained_players_stay(lesson, capsys):
    players = [lesson[name] for name in ("generator", "discriminator", "optimizer_g")]
    before = [p.clone() for p in lesson["generator"].parameters()]
    for answer, check, solution in exercises(lesson["lesson"]):
        said = verdict(lesson, answer + "\n" + solution, check, capsys)
        assert said.startswith(RIGHT), said
        assert max(map(len, said.splitlines())) <= 100
    assert players == [lesson[name] for name in ("generator", "discriminator", "optimizer_g")]
    assert all(map(torch.equal, before, lesson["generator"].parameters()))


def changed(solution, *pairs):
    """Return a solution with mistakes in it."""
    for old, new in pairs:
        assert old in solution
        solution = solution.replace(old, new)
    return solution


def step_called_twice(_):
    return "def two_steps(real):\n    train_step(real)\n    return train_step(real)\n"


# Lesson -> number of the exercise -> (what is wrong, from the solution; what the verdict says)
WRONG_ANSWERS = {
    "01_sine_gan": {
        1: [
            (lambda _: "answer = 1.25", "You predicted 1.25. Measured: 1.3863"),
            (lambda _: "answer = 'ln 2'", "Measured: 1.3863"),
        ],
        2: [
            (lambda _, letter=letter: f"answer = '{letter}'", "different points 1,")
            for letter in "acd"
        ],
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
        1: [(lambda _, letter=letter: f"answer = '{letter}'", "noise x 0.1: ") for letter in "a"],
        2: [
            (lambda _: "answer = 5", "You predicted 5. Measured: 2."),
            (lambda _: "answer = math.log2(10) / 2", "Measured: 2."),
        ],
        3: [(lambda _, letter=letter: f"answer = '{letter}'", "Measured: ") for letter in "ad"],
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
}


def test_wrong_answers_are_told_from_right_ones(lesson, capsys):
    name = lesson["lesson"]
    parts = exercises(name)
    assert sorted(WRONG_ANSWERS[name]) == list(range(1, len(parts) + 1))
    for index, mistakes in WRONG_ANSWERS[name].items():
        answer, check, solution = parts[index - 1]
        for make, words in mistakes:
            said = verdict(lesson, answer + "\n" + make(solution), check, capsys)
            assert said.startswith(WRONG) and words in " ".join(said.split()), said


def test_a_number_may_come_in_any_form(capsys):
    for answer in (1.386, torch.tensor(1.386), np.float32(1.386), "1.386"):
        check_undecided_loss(answer, lambda: torch.tensor(1.3863))
        assert capsys.readouterr().out.startswith(RIGHT)
    for answer in (torch.ones(2), [1.386], "two", {}, float("nan")):
        check_undecided_loss(answer, lambda: 1.3863)
        assert capsys.readouterr().out.startswith(WRONG)
