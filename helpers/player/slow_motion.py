"""Slow motion: the stages of one training step, the lines of code they light, and what they say."""

import re
from typing import NamedTuple

import numpy as np

from helpers.base.history import COLUMNS, balance
from helpers.recording import Recording

STEPS = (  # the five steps of the lessons
    "A batch of real examples is taken.",
    "The generator makes as many fakes from noise.",
    "The discriminator learns from both: real should get 1, fake 0.",
    "The generator makes fresh fakes.",
    "The generator learns: its fakes should get 1 from the discriminator.",
)
PARTS = ("noise", "G", "fakes", "real", "D", "answers", "loss")  # of the drawing, in its order
# How the line of code looks in which something is done.
LINES = {
    "answers": r"\.logits\(|discriminator\(",
    "loss": r"loss\w*\s*\+?=[^=]",
    "gradients": r"\.backward\(|\.gradient\(|autograd\.grad",
    "update": r"\.step\(|\.apply\(|apply_gradients",
}


class Stage(NamedTuple):
    """One of the eleven stages of a training step."""

    step: int
    doing: str
    parts: str  # of the drawing: those at work
    shows: str  # what stands on the plane of points; beside pictures, D's answers with "map"
    learner: str = ""  # whose turn it is in the steps 3 and 5

    @property
    def name(self) -> str:
        """What captions and the scripts of the page call it: "batch", "d_loss", "g_loss"."""
        return f"{self.learner.lower()}_{self.doing}" if self.learner else self.doing


STAGES = (
    Stage(1, "batch", "real", "batch"),
    Stage(2, "fakes", "noise G fakes", "batch fakes"),
    Stage(3, "answers", "real fakes D answers", "batch fakes map", "D"),
    Stage(3, "loss", "answers loss", "batch fakes map", "D"),
    Stage(3, "gradients", "D answers loss", "real fakes map", "D"),
    Stage(3, "update", "D", "real fakes map", "D"),
    Stage(4, "fresh_fakes", "noise G fakes", "fakes"),
    Stage(5, "answers", "fakes D answers", "fakes map", "G"),
    Stage(5, "loss", "answers loss", "fakes map", "G"),
    Stage(5, "gradients", "G fakes D answers loss", "fakes map arrows", "G"),
    Stage(5, "update", "G", "fakes map", "G"),
)


# What is said at each stage, with the numbers of the moment: "answers" are D's mean ones.
MEAN = "D's mean answer on the fakes shown"
SAID = {
    "fakes": "Each fake is what G makes of one noise vector.",
    "d_answers": "In this iteration D's mean answer was {answer_real} on real, "
    "{answer_fake} on fake.",
    "d_loss": "Loss of D: {loss_d} ({even_d:.3f} if it only guessed).",
    "d_update": f"D has changed. {MEAN}: {{answers}} → {{answers_between}}.",
    "fresh_fakes": "Training takes new noise; here the same fakes are shown, to compare.",
    "g_answers": "The new D's mean answer on the fakes shown: {answers_between}.",
    "g_loss": "Loss of G: {loss_g} ({even_g:.3f} if D cannot tell).",
    "g_update": f"{MEAN}: {{answers_between}} → {{answers_after}}.",
}
OF_POINTS = SAID | {
    "batch": "Large dots: 32 of the real points, as many as a batch.",
    "d_gradients": "The change of D's answers, {gain:,.0f} times enlarged: + rises, − falls.",
    "g_gradients": "Arrows: minus the gradient of G's loss at 64 fakes.",
    "g_update": "The fakes move, here {moveGain:,.0f} times as far. " + SAID["g_update"],
}
OF_PICTURES = SAID | {
    "batch": "Some of the real pictures.",
    "d_gradients": "D's answer is about to rise for {rises} and to fall for {falls} "
    "of these fakes.",
    "g_gradients": "Every pixel gets a gradient: lighter or darker, so that D's answer rises.",
    "g_update": "The change of every pixel, {gain:,.0f} times enlarged: lighter, darker, "
    "gray for none. " + SAID["g_update"],
}


def stages_data(source: str) -> list[dict]:
    """Return the stages as the page wants them, with the numbers of their lines in `source`.

    `who` changes weights, `changed` are those who have by then, `back` says that gradients flow.
    """
    lines, data = source.splitlines(), []
    steps = _steps(lines)
    for number, stage in enumerate(STAGES, start=1):
        who = stage.learner if stage.doing == "update" else ""
        changed = [past.learner for past in STAGES[:number] if past.doing == "update"]
        section = [i for i, step in enumerate(steps) if step == stage.step]
        entry = {"name": stage.name, "step": stage.step, "who": who, "changed": changed}
        entry |= {"label": stage.doing if stage.learner else "", "section": section}
        entry |= {"parts": stage.parts.split(), "shows": stage.shows.split()}
        entry |= {"back": stage.doing == "gradients", "lit": _lines_to_light(lines, section, stage)}
        data.append(entry)
    return data


def _steps(lines: list[str]) -> list[int]:
    """Return the step of each line: from a comment like "# 3." to the next or a return; else 0."""
    steps, now = [], 0
    for line in lines:
        if found := re.search(r"#\s*([1-5])\.|^\s*return\b", line):
            now = int(found[1] or 0)
        steps.append(now if line.strip() else 0)
    return steps


def _lines_to_light(lines: list[str], section: list[int], stage: Stage) -> list[int]:
    """Return which of the lines of a step are at work in a stage: all, if its own is not found."""
    if stage.doing == "batch" and section:  # it comes in as the argument, and a comment tells of it
        heads = [i for i, line in enumerate(lines) if line.lstrip().startswith("def ")]
        return [*heads[:1], section[0]]
    code = [i for i in section if not lines[i].lstrip().startswith("#")]
    found = [i for i in code if re.search(LINES.get(stage.doing, ""), lines[i])] or code
    return [j for i in found for j in _statement(lines, i)]


def _statement(lines: list[str], index: int) -> range:
    """Return the line and those that belong to it because a bracket is still open."""
    for end in range(index + 1, len(lines)):
        text = "".join(lines[index:end])
        if sum(map(text.count, "([{")) <= sum(map(text.count, ")]}")):
            return range(index, end)
    return range(index, len(lines))


def written(value: float, digits: int = 2) -> str:
    """Return a number as text, also one that is none."""
    return f"{value:.{digits}f}" if np.isfinite(value) else "not a number"


def captions(recording: Recording, moment: dict) -> dict[str, str]:
    """Return what is said at each stage of a moment, of which the gains are known too."""
    means = ("answers", "answers_between", "answers_after")
    numbers = moment | {name: written(moment[name].mean(), 4) for name in means}
    losses = zip(COLUMNS, moment["losses"], strict=True)
    numbers |= {name: written(loss, 3) for name, loss in losses}
    numbers["even_d"], numbers["even_g"], _ = balance(recording.real_label)
    rises = moment["answers_between"] > moment["answers"]
    numbers |= {"rises": rises.sum(), "falls": (~rises).sum()}
    said = dict(OF_POINTS if recording.kind == "points" else OF_PICTURES)
    if not len(recording.real):
        said["batch"] = "Real pictures were not recorded."
    number = f"Iteration {moment['step'] + 1:,}"
    return {stage.name: f"{number}: {said[stage.name].format(**numbers)}" for stage in STAGES}
