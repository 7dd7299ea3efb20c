"""Tensors of any framework as arrays, and pictures of any range as pixels."""

import zipfile
from typing import IO

import numpy as np

from helpers.base.errors import CourseError
from helpers.base.files import lists_all


def read_npz(file: IO[bytes]) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file, by name; damage raises one of a dozen kinds of errors."""
    with np.load(file, allow_pickle=False) as entries:  # looks at the checksums of the arrays
        arrays = dict(entries)
        if len(arrays) < len(entries) or not lists_all(entries.zip):  # two of one name, or too few
            raise zipfile.BadZipFile("the list of arrays is damaged")
    return arrays


def to_array(values: object, dtype: type | None = None) -> np.ndarray:
    """Return an array or tensor (of any framework, on any device) as an array."""
    array: np.ndarray = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    return array if dtype is None else array.astype(dtype, copy=False)


def finite(values: object, what: str, dtype: type, shape: str) -> np.ndarray:
    """Return the values as an array of a shape such as "(n, 2)"; a word stands for any length.

    CourseError if there are none, if some are no numbers, or if the shape is another one.
    """
    array = to_array(values, dtype)
    if not array.size:
        raise CourseError(f"There are no {what} to judge.")
    if not np.isfinite(array).all():
        raise CourseError(f"Some {what} are NaN or infinite: the training went wrong.")
    words = shape.strip("()").split(", ")
    pairs = zip(words, array.shape, strict=False)
    if array.ndim != len(words) or any(w.isdigit() and int(w) != n for w, n in pairs):
        raise CourseError(f"{what.capitalize()} come as {shape}, not as {array.shape}.")
    return array


def to_pixels(pictures: object) -> np.ndarray:
    """Return pictures as uint8 (n, height, width) or (n, height, width, 3).

    Floats are taken to lie in [-1, 1]; the channel may come first, as in PyTorch, or last.
    """
    array = to_array(pictures)
    if array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 3):
        array = np.moveaxis(array, 1, 3)
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.dtype != np.uint8:
        array = np.clip(np.nan_to_num(array.astype(np.float32)), -1, 1)
        array = (array * 127.5 + 127.5).round().astype(np.uint8)
    return array


def to_sheet(pixels: np.ndarray, columns: int, empty: float = 0) -> np.ndarray:
    """Lay pictures (n, height, width, ...) side by side, row by row; `empty` fills the last one."""
    missing = [(0, -len(pixels) % columns)] + [(0, 0)] * (pixels.ndim - 1)
    padded = np.pad(pixels, missing, constant_values=empty)
    grid = padded.reshape(-1, columns, *pixels.shape[1:])
    return np.concatenate(np.concatenate(grid, axis=1), axis=1)
