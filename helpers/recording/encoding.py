"""What keeps a recording small: whole numbers for floats, few points of a curve."""

from itertools import pairwise

import numpy as np

from helpers.base.history import COLUMNS

BUCKETS = 600  # the most points of a curve
UNIT = 1000  # points are kept as whole thousandths
NO_PLACE, NO_ANSWER = -32768, 255  # stand for "not a number"


def whole(places: np.ndarray | list) -> np.ndarray:
    """Return coordinates as whole thousandths, int16."""
    values = np.asarray(places, np.float32) * UNIT
    thousandths = np.clip(np.nan_to_num(values).round(), NO_PLACE + 1, -NO_PLACE - 1)
    return np.where(np.isfinite(values), thousandths, NO_PLACE).astype(np.int16)


def places_of(thousandths: np.ndarray) -> np.ndarray:
    """Undo `whole`."""
    return np.where(thousandths == NO_PLACE, np.nan, thousandths / UNIT)


def bytes_of(answers: np.ndarray | list) -> np.ndarray:
    """Return answers between 0 and 1 as 0 to 254, uint8."""
    values = np.asarray(answers, np.float32)
    steps = (np.clip(np.nan_to_num(values), 0, 1) * (NO_ANSWER - 1)).round()
    return np.where(np.isfinite(values), steps, NO_ANSWER).astype(np.uint8)


def answers_of(steps: np.ndarray) -> np.ndarray:
    """Undo `bytes_of`."""
    return np.where(steps == NO_ANSWER, np.nan, steps / (NO_ANSWER - 1))


def downsampled(history: np.ndarray) -> dict[str, np.ndarray]:
    """Return at most 600 points of each of COLUMNS: mean, lowest and highest of a stretch.

    `history` is (steps, 4); each column becomes (n, 3), "step" (n,) says where they stand.
    """
    edges = np.linspace(0, len(history), min(len(history), BUCKETS) + 1).astype(int)
    stretches = list(pairwise(edges))
    curves = {"step": np.array([(a + b + 1) / 2 for a, b in stretches])}
    for name, values in zip(
        COLUMNS, np.where(np.isfinite(history), history, np.nan).T, strict=True
    ):
        parts = [values[a:b] for a, b in stretches]
        curves[name] = np.array([(p.mean(), p.min(), p.max()) for p in parts]).reshape(-1, 3)
    return {name: values.astype(np.float32) for name, values in curves.items()}


def packed(prefix: str, entries: list[dict]) -> dict[str, np.ndarray]:
    """Return frames or moments as arrays with one row for each; bytes are put end to end."""
    arrays = {}
    for name in entries[0] if entries else ():
        key, values = f"{prefix}.{name}", [entry[name] for entry in entries]
        if isinstance(values[0], bytes):
            arrays[f"{key}.ends"] = np.cumsum([len(value) for value in values])
            arrays[key] = np.frombuffer(b"".join(values), np.uint8)
        else:
            arrays[key] = np.asarray(values)
    return arrays


def unpacked(prefix: str, arrays: dict[str, np.ndarray]) -> list[dict]:
    """Undo `packed`."""
    columns: dict[str, list] = {}
    for key, values in arrays.items():
        name = key.removeprefix(prefix + ".")
        if name == key or name.endswith(".ends"):
            continue
        if f"{key}.ends" in arrays:
            parts = np.split(values, arrays[f"{key}.ends"][:-1])
            columns[name] = [part.tobytes() for part in parts]
        else:
            columns[name] = values.tolist() if values.ndim == 1 else list(values)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
