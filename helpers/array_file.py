"""Named arrays and a header of JSON in one file (safetensors). Reading it runs no code."""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from helpers.errors import CourseError


def write_file(path: Path, tensors: dict, header: dict, save: Callable = save) -> None:
    """Write tensors and a header to `path`: under a temporary name first, then moved.

    `save` is that of the framework of the tensors: `safetensors.numpy.save` or another.
    """
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(save(tensors, metadata={"header": json.dumps(header)}))
    os.replace(part, path)


def read_file(path: Path, framework: str = "numpy") -> tuple[dict, dict]:
    """Return the tensors ("numpy" or "pt") and the header; CourseError if it cannot be read."""
    try:
        with safe_open(path, framework=framework) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, json.loads(file.metadata()["header"])
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise CourseError(f"{path.name} is damaged and was not used.") from error


def write_arrays(path: Path, arrays: dict[str, np.ndarray], header: dict) -> None:
    """Write arrays, a header and a checksum of the arrays.

    Numbers without a dimension come back as arrays of one number.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_file(path, arrays, header | {"checksum": _checksum(arrays)})


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Return what `write_arrays` wrote; CourseError if it is damaged."""
    arrays, header = read_file(path)
    if header.pop("checksum", None) != _checksum(arrays):
        raise CourseError(f"{path.name} is damaged and was not used.")
    return arrays, header


def _checksum(arrays: dict[str, np.ndarray]) -> int:
    """Return a CRC-32 over names, types, shapes and bytes of arrays."""
    value = 0
    for name in sorted(arrays):
        array = arrays[name]
        value = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), value)
        value = zlib.crc32(array.tobytes(), value)
    return value
