"""Many picture files as one array on disk, written step by step and checked at the end.

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
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from helpers.base.errors import CourseError
from helpers.base.files import sha256

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
COLOURS = ("RGB", "RGBA", "L", "LA", "P")  # Pillow's names for colours and greys of 8 bits
SMALLEST_SIDE, MOST_PIXELS, MOST_BYTES = 16, 40_000_000, 2**26
HEADER = 128  # bytes of a .npy file before the pictures, however many these are


class NotEnough(CourseError):
    """A folder or an archive that holds too few pictures that can be used."""


class Unusable(Exception):
    """One picture that is left out; the text says why in a few words."""


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
        home = os.path.join(os.path.realpath(self.root), "")

        def astray(name: str) -> bool:
            path = os.path.realpath(self.root / name)
            return not (os.path.join(path, "").startswith(home) and os.path.exists(path))

        links = (
            self._name(where, name)
            for where, folders, files in os.walk(self.root)
            for name in [*folders, *filter(_is_picture, files)]
            if os.path.islink(os.path.join(where, name))
        )
        dropped = set(filter(astray, links))
        self.names = [name for name in self.names if name not in dropped]
        return len(dropped)

    def _name(self, where: str, name: str) -> str:
        return os.path.relpath(os.path.join(where, name), self.root).replace(os.sep, "/")

    def open(self, name: str) -> BinaryIO:
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

    def open(self, name: str) -> BinaryIO:
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
    notes = _read_json(path.with_suffix(".json"))
    if notes.get("order") != asdict(order) or not path.is_file():
        return None
    if notes.get("sha256") != sha256(path):
        print(f"{path.name} is damaged and is made again.")
        return None
    return notes


def prepare(order: Order, pictures: Folder | Archive, store: Path, least: int = 1) -> dict:
    """Make the array, or go on with it, and return its notes.

    Pictures that cannot be used are left out, counted, and replaced by the next ones. Fewer than
    `least` raise NotEnough, a disk that is full or closed raises CourseError.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        return _prepare(order, pictures, store, least)
    except OSError as problem:
        raise CourseError(f"The pictures cannot be written to {store}: {problem}.") from problem


def _prepare(order: Order, pictures: Folder | Archive, store: Path, least: int) -> dict:
    path = order.path(store)
    part, state_path = path.with_suffix(".npy.part"), path.with_suffix(".json.part")
    one = 3 * order.size**2
    names = pictures.names
    wanted = len(names) if order.count is None else min(order.count, len(names))
    state = _read_json(state_path)
    done = HEADER + one * state.get("count", 0)
    if state.get("order") != asdict(order) or not part.is_file() or part.stat().st_size < done:
        state = {"order": asdict(order), "read": 0, "count": 0, "skipped": {}}
        part.unlink(missing_ok=True)
    missing = one * (wanted - state["count"])
    if shutil.disk_usage(store).free < missing:
        raise CourseError(f"The pictures need {missing / 1e9:.2f} GB on the disk at {store}.")
    skipped = Counter(state["skipped"])
    step = max(8, min(256, 2**24 // one))
    with (
        open(part, "r+b" if part.exists() else "w+b") as file,
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=wanted, initial=state["count"], desc="faces", file=sys.stdout) as bar,
    ):
        file.truncate(HEADER + one * state["count"])
        file.seek(0, os.SEEK_END)
        while state["count"] < wanted and state["read"] < len(names):
            batch = names[state["read"] :][: min(step, wanted - state["count"])]
            rows = list(pool.map(lambda name: _read(pictures, name, order.size), batch))
            good = [row for row in rows if not isinstance(row, str)]
            skipped.update(row for row in rows if isinstance(row, str))
            file.write(b"".join(row.tobytes() for row in good))
            file.flush()
            state["read"] += len(batch)
            state["count"] += len(good)
            state["skipped"] = dict(skipped)
            _write_json(state_path, state)
            bar.update(len(good))
        if state["count"] < least:
            raise NotEnough(
                f"Of {len(names)} pictures {state['count']} can be used, but {least} are needed."
            )
        file.seek(0)
        np.lib.format.write_array_header_1_0(
            file,
            {
                "descr": "|u1",
                "fortran_order": False,
                "shape": (state["count"], order.size, order.size, 3),
            },
        )
        file.flush()
        os.fsync(file.fileno())
    if np.load(part, mmap_mode="r").nbytes + HEADER != part.stat().st_size:
        raise CourseError(f"{part} was not written in full: start again.")
    notes = {**state, "sha256": sha256(part)}
    _write_json(path.with_suffix(".json"), notes)
    part.replace(path)
    state_path.unlink()
    return notes


def squares(
    pictures: Folder | Archive, names: Sequence[str], size: int
) -> Iterator[np.ndarray | str]:
    """Yield for each name uint8 (size, size, 3), or in a few words why the picture is left out.

    A progress bar is drawn where it takes longer than two seconds.
    """
    bar = tqdm(total=len(names), desc="pictures", file=sys.stdout, delay=2, leave=False)
    with ThreadPoolExecutor(os.cpu_count()) as pool, bar, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what is left out and counted anyway
        for square in pool.map(lambda name: _read(pictures, name, size), names):
            bar.update()
            yield square


def to_square(data: bytes, size: int) -> np.ndarray:
    """Return the square in the middle of a picture file as uint8 (size, size, 3), or Unusable."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.mode not in COLOURS:
                raise Unusable("colours other than 8-bit RGB or grey")
            if min(picture.size) < SMALLEST_SIDE:
                raise Unusable("too small")
            if picture.width * picture.height > MOST_PIXELS:
                raise Unusable("too large")
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
    except Unusable:
        raise
    except Image.DecompressionBombError:
        raise Unusable("too large") from None
    except Exception:  # a damaged file may raise anything at all
        raise Unusable("damaged or no picture") from None


def _read(pictures: Folder | Archive, name: str, size: int) -> np.ndarray | str:
    """Return one picture, or in a few words why it is left out."""
    try:
        with pictures.open(name) as file:
            data = file.read(MOST_BYTES + 1)
    except Exception:  # a damaged zip file may raise anything at all
        return "damaged or no picture"
    if len(data) > MOST_BYTES:
        return "too large"
    try:
        return to_square(data, size)
    except Unusable as problem:
        return str(problem)


def _is_picture(name: str) -> bool:
    parts = name.split("/")
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return name.lower().endswith(SUFFIXES) and not hidden


def _digest(lines) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _read_json(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_json(path: Path, content: dict) -> None:
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(content, indent=1), encoding="utf-8")
    new.replace(path)
