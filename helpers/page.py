"""What of a recording goes on the player's page: names, numbers, and base64 of arrays."""

import base64

import numpy as np

from helpers import compact
from helpers.recorder import FRAMES, Recording


def page_data(recording: Recording, most: int = FRAMES) -> dict:
    """Return a recording as the page wants it: names, numbers and base64 of arrays."""
    number = len(recording.frames)
    chosen = np.linspace(0, number - 1, min(number, max(2, most))).round().astype(int)
    frames = [recording.frames[i] for i in chosen]
    data = {
        "kind": recording.kind,
        "title": recording.title,
        "steps": [frame["step"] for frame in frames],
        "seconds": [round(frame["seconds"], 2) for frame in frames],
        "done": recording.done,
        "planned": recording.planned,
        "brokenAt": recording.broken_at,
        "count": len(recording.noise),
        "answers": _packed([frame["answers"] for frame in frames]),
        "curves": {name: _packed(values) for name, values in recording.curves.items()},
        "moments": [_moment_data(moment) for moment in _three_moments(recording)],
    }
    if recording.kind == "pictures":
        data["columns"] = compact.columns_of(len(recording.noise))
        data["sprites"] = [to_base64(frame["sprite"]) for frame in frames]
        if recording.real is not None:
            real = recording.real[: len(recording.noise)]
            data["real"] = to_base64(compact.sprite(real))
        return data
    data |= {"box": recording.box.tolist(), "real": _packed(compact.whole(recording.real))}
    data["coverage"] = [frame["coverage"] for frame in frames]
    data["noise"] = _packed(recording.noise)
    if recording.grid is not None:
        data["grid"] = _packed(recording.grid)
    for name in ("fakes", "map", "pushes", "landing"):
        if name in frames[0]:
            data[name] = _packed([frame[name] for frame in frames])
    return data


def _three_moments(recording: Recording) -> list[dict]:
    """Return the first moment, the one nearest to the middle of the run, and the last."""
    moments = recording.moments
    if len(moments) < 3:
        return moments
    middle = min(moments[1:-1], key=lambda moment: abs(moment["step"] - recording.done / 2))
    return [moments[0], middle, moments[-1]]


def _moment_data(moment: dict) -> dict:
    data = {}
    for name, value in moment.items():
        if isinstance(value, bytes):
            data[name] = to_base64(value)
        else:
            data[name] = value if np.isscalar(value) else _packed(value)
    return data


def _packed(values: np.ndarray | list) -> dict:
    """Return an array as its type and the base64 of its bytes; floats as float32."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        values = values.astype("<f4")
    return {"type": values.dtype.name, "data": to_base64(np.ascontiguousarray(values).tobytes())}


def to_base64(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode()
