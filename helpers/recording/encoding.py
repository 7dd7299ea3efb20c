"""What keeps a recording small: whole numbers for floats, few points of a curve."""

from itertools import pairwise

import numpy as np

from helpers.base.history import COLUMNS

BUCKETS = 600  # the most points of a curve
UNIT = 1000  # points are kept as whole thousandths


def whole(values: np.ndarray) -> np.ndarray:
    """Return coordinates as whole thousandths; -32768 stands for "not a number"."""
    values = np.asarray(values, np.float32) * UNIT
    whole = np.clip(np.nan_to_num(values).round(), -32767, 32767)
    return np.where(np.isfinite(values), whole, -32768).astype(np.int16)


def bytes_of(answers: np.ndarray) -> np.ndarray:
    """Return answers between 0 and 1 as 0 to 254; 255 stands for "not a number"."""
    answers = np.asarray(answers, np.float32)
    whole = (np.clip(np.nan_to_num(answers), 0, 1) * 254).round()
    return np.where(np.isfinite(answers), whole, 255).astype(np.uint8)


def downsampled(history: np.ndarray) -> dict[str, np.ndarray]:
    """Return at most 600 points of each column: mean, lowest and highest of equal stretches."""
    edges = np.linspace(0, len(history), min(len(history), BUCKETS) + 1).astype(int)
    stretches = list(pairwise(edges))
    curves = {"step": np.array([(a + b + 1) / 2 for a, b in stretches])}
    for number, name in enumerate(COLUMNS):
        column = np.where(np.isfinite(history[:, number]), history[:, number], np.nan)
        parts = [column[a:b] for a, b in stretches]
        curves[name] = np.array([(p.mean(), p.min(), p.max()) for p in parts]).reshape(-1, 3)
    return {name: values.astype(np.float32) for name, values in curves.items()}


def packed(prefix: str, entries: list[dict]) -> dict[str, np.ndarray]:
    """Return frames or moments as arrays with one row for each; bytes are put end to end."""
    arrays = {}
    for name in entries[0] if entries else ():
        values = [entry[name] for entry in entries]
        if isinstance(values[0], bytes):
            arrays[f"{prefix}.{name}.ends"] = np.cumsum([len(value) for value in values])
            values = np.frombuffer(b"".join(values), np.uint8)
        arrays[f"{prefix}.{name}"] = np.asarray(values)
    return arrays


def unpacked(prefix: str, arrays: dict[str, np.ndarray]) -> list[dict]:
    """Undo `packed`."""
    columns = {}
    for key, values in arrays.items():
        name = key.removeprefix(prefix + ".")
        if name == key or name.endswith(".ends"):
            continue
        if f"{key}.ends" in arrays:
            values = [part.tobytes() for part in np.split(values, arrays[f"{key}.ends"][:-1])]
        is_plain = isinstance(values, np.ndarray) and values.ndim == 1
        columns[name] = values.tolist() if is_plain else values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
