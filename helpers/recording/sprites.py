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
    image.thumbnail((SIDE * columns,) * 2, Image.Resampling.BOX, reducing_gap=None)
    data = _encoded(image, "PNG")
    for quality in QUALITIES[3 * (tiles.ndim == 4) :]:  # in colour 45 does, in half the room
        if len(data) <= SPRITE_BYTES:
            break
        data = _encoded(image, "WEBP", quality=quality, method=2)
    return data


def sprite_image(data: bytes) -> np.ndarray:
    """Return the sheet that `sprite` made as an array (height, width, 3) of uint8."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _encoded(image: Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()
