"""Squares of many pictures as one array on disk, a .npy file, which may be larger than the memory.

Beside it lie notes on what it holds. It has another name until it is complete, so that half an
array is never used; a run that was cut off goes on where the last one stopped.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from helpers.base.errors import CourseError
from helpers.base.files import sha256, write_text
from helpers.base.progress import bar_file, tqdm
from helpers.data.squares import NotEnough, Pictures, squares

BATCH = 256  # pictures between two notes of how far the array has come


def stored(path: Path) -> dict | None:
    """Return the notes on the array that was prepared at `path`; None if none or damaged."""
    if path.is_file():
        notes = _read_notes(path)
        return notes if notes.get("sha256") == sha256(path) else None
    return None


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one notebook at a time prepare the array at `path`, where the system knows locks."""
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    lock = FileLock(Path(tempfile.gettempdir(), f"gan-course-{name}.lock"))
    with contextlib.suppress(OSError, NotImplementedError):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"Another notebook prepares {path.name}: waiting until it is done.")
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def prepare(path: Path, pictures: Pictures, count: int | None, size: int, least: int = 1) -> dict:
    """Return the notes on an array of at most `count` squares (None: all), made unless it is there.

    What a run that was cut off has made is used; another notebook that is at it is waited for.
    Pictures that cannot be used are replaced by the next ones and counted, by reason, as `skipped`;
    the first `count` rows hold the others. Fewer than `least` raise NotEnough; a picture that the
    system does not hand out, and a disk that is full or closed, raise CourseError. Then nothing of
    the array is left.
    """
    with _alone(path):
        return stored(path) or _prepare(path, pictures, count, size, least)


def _prepare(path: Path, pictures: Pictures, count: int | None, size: int, least: int) -> dict:
    if path.is_file():
        print(f"{path.name} is damaged, or of an older version, and is made again.")
    part = path.with_suffix(".npy.part")
    found, digest = len(pictures.marks), pictures.digest()
    shape = (min(count or found, found), size, size, 3)
    notes = _read_notes(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if notes.get("pictures") != digest or not _is_whole(part, shape):
            notes = {"pictures": digest, "count": 0, "skipped": {}}
            _write_notes(path, notes)  # first: notes of another array must not belong to this one
            with part.open("wb") as new:  # full of zeros: a full disk would kill a mapped array
                np.save(new, np.broadcast_to(np.uint8(0), shape))
        _fill(path, notes, pictures)
        if (used := notes["count"]) < least:
            raise NotEnough(f"Of {found} pictures {used} can be used, but {least} are needed.")
        _write_notes(path, notes | {"sha256": sha256(part)})
        part.replace(path)
    except (CourseError, OSError) as problem:
        for file in (part, path.with_suffix(".json")):
            with contextlib.suppress(OSError):
                file.unlink()
        if isinstance(problem, CourseError):
            raise
        raise CourseError(f"{path.parent} cannot be written to: {problem}.") from problem
    return notes


def _fill(path: Path, notes: dict, pictures: Pictures) -> None:
    """Read pictures into the unfinished array, and keep its notes, until it is full."""
    array = np.lib.format.open_memmap(path.with_suffix(".npy.part"), mode="r+")
    notes["skipped"] = skipped = Counter(notes["skipped"])
    begun = notes["count"]
    names = sorted(pictures.marks, key=pictures.order)[begun + skipped.total() :]
    found = islice(squares(pictures, names, array.shape[1], skipped), len(array) - begun)
    for _, square in tqdm(found, "faces", len(array), initial=begun, file=bar_file()):
        array[notes["count"]] = square
        notes["count"] += 1
        if notes["count"] % BATCH == 0:
            _write_notes(path, notes)
    array.flush()


def _is_whole(path: Path, shape: tuple[int, ...]) -> bool:
    """Tell whether a file is an array of this shape and not cut short."""
    with contextlib.suppress(OSError, ValueError, EOFError):
        return np.load(path, mmap_mode="r").shape == shape
    return False


def _read_notes(path: Path) -> dict:
    """Return the notes on an array, finished or not; none if they are missing or damaged."""
    with contextlib.suppress(OSError, ValueError, LookupError, AttributeError):
        notes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if notes.pop("seal") == _seal(notes):
            return notes
    return {}


def _write_notes(path: Path, notes: dict) -> None:
    sealed = notes | {"seal": _seal(notes)}
    write_text(path.with_suffix(".json"), json.dumps(sealed, indent=1))


def _seal(notes: dict) -> str:
    """Return what tells whether notes are what was written."""
    return hashlib.sha256(json.dumps(notes, sort_keys=True).encode()).hexdigest()
