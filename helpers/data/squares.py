"""Picture files, in a folder or a zip file, as squares of one size."""

import contextlib
import hashlib
import io
import mimetypes
import os
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from helpers.base.errors import CourseError
from helpers.base.files import lists_all

COLOURS = ("RGB", "RGBA", "L", "LA", "P", "1")  # Pillow's names, for up to 8 bits a colour
HIDDEN = (".", "__MACOSX")
DAMAGED = "damaged or no picture"
SMALLEST_SIDE, MOST_PIXELS, MOST_BYTES = 16, 40_000_000, 2**26
BATCH = 256  # pictures at a time


class NotEnough(CourseError):
    """A folder or an archive that holds too few pictures that can be used."""


@dataclass(frozen=True)
class Pictures:
    """The picture files of a folder or a zip file."""

    place: Path
    marks: dict[str, tuple[int, int]]  # for each name what changes with the file
    open: Callable[[str], IO[bytes]]
    outside: Sequence[str] = ()  # links, to files and to folders, out of the folder or to nowhere
    middle: float = 1.0  # how much of a picture's shorter side the square has
    order: Callable[[str], str] = str  # of the names: the array holds the first ones

    def digest(self) -> str:
        """Return what tells these pictures from others: the SHA-256 of all names and marks."""
        return hashlib.sha256(ascii(sorted(self.marks.items())).encode()).hexdigest()


@contextlib.contextmanager
def open_pictures(place: Path) -> Iterator[Pictures]:
    """Open a folder, with the folders below it, or a zip file; CourseError if it cannot be read."""
    archive: contextlib.AbstractContextManager = contextlib.nullcontext()
    try:
        if place.is_dir():
            pictures = _in_folder(place)
        elif place.exists():
            archive = file = zipfile.ZipFile(place)
            if not lists_all(file):
                raise zipfile.BadZipFile
            infos = [i for i in file.filelist if not i.is_dir() and _may_be_picture(i.filename)]
            marks = {info.filename: (info.file_size, info.CRC) for info in infos}
            pictures = Pictures(place, marks, file.open)
        else:
            raise CourseError(f"There is no folder {place}.")
    except (zipfile.BadZipFile, ValueError) as problem:
        if isinstance(problem.__context__, OSError):  # so zipfile calls all trouble with a disk
            raise _unreadable(place, problem.__context__) from problem
        raise NotEnough(f"{place} is neither a folder nor a sound zip file.") from None
    except (OSError, NotImplementedError) as problem:
        raise _unreadable(getattr(problem, "filename", None) or place, problem) from problem
    with archive:
        yield pictures


def _in_folder(root: Path) -> Pictures:
    home, marks, outside = root.resolve(), {}, []

    def stop(problem: OSError) -> None:  # or a closed folder would pass for an empty one
        raise problem

    for folder, folders, files in os.walk(root, onerror=stop):  # does not follow links to folders
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        for path in (Path(folder, name) for name in (*folders, *files)):
            name = path.relative_to(root).as_posix()
            if path.is_symlink() and not (path.exists() and path.resolve().is_relative_to(home)):
                outside.append(name)
            if _may_be_picture(name) and path.is_file():
                stat = path.stat()
                marks[name] = (stat.st_size, stat.st_mtime_ns)
    return Pictures(root, marks, lambda name: open(root / name, "rb"), outside)


def _may_be_picture(name: str) -> bool:
    """Tell whether a file is neither hidden nor known, by its suffix, to be something else."""
    kind = mimetypes.guess_type(f"./{name}")[0] or "image/"  # "./": it would take a URL
    hidden = any(part.startswith(HIDDEN) for part in name.split("/"))
    return kind.startswith("image/") and not hidden


def _unreadable(what: object, problem: Exception) -> CourseError:
    """Return the sentence on an error for which the pictures are not to blame."""
    why, advice = str(problem), "unpack the archive and give the folder instead"
    if isinstance(problem, OSError):
        why = problem.strerror or why
        advice = "see that its disk is there and that you may read it, then try again"
    return CourseError(f"{what} cannot be read ({why}): {advice}.")


