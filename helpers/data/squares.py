"""Many picture files, in a folder or a zip file, as squares of one size and as one array on disk.

Beside the array, a .npy file, lie notes on what it holds. It has another name until it is complete,
so that half an array is never used; a run that was cut off goes on where the last one stopped.
"""

import contextlib
import io
import json
import os
import sys
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from helpers.base.errors import CourseError
from helpers.base.files import sha256, write_text

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
COLOURS = ("RGB", "RGBA", "L", "LA", "P")  # Pillow's names for colours and greys of 8 bits
SMALLEST_SIDE, MOST_PIXELS, MOST_BYTES = 16, 40_000_000, 2**26
BATCH = 256  # pictures between two notes of how far the array has come


class NotEnough(CourseError):
    """A folder or an archive that holds too few pictures that can be used."""


@dataclass(frozen=True)
class Pictures:
    """The picture files of a folder or a zip file."""

    marks: dict[str, tuple[int, int]]  # for each name what changes with the file
    open: Callable[[str], IO[bytes]]
    outside: Sequence[str] = ()  # links, to files and to folders, out of the folder or to nowhere


@contextlib.contextmanager
def open_pictures(place: Path) -> Iterator[Pictures]:
    """Open a folder, with the folders below it, or a zip file of pictures."""
    if place.is_dir():
        yield _in_folder(place)
    elif not place.exists():
        raise CourseError(f"There is no folder {place}.")
    else:
        try:
            archive = zipfile.ZipFile(place)
        except zipfile.BadZipFile:
            raise NotEnough(f"{place} is neither a folder nor a sound zip file.") from None
        with archive:
            infos = [info for info in archive.filelist if _is_picture(info.filename)]
            yield Pictures({i.filename: (i.file_size, i.CRC) for i in infos}, archive.open)


def _in_folder(root: Path) -> Pictures:
    home, marks, outside = root.resolve(), {}, []
    for path in root.rglob("*"):  # does not follow links to folders
        name = path.relative_to(root).as_posix()
        if path.is_symlink() and not (path.exists() and path.resolve().is_relative_to(home)):
            outside.append(name)
        if _is_picture(name) and path.is_file():
            stat = path.stat()
            marks[name] = (stat.st_size, stat.st_mtime_ns)
    return Pictures(marks, lambda name: open(root / name, "rb"), outside)


def _is_picture(name: str) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
    return name.lower().endswith(SUFFIXES) and not hidden


def stored(path: Path) -> dict | None:
    """Return the notes on the array that was prepared at `path`; None if none or damaged."""
    if path.is_file():
        notes = _read_notes(path)
        if notes.get("sha256") == sha256(path):
            return notes
        print(f"{path.name} is damaged and is made again.")
    return None


def prepare(path: Path, pictures: Pictures, count: int | None, size: int, least: int = 1) -> dict:
    """Make an array of at most `count` squares (None: all), or go on with it; return its notes.

    Pictures that cannot be used are replaced by the next ones and counted, by reason, as `skipped`;
    the first `count` rows hold the others. Fewer than `least` raise NotEnough, a disk that is full
    or closed raises CourseError.
    """
    part = path.with_suffix(".npy.part")
    found = len(pictures.marks)
    shape = (min(count or found, found), size, size, 3)
    notes = _read_notes(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not notes or not _is_whole(part, shape):
            notes = {"count": 0, "skipped": {}}
            _write_notes(path, notes)  # first: notes of another array must not belong to this one
            with part.open("wb") as file:  # full of zeros: a full disk would kill a mapped array
                np.save(file, np.broadcast_to(np.uint8(0), shape))
        _fill(path, notes, pictures)
        if (used := notes["count"]) < least:
            part.unlink()  # another archive begins anew
            raise NotEnough(f"Of {found} pictures {used} can be used, but {least} are needed.")
        _write_notes(path, notes | {"sha256": sha256(part)})
        part.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            part.unlink()
        raise CourseError(f"{path.parent} cannot be written to: {problem}.") from problem
    return notes


def _fill(path: Path, notes: dict, pictures: Pictures) -> None:
    """Read pictures into the unfinished array, and keep its notes, until it is full."""
    array = np.lib.format.open_memmap(path.with_suffix(".npy.part"), mode="r+")
    notes["skipped"] = skipped = Counter(notes["skipped"])
    begun = notes["count"]
    names = sorted(pictures.marks)[begun + skipped.total() :]
    found = islice(squares(pictures, names, array.shape[1], skipped), len(array) - begun)
    for _, square in tqdm(found, "faces", len(array), initial=begun, file=sys.stdout):
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


def squares(
    pictures: Pictures, names: Sequence[str], size: int, left_out: Counter[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and square, uint8 (size, size, 3), of each picture; count why others cannot be."""
    step = max(8, min(BATCH, 2**24 // (3 * size**2)))  # a few MB in memory at a time
    with ThreadPoolExecutor(os.cpu_count()) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what is left out and counted anyway
        for start in range(0, len(names), step):
            batch = names[start : start + step]
            done = pool.map(lambda name: _read(pictures, name, size), batch)
            for name, square in zip(batch, done, strict=True):
                if isinstance(square, str):
                    left_out[square] += 1
                else:
                    yield name, square


def to_square(data: bytes, size: int) -> np.ndarray | str:
    """Return the square in the middle of a picture file as uint8 (size, size, 3), on white.

    A few words say why another kind is left out; a damaged one may raise anything at all.
    """
    with Image.open(io.BytesIO(data)) as picture:
        if picture.mode not in COLOURS:
            return "colours other than 8-bit RGB or grey"
        if min(picture.size) < SMALLEST_SIDE:
            return "too small"
        if picture.width * picture.height > MOST_PIXELS or len(data) > MOST_BYTES:
            return "too large"
        upright = ImageOps.exif_transpose(picture)
        side = min(upright.size)
        left, top = (upright.width - side) // 2, (upright.height - side) // 2
        square = upright.crop((left, top, left + side, top + side))
        clear = square.mode in ("RGBA", "LA") or "transparency" in square.info
        square = square.convert("RGBA" if clear else "RGB")
        small = square.resize((size, size), Image.Resampling.LANCZOS)
        if clear:
            white = Image.new("RGBA", small.size, "white")
            small = Image.alpha_composite(white, small).convert("RGB")
        return np.asarray(small)


def _read(pictures: Pictures, name: str, size: int) -> np.ndarray | str:
    """Return one picture, or in a few words why it is left out."""
    try:
        with pictures.open(name) as file:
            return to_square(file.read(MOST_BYTES + 1), size)
    except Image.DecompressionBombError:
        return "too large"
    except Exception:  # a damaged picture or zip file may raise anything at all
        return "damaged or no picture"


def _read_notes(path: Path) -> dict:
    """Return the notes on an array, finished or not; none if they are missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        notes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return notes if "count" in notes else {}
    return {}


def _write_notes(path: Path, notes: dict) -> None:
    write_text(path.with_suffix(".json"), json.dumps(notes, indent=1))
