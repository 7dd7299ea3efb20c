"""Where the course keeps its data, how a file is written, and whether one is sound."""

import contextlib
import hashlib
import os
import tempfile
import uuid
import zipfile
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
        why = problem.strerror
    with contextlib.suppress(OSError):  # what writes there will say that it cannot
        place = Path(tempfile.gettempdir(), "gan-course", name)
        place.mkdir(parents=True, exist_ok=True)
        print(f"data/{name} cannot be written ({why}): its files go to {place}.")
    return place


def is_known(digest: str, name: str) -> bool:
    """Tell whether a SHA-256 is the one that `data/SHA256SUMS` has for `name`."""
    with contextlib.suppress(OSError):
        return f"{digest}  {name}".encode() in (DATA / "SHA256SUMS").read_bytes().splitlines()
    return False


def write_sum(path: Path, folder: Path) -> None:
    """Write the SHA-256 of a file below `folder` into its `SHA256SUMS`, in the old one's place."""
    sums, name = folder / "SHA256SUMS", path.relative_to(folder).as_posix()
    lines = sums.read_text(encoding="utf-8").splitlines()
    digests = {name: digest for digest, name in map(str.split, lines)} | {name: sha256(path)}
    write_text(sums, "".join(f"{digest}  {name}\n" for name, digest in digests.items()))


def shipped(name: str) -> Path:
    """Return the path of a file that comes with the course; CourseError unless it is sound."""
    path, trouble = DATA / name, "missing or damaged"
    try:
        if is_known(sha256(path), name):
            return path
    except FileNotFoundError:
        pass
    except OSError as problem:  # the file may be sound
        trouble = f"not to be read ({problem.strerror})"
    advice = "get it back with `git checkout data`, or fetch the course again"
    raise CourseError(f"data/{name} is {trouble}: {advice}.")


def lists_all(archive: zipfile.ZipFile) -> bool:
    """Tell whether a zip file lists as many files as its end counts: damage may hide the last ones.

    Python's own module does not look. A count for which two bytes are too few is all ones there.
    """
    assert archive.fp
    archive.fp.seek(-22 - len(archive.comment), os.SEEK_END)
    end = archive.fp.read(12)
    counts = len(archive.filelist) % 2**16, 2**16 - 1
    return not end.startswith(b"PK\5\6") or int.from_bytes(end[10:], "little") in counts


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
