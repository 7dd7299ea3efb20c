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
    "batch": r"^\s*# 1\.",
    "answers": r"\.logits\(|discriminator\(",
    "loss": r"loss\w*\s*\+?=[^=]",
    "gradients": r"\.backward\(|\.gradient\(|autograd\.grad",
    "update": r"\.step\(|\.apply\(|apply_gradients",
}


class Stage(NamedTuple):
    """One of the eleven stages of a training step.

    `parts` of the drawing are at work, `shows` is what stands on the plane of points (beside
    pictures, D's answers with "map"), `learner` is whose turn it is in the steps 3 and 5.
    """

    step: int
    doing: str
    parts: str
    shows: str
    learner: str = ""

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


def stages_data(source: str) -> list[dict]:
    """Return the stages as the page wants them, with the numbers of their lines in `source`.

    `who` changes weights, `changed` are those who have by then, `back` says that gradients flow.
    """
    lines, data = source.splitlines(), []
    changed: list[str] = []
    for stage in STAGES:
        who = stage.learner if stage.doing == "update" else ""
        changed = [*changed, who] if who else changed
        section = _section(lines, stage.step)
        entry = {"name": stage.name, "step": stage.step, "who": who, "changed": changed}
        entry |= {"label": stage.doing if stage.learner else "", "section": section}
        entry |= {"parts": stage.parts.split(), "shows": stage.shows.split()}
        entry |= {"back": stage.doing == "gradients", "lit": _lit(lines, section, stage)}
        data.append(entry)
    return data


def _lit(lines: list[str], section: list[int], stage: Stage) -> list[int]:
    """Return which of the lines of a step are at work in a stage: all, if its own is not found."""
    code = [i for i in section if _is_code(lines[i])]
    candidates = section if stage.doing == "batch" else code  # of the batch, a comment tells
    pattern = LINES.get(stage.doing, "")
    found = [i for i in candidates if re.search(pattern, lines[i])] or code
    if stage.doing == "batch" and found:  # and it comes in as the argument
        found = [i for i, line in enumerate(lines) if line.lstrip().startswith("def ")][:1] + found
    return [j for i in found for j in _statement(lines, i)]


def _is_code(line: str) -> bool:
    return not line.lstrip().startswith("#")


def _section(lines: list[str], step: int) -> list[int]:
    """Return the lines of a step: from its comment "# 3." to the next one, or to the return."""
    current, section = 0, []
    for index, line in enumerate(lines):
        found = re.search(r"#\s*([1-5])\.", line)
        current = int(found[1]) if found else current
        if re.match(r"\s*return\b", line):
            current = 0
        if current == step and line.strip():
            section.append(index)
    return section


def _statement(lines: list[str], index: int) -> list[int]:
    """Return the line and those that belong to it because a bracket is still open."""
    end = index
    while _is_code(lines[index]) and end < len(lines) - 1:
        text = "".join(lines[index : end + 1])
        if sum(map(text.count, "([{")) <= sum(map(text.count, ")]}")):
            break
        end += 1
    return list(range(index, end + 1))


def written(value: float, digits: int = 2) -> str:
    """Return a number as text, also one that is none."""
    return f"{value:.{digits}f}" if np.isfinite(value) else "not a number"


def captions(recording: Recording, moment: dict, gains: dict) -> dict[str, str]:
    """Return what is said at each stage of a moment; `gains`: how much changes are enlarged."""
    own = _of_points(gains) if "map" in moment else _of_pictures(recording, moment)
    losses = {name: written(x, 3) for name, x in zip(COLUMNS, moment["losses"], strict=True)}
    names = ("answers", "answers_between", "answers_after")
    before, between, after = (written(np.mean(moment[name]), 4) for name in names)
    mean = "D's mean answer on the fakes shown:"
    level_d, level_g, _ = balance(recording.real_label)
    lines = own | {
        "fakes": "Each fake is what G makes of one noise vector.",
        "d_answers": f"In this iteration D's mean answer was {losses['answer_real']} on real, "
        f"{losses['answer_fake']} on fake.",
        "d_loss": f"Loss of D: {losses['loss_d']} ({level_d:.3f} if it only guessed).",
        "d_update": f"D has changed. {mean} {before} → {between}.",
        "fresh_fakes": "Training takes new noise; here the same fakes are shown, to compare.",
        "g_answers": f"The new D's mean answer on the fakes shown: {between}.",
        "g_loss": f"Loss of G: {losses['loss_g']} ({level_g:.3f} if D cannot tell).",
        "g_update": f"{own['g_update']} {mean} {between} → {after}.",
    }
    number = f"Iteration {moment['step'] + 1:,}"
    return {stage.name: f"{number}: {lines[stage.name]}" for stage in STAGES}


def _of_points(gains: dict) -> dict[str, str]:
    return {
        "batch": "Large dots: 32 of the real points, as many as a batch.",
        "d_gradients": f"The change of D's answers, {2 * gains['changeGain']:,.0f} times enlarged: "
        "+ rises, − falls.",
        "g_gradients": "Arrows: minus the gradient of G's loss at 64 fakes.",
        "g_update": f"The fakes move, here {gains['moveGain']:,.0f} times as far.",
    }


def _of_pictures(recording: Recording, moment: dict) -> dict[str, str]:
    rises = int((moment["answers_between"] > moment["answers"]).sum())
    some = "Some of the real pictures."
    return {
        "batch": some if len(recording.real) else "Real pictures were not recorded.",
        "d_gradients": f"D's answer is about to rise for {rises} and to fall for "
        f"{len(moment['answers']) - rises} of these fakes.",
        "g_gradients": "Every pixel gets a gradient: lighter or darker, so that D's answer rises.",
        "g_update": f"The change of every pixel, {moment['gain']:,.0f} times enlarged: lighter, "
        "darker, gray for none.",
    }
