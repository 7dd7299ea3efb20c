"""What of a recording goes on the player's page: names, numbers, sentences, arrays, sprites."""

import base64

import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers.base.history import COLUMNS, balance, balance_names
from helpers.player.slow_motion import captions, written
from helpers.recording.encoding import answers_of, columns_of, places_of, sprite, whole
from helpers.recording.recorder import FRAMES, Recording


def page_data(recording: Recording, most: int = FRAMES) -> dict:
    """Return `most` frames at most and three moments for the page; `to_json` encodes its arrays."""
    count, label = len(recording.frames), recording.real_label
    chosen = np.linspace(0, count - 1, min(count, most)).round().astype(int)
    frames = [recording.frames[i] for i in chosen]
    columns = {name: [frame[name] for frame in frames] for name in frames[0]}
    levels = zip(("loss_d", "loss_g", "answer"), balance(label), balance_names(label), strict=True)
    data: dict = {
        "kind": recording.kind,
        "title": recording.title or f"Recording of {recording.kind}",
        "steps": columns["step"],
        "seconds": [round(seconds, 2) for seconds in columns["seconds"]],
        "done": recording.done,
        "count": len(recording.noise),
        "curves": _curves(recording, columns),
        "moments": [_moment_data(recording, moment) for moment in _three_moments(recording)],
        "readings": [_reading(recording, frame) for frame in frames],
        "sentences": [_sentence(recording, frame) for frame in frames],
        "warning": _warning(recording),
        "levels": {name: {"value": value, "label": text} for name, value, text in levels},
    }
    data |= {name: np.array(v) for name, v in columns.items() if isinstance(v[0], np.ndarray)}
    if recording.kind == "pictures":
        data |= {"columns": columns_of(len(recording.noise)), "sprites": columns["sprite"]}
        if len(recording.real):
            data["real"] = sprite(recording.real)
        return data
    left, bottom, right, top = box = recording.box.tolist()
    data |= {"box": box, "marksX": _marks(left, right, 9), "marksY": _marks(bottom, top, 6)}
    data |= {"real": whole(recording.real), "noise": recording.noise}
    if recording.grid is not None:
        data["grid"] = recording.grid
    if "pushes" in data:
        data["longest"] = _usual_length(data["pushes"])
    return data


def _curves(recording: Recording, columns: dict[str, list]) -> dict:
    """Return each curve as x and y and, if a point stands for many steps, their low and high."""
    curves = {}
    for name in COLUMNS:
        y, low, high = recording.curves[name].T
        curves[name] = {"x": recording.curves["step"], "y": y, "low": low, "high": high}
    if "coverage" in columns:
        steps, shares = (np.array(columns[name], float) for name in ("step", "coverage"))
        curves["coverage"] = {"x": steps, "y": shares}
    return curves


def _three_moments(recording: Recording) -> list[dict]:
    """Return the first moment, the one nearest to the middle of the run, and the last."""
    moments = recording.moments
    if len(moments) < 3:
        return moments
    middle = min(moments[1:-1], key=lambda moment: abs(moment["step"] - recording.done / 2))
    return [moments[0], middle, moments[-1]]


def _moment_data(recording: Recording, moment: dict) -> dict:
    data = dict(moment)
    if recording.kind == "points":
        change = moment["map_after"] - moment["map"]
        # The greatest change fills half the scale, the longest way is a twelfth of the curve.
        enlarged = float(0.5 / _greatest(change))
        way = 0.4 / _greatest(moment["fakes_after"] - moment["fakes"])
        data |= {"change": change, "changeGain": enlarged, "gain": 2 * enlarged}
        data["moveGain"] = float(int(np.clip(way, 1, 1000)))
        if "pushes" in moment:
            data["longest"] = _usual_length(moment["pushes"])
    data["captions"] = captions(recording, data)
    return {name: data[name] for name in data if name not in ("losses", "gain")}  # told in captions


def _greatest(values: np.ndarray) -> float:
    return max(1e-6, np.abs(np.nan_to_num(values)).max())


def _reading(recording: Recording, frame: dict) -> str:
    """Say what stands below the picture of a frame."""
    if recording.kind == "pictures":
        return f"D's mean answer on these pictures: {_mean_answer(frame)}"
    fakes = places_of(frame["fakes"])
    inside = ((fakes >= recording.box[:2]) & (fakes <= recording.box[2:])).all(axis=1)
    outside = f" · {(~inside).sum()} of {len(fakes)} fakes lie outside the picture"
    return f"Coverage {frame['coverage']:.0%}{'' if inside.all() else outside}"


def _sentence(recording: Recording, frame: dict) -> str:
    """Say where a frame stands, for readers who do not see it."""
    step, curves = frame["step"], recording.curves
    text = f"Step {step:,} of {recording.done:,}, {frame['seconds']:.1f} s. "
    if step and len(curves["step"]):
        place = max(0, np.searchsorted(curves["step"], step, side="right") - 1)
        loss_d, loss_g, on_real, on_fake = (written(curves[name][place, 0]) for name in COLUMNS)
        text += f"Loss of D {loss_d}, of G {loss_g}; "
        text += f"D's mean answer {on_real} on real, {on_fake} on fake."
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


def _usual_length(pushes: np.ndarray) -> float:
    """Return the length that nine arrows of ten do not exceed; 1 if there is none."""
    lengths = np.linalg.norm(pushes.reshape(-1, 2), axis=1)
    lengths = lengths[np.isfinite(lengths)]
    return float(np.quantile(lengths, 0.9)) if lengths.any() else 1.0


def to_json(value: np.ndarray | bytes) -> dict | str:
    """Return bytes as base64, and an array as its type and its bytes; floats as float32."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    array = value.astype("<f4") if value.dtype.kind == "f" else value
    return {"type": array.dtype.name, "data": to_json(array.tobytes())}
