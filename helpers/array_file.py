"""Named arrays and a header of JSON in one file (safetensors). Reading it runs no code."""

import json
import os
import zlib
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from helpers.errors import CourseError


def write_arrays(path: Path, arrays: dict[str, np.ndarray], header: dict) -> None:
    """Write arrays and a header to `path`: under a temporary name first, then moved.

    Numbers without a dimension come back as arrays of one number.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header = header | {"checksum": _checksum(arrays)}
    part = path.with_suffix(".part")
    part.write_bytes(save(arrays, metadata={"header": json.dumps(header)}))
    os.replace(part, path)


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Return the arrays and the header of a file; CourseError if it is damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = json.loads(file.metadata()["header"])
        sound = header.pop("checksum") == _checksum(arrays)
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise CourseError(f"{path.name} is damaged and was not used.") from error
    if not sound:
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
