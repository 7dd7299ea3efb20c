"""What of a recording goes on the player's page: names, numbers, sentences, base64 of arrays."""

import base64

import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers.base.history import COLUMNS, balance, balance_names
from helpers.player.slow_motion import captions, written
from helpers.recording.encoding import answers_of, places_of, whole
from helpers.recording.recorder import FRAMES, Recording
from helpers.recording.sprites import columns_of, sprite


def page_data(recording: Recording, most: int = FRAMES) -> dict:
    """Return a recording as the page wants it: names, numbers, sentences and base64 of arrays."""
    count = len(recording.frames)
    chosen = np.linspace(0, count - 1, min(count, max(2, most))).round().astype(int)
    frames = [recording.frames[i] for i in chosen]
    data = {
        "kind": recording.kind,
        "title": recording.title or f"Recording of {recording.kind}",
        "steps": [frame["step"] for frame in frames],
        "seconds": [round(frame["seconds"], 2) for frame in frames],
        "done": recording.done,
        "count": len(recording.noise),
        "answers": _packed([frame["answers"] for frame in frames]),
        "curves": _curves(recording, frames),
        "moments": [_moment_data(recording, moment) for moment in _three_moments(recording)],
        "readings": [_reading(recording, frame) for frame in frames],
        "sentences": [_sentence(recording, frame) for frame in frames],
        "warning": _warning(recording),
        "levels": _levels(recording.real_label),
    }
    if recording.kind == "pictures":
        data["columns"] = columns_of(len(recording.noise))
        data["sprites"] = [to_base64(frame["sprite"]) for frame in frames]
        if len(recording.real):
            data["real"] = to_base64(sprite(recording.real))
        return data
    left, bottom, right, top = recording.box.tolist()
    data |= {"box": [left, bottom, right, top], "real": _packed(whole(recording.real))}
    data |= {"marksX": _marks(left, right, 9), "marksY": _marks(bottom, top, 6)}
    data["noise"] = _packed(recording.noise)
    if recording.grid is not None:
        data["grid"] = _packed(recording.grid)
    for name in ("fakes", "map", "pushes", "landing"):
        if name in frames[0]:
            data[name] = _packed([frame[name] for frame in frames])
    if "pushes" in frames[0]:
        data["longest"] = _usual_length([frame["pushes"] for frame in frames])
    return data


def _levels(real_label: float) -> dict:
    """Return where guides stand, and what is written beside them: of both losses and the answer."""
    names = ("loss_d", "loss_g", "answer")
    levels = zip(names, balance(real_label), balance_names(real_label), strict=True)
    return {name: {"value": level, "label": label} for name, level, label in levels}


def _curves(recording: Recording, frames: list[dict]) -> dict:
    """Return each curve as x and y and, if a point stands for many steps, their low and high."""
    curves = {}
    for name in COLUMNS:
        mid, low, high = (_packed(column) for column in recording.curves[name].T)
        curves[name] = {"x": _packed(recording.curves["step"]), "y": mid, "low": low, "high": high}
    if recording.kind == "points":
        steps, covered = ([frame[name] for frame in frames] for name in ("step", "coverage"))
        curves["coverage"] = {"x": _packed(np.array(steps, float)), "y": _packed(covered)}
    return curves


def _three_moments(recording: Recording) -> list[dict]:
    """Return the first moment, the one nearest to the middle of the run, and the last."""
    moments = recording.moments
    if len(moments) < 3:
        return moments
    middle = min(moments[1:-1], key=lambda moment: abs(moment["step"] - recording.done / 2))
    return [moments[0], middle, moments[-1]]


def _moment_data(recording: Recording, moment: dict) -> dict:
    gains = {}
    if "map" in moment:
        change = moment["map_after"] - moment["map"]
        # The greatest change fills half the scale, the longest way is a twelfth of the curve.
        gains["changeGain"] = float(0.5 / max(1e-6, np.abs(np.nan_to_num(change)).max()))
        way = np.abs(np.nan_to_num(moment["fakes_after"] - moment["fakes"])).max()
        gains["moveGain"] = float(int(np.clip(0.4 / max(way, 1e-6), 1, 1000)))
        moment = moment | {"change": change}
        if "pushes" in moment:
            gains["longest"] = _usual_length(moment["pushes"])
    data: dict = {"step": moment["step"], "captions": captions(recording, moment, gains)}
    for name, value in moment.items():
        if isinstance(value, bytes):
            data[name] = to_base64(value)
        elif isinstance(value, np.ndarray) and name != "losses":  # the captions tell these
            data[name] = _packed(value)
    return data | gains


def _reading(recording: Recording, frame: dict) -> str:
    """Say what stands below the picture of a frame."""
    if recording.kind == "pictures":
        return f"D's mean answer on these pictures: {_mean_answer(frame)}"
    fakes = places_of(frame["fakes"])
    inside = (fakes >= recording.box[:2]) & (fakes <= recording.box[2:])
    outside = len(fakes) - int(inside.all(axis=1).sum())
    more = f" · {outside} of {len(fakes)} fakes lie outside the picture" if outside else ""
    return f"Coverage {frame['coverage']:.0%}{more}"


def _sentence(recording: Recording, frame: dict) -> str:
    """Say where a frame stands, for readers who do not see it."""
    step, curves = frame["step"], recording.curves
    text = f"Step {step:,} of {recording.done:,}, {frame['seconds']:.1f} s. "
    if step and len(curves["step"]):
        place = max(0, np.searchsorted(curves["step"], step, side="right") - 1)
        now = {name: written(curves[name][place, 0]) for name in COLUMNS}
        text += f"Loss of D {now['loss_d']}, of G {now['loss_g']}; D's mean answer "
        text += f"{now['answer_real']} on real, {now['answer_fake']} on fake."
    else:
        text += f"D's mean answer on the fakes shown: {_mean_answer(frame)}."
    return text + (f" Coverage {frame['coverage']:.0%}." if "coverage" in frame else "")


def _mean_answer(frame: dict) -> str:
    return written(answers_of(frame["answers"]).mean())


def _warning(recording: Recording) -> str:
    """Say what is unusual about a run; "" if nothing is."""
    texts = []
    if recording.broken_at:
        texts.append(f"From step {recording.broken_at:,} on the losses are not numbers.")
    if recording.planned and recording.done < recording.planned:
        texts.append(f"The run stopped at step {recording.done:,} of {recording.planned:,}.")
    if len(recording.frames) == 1:
        texts.append("Only one frame was recorded: there is nothing to play.")
    return " ".join(texts)


def _marks(low: float, high: float, most: int) -> list[float]:
    """Return about `most` round numbers for an axis."""
    marks = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [round(float(mark), 6) for mark in marks if low <= mark <= high]


def _usual_length(pushes: np.ndarray | list) -> float:
    """Return the length that nine arrows of ten do not exceed; 1 if there is none."""
    lengths = np.linalg.norm(np.asarray(pushes).reshape(-1, 2), axis=1)
    lengths = lengths[np.isfinite(lengths)]
    return float(np.quantile(lengths, 0.9)) if lengths.any() else 1.0


def _packed(values: np.ndarray | list) -> dict:
    """Return an array as its type and the base64 of its bytes; floats as float32."""
    array = np.asarray(values)
    if array.dtype.kind == "f":
        array = array.astype("<f4")
    return {"type": array.dtype.name, "data": to_base64(array.tobytes())}


def to_base64(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode()
