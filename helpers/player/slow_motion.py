"""Slow motion: the stages of one training step, the lines of code they light, and what they say."""

import re
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Stage:
    """One of the eleven stages of a training step.

    name   what captions and the page's scripts call it
    step   to which of the five steps it belongs
    parts  the parts of the drawing that are at work
    shows  what stands on the plane of points: a batch among the real ones, all the real ones,
           fakes, D's map, arrows; and beside pictures, with "map", D's answers
    label  its name in the list of steps, if the step has several stages
    who    whose weights change
    line   the pattern of its line of code
    back   gradients go from the loss backwards
    """

    name: str
    step: int
    parts: str
    shows: str
    label: str = ""
    who: str = ""
    line: str = r"^(?!\s*#)"
    back: bool = False


_CALLS, _LOSS = r"\.logits\(|discriminator\(", r"loss\w*\s*\+?=[^=]"
_BACK, _UPDATE = r"\.backward\(|\.gradient\(|autograd\.grad", r"\.step\(|\.apply\(|apply_gradients"
_D, _G = "D answers loss", "G fakes D answers loss"  # the ways of the two gradients
STAGES = (
    Stage("batch", 1, "real", "batch", line=r"^\s*# 1\."),
    Stage("fakes", 2, "noise G fakes", "batch fakes"),
    Stage("d_answers", 3, "real fakes D answers", "batch fakes map", "answers", line=_CALLS),
    Stage("d_loss", 3, "answers loss", "batch fakes map", "loss", line=_LOSS),
    Stage("d_gradients", 3, _D, "real fakes map", "gradients", line=_BACK, back=True),
    Stage("d_update", 3, "D", "real fakes map", "update", "D", _UPDATE),
    Stage("fresh_fakes", 4, "noise G fakes", "fakes"),
    Stage("g_answers", 5, "fakes D answers", "fakes map", "answers", line=_CALLS),
    Stage("g_loss", 5, "answers loss", "fakes map", "loss", line=_LOSS),
    Stage("g_gradients", 5, _G, "fakes map arrows", "gradients", line=_BACK, back=True),
    Stage("g_update", 5, "G", "fakes map", "update", "G", _UPDATE),
)


def stages_data(source: str) -> list[dict]:
    """Return the stages as the page wants them, with the numbers of their lines in `source`.

    `changed` says whose weights have changed by then, `section` are the lines of the step.
    """
    lines = source.splitlines()
    data, changed = [], ""
    for stage in STAGES:
        changed += stage.who
        section = _section(lines, stage.step)
        data.append(
            {
                **{name: getattr(stage, name) for name in ("name", "step", "label", "who", "back")},
                "parts": stage.parts.split(),
                "shows": stage.shows.split(),
                "changed": list(changed),
                "section": section,
                "lit": _lit(lines, section, stage),
            }
        )
    return data


def _lit(lines: list[str], section: list[int], stage: Stage) -> list[int]:
    """Return which of the lines of a step are at work in a stage: all, if its own is not found."""
    code = [i for i in section if _is_code(lines[i])]
    if stage.name == "batch":  # it comes in as the argument, and a comment says so
        found = [i for i in section if re.search(stage.line, lines[i])] or code
        head = [i for i, line in enumerate(lines) if line.lstrip().startswith("def ")]
        found = head[:1] + found if found else []
    else:
        found = [i for i in code if re.search(stage.line, lines[i])] or code
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
    losses = {
        name: written(value, 3) for name, value in zip(COLUMNS, moment["losses"], strict=True)
    }
    before, between, after = (
        written(np.mean(moment[name]), 4)
        for name in ("answers", "answers_between", "answers_after")
    )
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
