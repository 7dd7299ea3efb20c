"""What keeps a recording small: whole numbers for floats, few points of a curve."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from helpers.base.history import COLUMNS

BUCKETS = 600  # the most points of a curve


@dataclass(frozen=True)
class Coding:
    """Floats as whole numbers from `low` to `high`, `unit` for 1; `none` for "not a number"."""

    dtype: type
    low: int
    high: int
    unit: int
    none: int

    def encode(self, values: np.ndarray | list) -> np.ndarray:
        """Return floats as whole numbers; what lies outside of the range is moved to its edge."""
        scaled = np.asarray(values, np.float32) * self.unit
        numbers = np.clip(np.nan_to_num(scaled).round(), self.low, self.high)
        return np.where(np.isfinite(scaled), numbers, self.none).astype(self.dtype)

    def decode(self, numbers: np.ndarray) -> np.ndarray:
        """Undo `encode`."""
        return np.where(numbers == self.none, np.nan, numbers / self.unit)


PLACES = Coding(np.int16, -32767, 32767, unit=1000, none=-32768)  # coordinates of points
ANSWERS = Coding(np.uint8, 0, 254, unit=254, none=255)  # of the discriminator, 0 to 1
whole, places_of = PLACES.encode, PLACES.decode
bytes_of, answers_of = ANSWERS.encode, ANSWERS.decode


def downsampled(history: np.ndarray) -> dict[str, np.ndarray]:
    """Return at most 600 points of each of COLUMNS: mean, lowest and highest of a stretch.

    `history` is (steps, 4); each column becomes (n, 3), "step" (n,) says where they stand.
    """
    edges = np.linspace(0, len(history), min(len(history), BUCKETS) + 1).astype(int)
    curves = {"step": (edges[:-1] + edges[1:] + 1) / 2}
    numbers = np.where(np.isfinite(history), history, np.nan)
    for name, values in zip(COLUMNS, numbers.T, strict=True):
        parts = [values[a:b] for a, b in pairwise(edges)]
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
        room, _, name = key.partition(".")
        if room != prefix or name.endswith(".ends"):
            continue
        if f"{key}.ends" in arrays:
            parts = np.split(values, arrays[f"{key}.ends"][:-1])
            columns[name] = [part.tobytes() for part in parts]
        else:
            columns[name] = values.tolist() if values.ndim == 1 else list(values)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
