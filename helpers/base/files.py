"""Where the course keeps its data, how a file is written, and whether one is sound."""

import contextlib
import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from helpers.base.errors import CourseError

DATA = Path(__file__).resolve().parents[2] / "data"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def own_folder(name: str) -> Path:
    """Return `data/<name>`, or a folder for temporary files where `data/` may not be written."""
    place = DATA / name
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError as problem:
        place = Path(tempfile.gettempdir(), "gan-course", name)
        place.mkdir(parents=True, exist_ok=True)
        print(f"data/{name} cannot be written ({problem.strerror}): its files go to {place}.")
        return place


def is_sound(path: Path, name: str) -> bool:
    """Tell whether a file is there and the one that `data/SHA256SUMS` has as `name`."""
    with contextlib.suppress(OSError):
        return f"{sha256(path)}  {name}".encode() in (DATA / "SHA256SUMS").read_bytes().splitlines()
    return False


def shipped(name: str) -> Path:
    """Return the path of a file that comes with the course; CourseError unless it is sound."""
    if is_sound(DATA / name, name):
        return DATA / name
    advice = "get it back with `git checkout data`, or fetch the course again"
    raise CourseError(f"data/{name} is missing or damaged: {advice}.")


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a temporary name to write to; what stands there is moved to `path` at the end.

    After an error nothing is left behind, and a file that was at `path` stays as it was.
    """
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text to `path`: under a temporary name first, then moved."""
    with new_file(path) as part:
        part.write_text(text, encoding="utf-8")
