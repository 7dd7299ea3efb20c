"""Slow motion: it lights the very lines of the lessons' own training steps, and tells numbers."""

import numpy as np
import pytest

from helpers.player.page_data import page_data
from helpers.player.slow_motion import STAGES, stages_data
from notebooks.tools.lesson import SCRIPTS, code_cells
from tests.toys import Recorded

PYTORCH_LESSONS = [p.stem for p in sorted(SCRIPTS.glob("0[123]*.py"))]
# What stands in the lines of each stage; a loss may be summed up over several lines.
PYTORCH = {
    "batch": ("def train_step(", "# 1."),
    "fakes": ("fake = ",),
    "d_answers": ("discriminator.logits(",),
    "d_loss": ("loss_d = ",),
    "d_gradients": ("loss_d.backward()",),
    "d_update": ("optimizer_d.step()",),
    "fresh_fakes": ("fake = ",),
    "g_answers": ("discriminator.logits(fake)",),
    "g_loss": ("loss_g = ",),
    "g_gradients": ("loss_g.backward()",),
    "g_update": ("optimizer_g.step()",),
}
KERAS = PYTORCH | {
    "d_answers": ("self.logits(tf.concat(",),
    "d_loss": ("loss_d = bce(", "loss_d = loss_d + bce("),
    "d_gradients": ("self.optimizer_d.apply(tape.gradient(",),
    "d_update": ("self.optimizer_d.apply(tape.gradient(",),
    "g_answers": ("self.logits(fake",),
    "g_gradients": ("self.optimizer_g.apply(tape.gradient(",),
    "g_update": ("self.optimizer_g.apply(tape.gradient(",),
}
LONG_LINES = """def train_step(self, real):
    # 1. Choose some real examples.
    # 3. Train the discriminator (it learns from both.
    loss_d = self.loss(
        ones, real_logits)
    gradients = tape.gradient(
        loss_d,
        self.discriminator.trainable_variables)
    # 4. Generate some more fakes.
    return {}
"""


def lit(source):
    lines = source.splitlines()
    return {s["name"]: [lines[i].strip() for i in s["lit"]] for s in stages_data(source)}


@pytest.mark.parametrize("lesson", [*PYTORCH_LESSONS, "04_celeba_keras_gan"])
def test_the_lines_of_the_lessons_are_lit(lesson):
    cell = next(source for source in code_cells(lesson) if "def train_step" in source)
    found = lit(cell[cell.index("def train_step") :])
    for stage, expected in (PYTORCH if lesson in PYTORCH_LESSONS else KERAS).items():
        for part in expected:
            assert any(part in line for line in found[stage]), (stage, found[stage])
        assert len(found[stage]) <= (2 if lesson in PYTORCH_LESSONS else 3)  # a penalty


def test_a_line_that_goes_on_is_lit_to_its_end():
    found = lit(LONG_LINES)
    assert found["d_loss"] == ["loss_d = self.loss(", "ones, real_logits)"]
    assert len(found["d_gradients"]) == 3
    assert found["d_gradients"][0] == "gradients = tape.gradient("
    assert found["fakes"] == found["fresh_fakes"] == []  # nothing stands there
    assert not any(lit("").values())


@pytest.mark.parametrize("kind", ["points", "pictures"])
def test_each_stage_says_something_with_the_numbers_of_the_moment(kind):
    recording = Recorded(kind, planned=20).train(20).finish()
    moment, data = recording.moments[0], page_data(recording)["moments"][0]
    said = data["captions"]
    assert list(said) == [stage.name for stage in STAGES]
    assert all(text.startswith("Iteration 1: ") for text in said.values())
    names = ("answers", "answers_between", "answers_after")
    before, between, after = (f"{moment[name].mean():.4f}" for name in names)
    told = {"d_loss": f"{moment['losses'][0]:.3f}", "g_loss": f"{moment['losses'][1]:.3f}"}
    told |= {"d_update": f"{before} → {between}", "g_update": f"{between} → {after}"}
    assert all(text in said[stage] for stage, text in told.items())
    if kind == "points":
        moved = np.abs(moment["fakes_after"] - moment["fakes"]).max()
        assert f"here {int(0.4 / moved):,} times as far" in said["g_update"]
    else:
        rises = (moment["answers_between"] > moment["answers"]).sum()
        assert f"to rise for {rises} and" in said["d_gradients"]


def test_a_moment_without_numbers_is_told_as_such():
    run = Recorded(planned=10).train(10)
    run.recording.moments[0]["answers"][:] = np.nan
    run.history = [[np.nan] * 4] * 10
    said = page_data(run.finish())["moments"][0]["captions"]
    assert "not a number" in said["d_loss"] and "not a number →" in said["d_update"]
