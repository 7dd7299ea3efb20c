"""What keeps a recording small: whole numbers for floats, curves of few points, sprites."""

import io
import math
from functools import partial
from itertools import pairwise

import numpy as np
from PIL import Image

from helpers.base.arrays import to_pixels, to_sheet
from helpers.base.history import COLUMNS

BUCKETS = 600  # the most points of a curve
SIDE = 64  # pictures that are larger are made smaller
QUALITIES = (90, 75, 60, 45, 30, 15, 5)  # of a WebP
SPRITE_BYTES = 9_500  # 120 frames of this size stay below 2 MB on the page


def _encoded(values, dtype: type, low: int, high: int, unit: int, none: int) -> np.ndarray:
    """Return floats as whole numbers: `unit` for 1, the edge of the range for what lies outside."""
    scaled = np.asarray(values, np.float32) * unit
    numbers = np.clip(np.nan_to_num(scaled).round(), low, high)
    return np.where(np.isfinite(scaled), numbers, none).astype(dtype)


def _decoded(numbers: np.ndarray, unit: int, none: int) -> np.ndarray:
    return np.where(numbers == none, np.nan, numbers / unit)


# Coordinates of points, and answers of the discriminator; `none` stands for "not a number".
whole = partial(_encoded, dtype=np.int16, low=-32767, high=32767, unit=1000, none=-32768)
places_of = partial(_decoded, unit=1000, none=-32768)
bytes_of = partial(_encoded, dtype=np.uint8, low=0, high=254, unit=254, none=255)
answers_of = partial(_decoded, unit=254, none=255)


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


def columns_of(count: int) -> int:
    """Return how many pictures stand side by side in a sprite of `count` pictures."""
    return math.ceil(math.sqrt(count))


def sprite(pictures: np.ndarray) -> bytes:
    """Return pictures as one sheet: a PNG if that is small enough, else a WebP that is."""
    tiles = to_pixels(pictures)
    columns = columns_of(len(tiles))
    image = Image.fromarray(to_sheet(tiles, columns))
    image.thumbnail((SIDE * columns,) * 2, Image.Resampling.BOX, reducing_gap=None)
    image.save(file := io.BytesIO(), "PNG")
    for quality in QUALITIES[3 * (tiles.ndim == 4) :]:  # in colour 45 does, in half the room
        if len(file.getvalue()) <= SPRITE_BYTES:
            break
        image.save(file := io.BytesIO(), "WEBP", quality=quality, method=2)
    return file.getvalue()


def sprite_image(data: bytes) -> np.ndarray:
    """Return the sheet that `sprite` made as an array (height, width, 3) of uint8."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


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