def in_words(left_out: dict[str, int]) -> str:
    """Return how many pictures were left out and why, as the end of a sentence, or ""."""
    reasons = ", ".join(f"{count} {why}" for why, count in sorted(left_out.items()))
    return f"; left out: {reasons}" if reasons else ""


def squares(
    pictures: Pictures, names: Sequence[str], size: int, left_out: Counter[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and square, uint8 (size, size, 3), of each picture; count why others cannot be.

    CourseError if a picture cannot even be read.
    """
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


def to_square(data: bytes, size: int, middle: float = 1.0) -> np.ndarray | str:
    """Return the square in the middle of a picture file as uint8 (size, size, 3), on white.

    Its side is `middle` times the shorter one of the picture. It stands upright and has the colours
    of sRGB; of several pictures in a file it is the first. A few words say why another kind is left
    out; a damaged one may raise anything at all.
    """
    with Image.open(io.BytesIO(data)) as picture:
        if picture.format == "EPS":
            raise UnidentifiedImageError  # a program, for which Pillow would start Ghostscript
        if picture.mode not in COLOURS:
            return "colours other than 8-bit RGB or grey"
        if min(picture.size) < SMALLEST_SIDE:
            return "too small"
        if picture.width * picture.height > MOST_PIXELS or len(data) > MOST_BYTES:
            return "too large"
        picture.load()  # older versions of Pillow turn a TIFF only now
        side = round(middle * min(picture.size))
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.crop((left, top, left + side, top + side))
        clear = square.mode in ("RGBA", "LA") or "transparency" in square.info
        square = square.convert("RGBA" if clear else "RGB")
        small = square.resize((size, size), Image.Resampling.LANCZOS)
        if clear:
            white = Image.new("RGBA", small.size, "white")
            small = Image.alpha_composite(white, small).convert("RGB")
        if profile := picture.info.get("icc_profile"):
            small = _in_srgb(small, profile)
        return _upright(np.asarray(small), picture)


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return a picture in the colours of screens, or as it is where its profile is of no use."""
    with contextlib.suppress(Exception):  # garbage may raise anything at all
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" not in ImageCms.getProfileDescription(source):
            fitting = picture.convert("L") if source.profile.xcolor_space == "GRAY" else picture
            target = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(fitting, source, target, outputMode="RGB") or picture
    return picture


def _upright(square: np.ndarray, picture: Image.Image) -> np.ndarray:
    """Turn a square as the EXIF asks; Pillow's function writes it anew and fails at odd entries."""
    turn = None
    with contextlib.suppress(Exception):  # garbage may raise anything at all
        turn = picture.getexif().get(ExifTags.Base.Orientation)
    if turn in (5, 6, 7, 8):
        square = square.swapaxes(0, 1)
    if turn in (2, 3, 6, 7):
        square = square[:, ::-1]
    return square[::-1] if turn in (3, 4, 7, 8) else square


def _read(pictures: Pictures, name: str, size: int) -> np.ndarray | str:
    """Return one picture, or in a few words why it is left out; CourseError if it is not read."""
    try:
        with pictures.open(name) as file:
            data = file.read(MOST_BYTES + 1)
    except Exception as problem:
        # Passwords and unknown methods are RuntimeErrors, and what the system says has a number.
        # A damaged zip file may raise anything else, such as an OSError without a number.
        if isinstance(problem, RuntimeError) or getattr(problem, "errno", None):
            raise _unreadable(f"{name} in {pictures.place}", problem) from problem
        return DAMAGED
    try:
        return to_square(data, size, pictures.middle)
    except Image.DecompressionBombError:
        return "too large"
    except MemoryError:
        large = f"{name} does not fit into memory"
        raise CourseError(f"{large}: close other programs, then try again.") from None
    except UnidentifiedImageError:
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in Image.registered_extensions():
            return DAMAGED
        told = f" ({suffix})" if re.fullmatch(r"\.[a-z]\w{1,5}", suffix, re.ASCII) else ""
        return f"that cannot be opened{told}"
    except Exception:  # a damaged picture may raise anything at all
        return DAMAGED
