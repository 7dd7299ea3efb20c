"""Many picture files as squares of one size, and as one array on disk.

The pictures come from a folder or from a zip file that is not unpacked. The array is a .npy file;
a .json file beside it says what it holds. Until it is complete it has another name, so that half
an array is never used; a run that was cut off goes on where the last one stopped.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sys
import warnings
import zipfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
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


class Folder:
    """The picture files in a folder and the folders below it."""

    def __init__(self, root: Path) -> None:
        """Find the files; their order is that of their names."""
        self.root = root
        found = (
            self._name(where, name)
            for where, _, names in os.walk(root)
            for name in names
            if os.path.isfile(os.path.join(where, name))  # neither a dead link nor a pipe
        )
        self.names = sorted(filter(_is_picture, found))

    def drop_links_out(self) -> int:
        """Take links that lead out of the folder off the list; return how many lead out or nowhere.

        Links to folders count too. They are never followed, so the list has nothing of theirs.
        """
        home, dropped = Path(os.path.realpath(self.root)), set()
        for where, folders, files in os.walk(self.root):
            for name in [*folders, *filter(_is_picture, files)]:
                place = Path(os.path.realpath(os.path.join(where, name)))
                if not (place.is_relative_to(home) and place.exists()):
                    dropped.add(self._name(where, name))
        self.names = [name for name in self.names if name not in dropped]
        return len(dropped)

    def _name(self, where: str, name: str) -> str:
        return os.path.relpath(os.path.join(where, name), self.root).replace(os.sep, "/")

    def open(self, name: str) -> IO[bytes]:
        """Open one picture file for reading."""
        return open(self.root / name, "rb")

    def digest(self) -> str:
        """Return a checksum of the names, sizes and dates of the files."""
        told = ((name, (self.root / name).stat()) for name in self.names)
        return _digest(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in told)


class Archive:
    """The picture files in a zip file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Read the list of contents; the order is that of the names."""
        self.archive = archive
        self.names = sorted(filter(_is_picture, archive.namelist()))

    def open(self, name: str) -> IO[bytes]:
        """Open one picture file for reading."""
        return self.archive.open(name)

    def digest(self) -> str:
        """Return a checksum of the names and checksums of the files."""
        told = map(self.archive.getinfo, self.names)
        return _digest(f"{info.filename} {info.file_size} {info.CRC}" for info in told)


@contextlib.contextmanager
def open_pictures(place: Path) -> Iterator[Folder | Archive]:
    """Open a folder or a zip file of pictures."""
    if place.is_dir():
        yield Folder(place)
    elif not place.exists():
        raise CourseError(f"There is no folder {place}.")
    else:
        try:
            archive = zipfile.ZipFile(place)
        except zipfile.BadZipFile:
            raise NotEnough(
                f"{place} is neither a folder of pictures nor a sound zip file."
            ) from None
        with archive:
            yield Archive(archive)


@dataclass(frozen=True)
class Order:
    """What is to be prepared: at most `count` pictures (None: all) of `size` x `size` pixels.

    `source` is a name, `origin` tells one set of pictures from another.
    """

    source: str
    origin: str
    count: int | None
    size: int

    def path(self, store: Path) -> Path:
        """Return where the array lies or will lie."""
        which = f"{_digest([self.origin])[:8]}-{self.size}px-{self.count or 'all'}"
        return store / f"{self.source}-{which}.npy"


def stored(order: Order, store: Path) -> dict | None:
    """Return the notes on the array that was prepared for this order; None if none or damaged."""
    path = order.path(store)
    notes = _read_notes(path, order)
    if "sha256" not in notes or not path.is_file():
        return None
    if notes["sha256"] != sha256(path):
        print(f"{path.name} is damaged and is made again.")
        return None
    return notes


def prepare(order: Order, pictures: Folder | Archive, store: Path, least: int = 1) -> dict:
    """Make the array, or go on with it, and return its notes.

    Pictures that cannot be used are left out, counted as `skipped`, and replaced by the next ones;
    the first `count` rows of the array hold the others. Fewer than `least` raise NotEnough, a disk
    that is full or closed raises CourseError.
    """
    path = order.path(store)
    part = path.with_suffix(".npy.part")
    wanted = min(order.count or len(pictures.names), len(pictures.names))
    shape = (wanted, order.size, order.size, 3)
    notes = _read_notes(path, order)
    try:
        store.mkdir(parents=True, exist_ok=True)
        if not notes or not _is_whole(part, shape):
            notes = {"order": asdict(order), "read": 0, "count": 0, "skipped": {}}
            _write_notes(path, notes)  # first: notes of another array must not belong to this one
            _reserve(part, shape)
        _fill(path, notes, pictures)
        if notes["count"] < least:
            part.unlink()  # another archive begins anew
            raise NotEnough(
                f"Of {len(pictures.names)} pictures {notes['count']} can be used, "
                f"but {least} are needed."
            )
        _write_notes(path, notes | {"sha256": sha256(part)})
        part.replace(path)
    except OSError as problem:
        raise CourseError(f"The pictures cannot be written to {store}: {problem}.") from problem
    return notes


def _fill(path: Path, notes: dict, pictures: Folder | Archive) -> None:
    """Read pictures into the unfinished array, and keep its notes, until it is full."""
    array = np.lib.format.open_memmap(path.with_suffix(".npy.part"), mode="r+")
    names, skipped = pictures.names[notes["read"] :], notes["skipped"]
    with (
        contextlib.closing(squares(pictures, names, array.shape[1])) as found,
        tqdm(total=len(array), initial=notes["count"], desc="faces", file=sys.stdout) as bar,
    ):
        while notes["count"] < len(array) and (square := next(found, None)) is not None:
            notes["read"] += 1
            if isinstance(square, str):
                skipped[square] = skipped.get(square, 0) + 1
            else:
                array[notes["count"]] = square
                notes["count"] += 1
                bar.update()
            if notes["read"] % BATCH == 0:
                _write_notes(path, notes)
    array.flush()


def _is_whole(path: Path, shape: tuple[int, ...]) -> bool:
    """Tell whether a file is an array of this shape and not cut short."""
    try:
        return np.load(path, mmap_mode="r").shape == shape
    except (OSError, ValueError, EOFError):
        return False


def _reserve(path: Path, shape: tuple[int, ...]) -> None:
    """Write an array of zeros, and make sure of its place on the disk.

    A disk that turns out to be full when a mapped array is filled would end the process.
    """
    size = int(np.prod(shape))
    if shutil.disk_usage(path.parent).free < size:
        raise CourseError(f"The pictures need {size / 1e9:.2f} GB on the disk at {path.parent}.")
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def squares(
    pictures: Folder | Archive, names: Sequence[str], size: int
) -> Generator[np.ndarray | str, None, None]:
    """Yield for each name uint8 (size, size, 3), or in a few words why the picture is left out."""
    step = max(8, min(BATCH, 2**24 // (3 * size**2)))  # a few MB in memory at a time
    with ThreadPoolExecutor(os.cpu_count()) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what is left out and counted anyway
        for start in range(0, len(names), step):
            batch = names[start : start + step]
            yield from pool.map(lambda name: _read(pictures, name, size), batch)


def to_square(data: bytes, size: int) -> np.ndarray | str:
    """Return the square in the middle of a picture file as uint8 (size, size, 3).

    Another kind of picture gives a few words that say why it is left out; a damaged one may raise
    anything at all.
    """
    with Image.open(io.BytesIO(data)) as picture:
        if picture.mode not in COLOURS:
            return "colours other than 8-bit RGB or grey"
        if min(picture.size) < SMALLEST_SIDE:
            return "too small"
        if picture.width * picture.height > MOST_PIXELS:
            return "too large"
        upright = ImageOps.exif_transpose(picture)
        side = min(upright.size)
        left, top = (upright.width - side) // 2, (upright.height - side) // 2
        square = upright.crop((left, top, left + side, top + side))
        clear = square.mode in ("RGBA", "LA") or "transparency" in square.info
        small = square.convert("RGBA" if clear else "RGB").resize(
            (size, size), Image.Resampling.LANCZOS
        )
        if clear:
            white = Image.new("RGBA", small.size, "white")
            small = Image.alpha_composite(white, small).convert("RGB")
        return np.asarray(small)


def _read(pictures: Folder | Archive, name: str, size: int) -> np.ndarray | str:
    """Return one picture, or in a few words why it is left out."""
    try:
        with pictures.open(name) as file:
            data = file.read(MOST_BYTES + 1)
        return "too large" if len(data) > MOST_BYTES else to_square(data, size)
    except Image.DecompressionBombError:
        return "too large"
    except Exception:  # a damaged picture or zip file may raise anything at all
        return "damaged or no picture"


def _is_picture(name: str) -> bool:
    parts = name.split("/")
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return name.lower().endswith(SUFFIXES) and not hidden


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _read_notes(path: Path, order: Order) -> dict:
    """Return the notes on an array, finished or not; none if they belong to another order."""
    try:
        notes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return notes if notes["order"] == asdict(order) else {}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _write_notes(path: Path, notes: dict) -> None:
    write_text(path.with_suffix(".json"), json.dumps(notes, indent=1))
