"""Slow motion: it lights the very lines of the lessons' own training steps, and tells numbers."""

import numpy as np
import pytest

from helpers.player.page_data import page_data
from helpers.player.slow_motion import PARTS, STAGES, STEPS, stages_data
from notebooks.tools.lesson import SCRIPTS, code_cells
from tests.toys import Run

PYTORCH_LESSONS = [p.stem for p in sorted(SCRIPTS.glob("0[123]*.py"))]
# Of each stage, how its line begins; a loss may be summed up over several lines.
EXPECTED = (
    ("def train_step(real):", "# 1."),
    ("fake = generator(make_noise(len(real))).detach()",),
    ("real_logits, fake_logits = discriminator.logits(torch.cat([real, fake]))",),
    ("loss_d = ",),
    ("loss_d.backward()",),
    ("optimizer_d.step()",),
    ("fake = generator(make_noise(len(real)))",),
    ("loss_g = bce(discriminator.logits(fake)",),
    ("loss_g = bce(discriminator.logits(fake)",),
    ("loss_g.backward()",),
    ("optimizer_g.step()",),
)
EXPECTED_04 = (
    ("def train_step(self, real):", "# 1."),
    ("fake = self.generator(self.make_noise(count), training=True)",),
    ("both = self.logits(tf.concat([real, fake], axis=0), training=True)",),
    ("loss_d = bce(", "loss_d = loss_d + bce("),
    ("self.optimizer_d.apply(tape.gradient(",),
    ("self.optimizer_d.apply(tape.gradient(",),
    ("fake = self.generator(self.make_noise(count), training=True)",),
    ("loss_g = bce(tf.ones_like(fake_logits), self.logits(fake",),
    ("loss_g = bce(tf.ones_like(fake_logits), self.logits(fake",),
    ("self.optimizer_g.apply(tape.gradient(",),
    ("self.optimizer_g.apply(tape.gradient(",),
)
KERAS = """def train_step(self, real):
    # 1. Choose some real examples.
    # 2. Generate some fakes.
    fake = self.generator(noise)
    # 3. Train the discriminator.
    with tf.GradientTape() as tape:
        real_logits = self.discriminator(real, training=True)
        loss_d = self.loss(
            ones, real_logits)
    gradients = tape.gradient(
        loss_d,
        self.discriminator.trainable_variables)
    self.optimizer_d.apply_gradients(zip(gradients, self.discriminator.trainable_variables))
    # 4. Generate some more fakes.
    # 5. Train the generator.
    return {}
"""


def lit(source):
    lines = source.splitlines()
    return [[lines[i].strip() for i in stage["lit"]] for stage in stages_data(source)]


@pytest.mark.parametrize("lesson", [*PYTORCH_LESSONS, "04_celeba_keras_gan"])
def test_the_lines_of_the_lessons_are_lit(lesson):
    cell = next(source for source in code_cells(lesson) if "def train_step" in source)
    found = lit(cell[cell.index("def train_step") :])
    wanted = EXPECTED if lesson in PYTORCH_LESSONS else EXPECTED_04
    for lines, expected in zip(found, wanted, strict=True):
        for beginning in expected:
            assert any(line.startswith(beginning) for line in lines), (lines, beginning)
        assert len(lines) <= 2


def test_a_line_that_goes_on_is_lit_to_its_end():
    found = lit(KERAS)
    assert found[3] == ["loss_d = self.loss(", "ones, real_logits)"]
    assert len(found[4]) == 3 and found[4][0] == "gradients = tape.gradient("
    assert found[5][0].startswith("self.optimizer_d.apply_gradients(")
    assert found[6] == []  # nothing stands there


def test_without_a_source_no_line_is_lit_and_there_are_five_steps():
    assert all(stage["lit"] == [] for stage in stages_data(""))
    assert [stage.step for stage in STAGES] == [1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 5]
    assert len(STEPS) == 5
    assert {part for stage in STAGES for part in stage.parts.split()} == set(PARTS)


@pytest.mark.parametrize("kind", ["points", "pictures"])
def test_each_stage_says_something_with_the_numbers_of_the_moment(kind):
    recording = Run(kind, planned=20).train(20).finish()
    moment, data = recording.moments[0], page_data(recording)["moments"][0]
    said = data["captions"]
    assert len(said) == len(STAGES) and all(text.startswith("Iteration 1: ") for text in said)
    assert f"{moment['losses'][0]:.3f}" in said[3]
    assert f"{moment['losses'][1]:.3f}" in said[8]
    assert f"{moment['answers'].mean():.4f} → {moment['answers_between'].mean():.4f}" in said[5]
    assert f"→ {moment['answers_after'].mean():.4f}" in said[10]
    if kind == "points":
        moved = np.abs(moment["fakes_after"] - moment["fakes"]).max()
        assert f"here {int(0.4 / moved):,} times as far" in said[10]
    else:
        rises = (moment["answers_between"] > moment["answers"]).sum()
        assert f"to rise for {rises} and" in said[4]


def test_a_moment_without_numbers_is_told_as_such():
    run = Run("points", planned=10).train(10)
    for moment in run.recording.moments:
        moment["answers"] = np.full_like(moment["answers"], np.nan)
    run.history = [[np.nan] * 4 for _ in run.history]
    said = page_data(run.finish())["moments"][0]["captions"]
    assert "not a number" in said[3] and "not a number →" in said[5]
