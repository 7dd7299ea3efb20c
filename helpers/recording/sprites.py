"""Pictures of one moment as one sheet, small enough for a page."""

import io
import math

import numpy as np
from PIL import Image

from helpers.base.arrays import to_pixels, to_sheet

SIDE = 64  # pictures that are larger are made smaller
QUALITIES = (90, 75, 60, 45, 30, 15, 5)  # of a WebP
SPRITE_BYTES = 9_500  # 120 frames of this size stay below 2 MB on the page


def columns_of(count: int) -> int:
    """Return how many pictures stand side by side in a sprite of `count` pictures."""
    return math.ceil(math.sqrt(count))


def sprite(pictures: np.ndarray) -> bytes:
    """Return pictures as one sheet: a PNG if that is small enough, else a WebP that is."""
    tiles = to_pixels(pictures)
    columns = columns_of(len(tiles))
    image = Image.fromarray(to_sheet(tiles, columns))
    height, width = tiles.shape[1:3]
    if max(height, width) > SIDE:
        rows, scale = image.height // height, SIDE / max(height, width)
        size = (columns * round(width * scale), rows * round(height * scale))
        image = image.resize(size, Image.Resampling.BOX)
    data = _encoded(image, "PNG")
    for quality in QUALITIES[3 * (tiles.ndim == 4) :]:  # in colour 45 does, in half the room
        if len(data) <= SPRITE_BYTES:
            break
        data = _encoded(image, "WEBP", quality=quality, method=2)
    return data


def sprite_image(data: bytes) -> np.ndarray:
    """Return the sheet that `sprite` made as an array (height, width, 3) of uint8."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def change_sprite(before: np.ndarray, after: np.ndarray) -> tuple[bytes, float]:
    """Return the change of pictures as a sprite, gray where there is none, and its magnification.

    The magnification is such that the greatest changes are black or white.
    """
    change = np.nan_to_num(np.asarray(after, np.float32) - np.asarray(before, np.float32))
    gain = 1 / max(float(np.quantile(np.abs(change), 0.998)), 1e-6)
    return sprite(change * gain), gain


def _encoded(image: Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()
