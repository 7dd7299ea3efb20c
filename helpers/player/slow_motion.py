"""Slow motion: the stages of one training step, the lines of code they light, and what they say."""

import re
from dataclasses import dataclass

import numpy as np

from helpers.base.history import balance
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
    """One of the eleven stages: its step, its name, who changes, and the parts that are at work.

    `back` says that gradients go from the loss backwards; `line` is what its line of code has.
    """

    step: int
    parts: str
    name: str = ""
    who: str = ""
    line: str = r"^(?!\s*#)"
    back: bool = False


_CALLS, _LOSS = r"\.logits\(|discriminator\(", r"loss\w*\s*\+?=[^=]"
_BACK, _UPDATE = r"\.backward\(|\.gradient\(|autograd\.grad", r"\.step\(|\.apply\(|apply_gradients"
STAGES = (
    Stage(1, "real", line=r"^\s*# 1\."),
    Stage(2, "noise G fakes"),
    Stage(3, "real fakes D answers", "answers", line=_CALLS),
    Stage(3, "answers loss", "loss", line=_LOSS),
    Stage(3, "D answers loss", "gradients", line=_BACK, back=True),
    Stage(3, "D", "update", "D", line=_UPDATE),
    Stage(4, "noise G fakes"),
    Stage(5, "fakes D answers", "answers", line=_CALLS),
    Stage(5, "answers loss", "loss", line=_LOSS),
    Stage(5, "G fakes D answers loss", "gradients", line=_BACK, back=True),
    Stage(5, "G", "update", "G", line=_UPDATE),
)


def stages_data(source: str) -> list[dict]:
    """Return the stages as the page wants them, with the numbers of their lines in `source`."""
    lines = source.splitlines()
    data = []
    for stage in STAGES:
        section = _section(lines, stage.step)
        lit = [i for i in section if re.search(stage.line, lines[i]) and stage.step == 1]
        lit = lit or [i for i in section if _is_code(lines[i]) and re.search(stage.line, lines[i])]
        lit = lit or [i for i in section if _is_code(lines[i])]
        if stage.step == 1 and lit:  # the batch comes in as the argument
            lit = [i for i, line in enumerate(lines) if line.lstrip().startswith("def ")][:1] + lit
        lit = [j for i in lit for j in _statement(lines, i)]
        data.append(
            {"step": stage.step, "name": stage.name, "who": stage.who, "back": stage.back,
             "parts": stage.parts.split(), "section": section, "lit": lit}
        )  # fmt: skip
    return data


def _is_code(line: str) -> bool:
    return not line.lstrip().startswith("#")


def _section(lines: list[str], step: int) -> list[int]:
    """Return the lines of a step: from its comment "# 3." to the next one, or to the return."""
    number = None
    section = []
    for index, line in enumerate(lines):
        found = re.search(r"#\s*([1-5])\.", line)
        number = int(found[1]) if found else number
        if re.match(r"\s*return\b", line):
            number = None
        if number == step and line.strip():
            section.append(index)
    return section


def _statement(lines: list[str], index: int) -> list[int]:
    """Return the line and those that belong to it because a bracket is still open."""
    end, open_brackets = index, 0
    while end < len(lines):
        open_brackets += sum(lines[end].count(c) for c in "([{")
        open_brackets -= sum(lines[end].count(c) for c in ")]}")
        if open_brackets <= 0 or not _is_code(lines[index]):
            break
        end += 1
    return list(range(index, min(end, len(lines) - 1) + 1))


def number(value: float, digits: int = 2) -> str:
    """Return a number as text, also one that is none."""
    return f"{value:.{digits}f}" if np.isfinite(value) else "not a number"


def captions(recording: Recording, moment: dict, gains: dict) -> list[str]:
    """Return what is said at each stage of a moment; `gains`: how much changes are enlarged."""
    lines = _of_points(gains) if "map" in moment else _of_pictures(recording, moment)
    loss_d, loss_g, real, fake = moment["losses"]
    before, between, after = (
        number(np.mean(moment[name]), 4) for name in ("answers", "answers_between", "answers_after")
    )
    mean = "D's mean answer on the fakes shown:"
    level_d, level_g, _ = balance(recording.real_label)
    lines |= {
        1: "Each fake is what G makes of one noise vector.",
        2: f"In this iteration D's mean answer was {number(real, 3)} on real, "
        f"{number(fake, 3)} on fake.",
        3: f"Loss of D: {number(loss_d, 3)} ({level_d:.3f} if it only guessed).",
        5: f"D has changed. {mean} {before} → {between}.",
        6: "Training takes new noise; here the same fakes are shown, to compare.",
        7: f"The new D's mean answer on the fakes shown: {between}.",
        8: f"Loss of G: {number(loss_g, 3)} ({level_g:.3f} if D cannot tell).",
        10: f"{lines[10]} {mean} {between} → {after}.",
    }
    return [f"Iteration {moment['step'] + 1:,}: {lines[stage]}" for stage in range(len(STAGES))]


def _of_points(gains: dict) -> dict[int, str]:
    return {
        0: "Large dots: 32 of the real points, as many as a batch.",
        4: f"The change of D's answers, {2 * gains['changeGain']:,.0f} times enlarged: "
        "+ rises, − falls.",
        9: "Arrows: minus the gradient of G's loss at 64 fakes.",
        10: f"The fakes move, here {gains['moveGain']:,.0f} times as far.",
    }


def _of_pictures(recording: Recording, moment: dict) -> dict[int, str]:
    rises = int((moment["answers_between"] > moment["answers"]).sum())
    some = "Some of the real pictures."
    return {
        0: some if recording.real is not None else "Real pictures were not recorded.",
        4: f"D's answer is about to rise for {rises} and to fall for "
        f"{len(moment['answers']) - rises} of these fakes.",
        9: "Every pixel gets a gradient: lighter or darker, so that D's answer rises.",
        10: f"The change of every pixel, {moment['gain']:,.0f} times enlarged: lighter, darker, "
        "gray for none.",
    }
