"""Faces as one array on disk: from a folder of one's own, from Kaggle (CelebA), or drawn ones.

The squares in the middle of the pictures are written to one file in data/faces/, which is then
mapped into memory: the array may be larger than the memory.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.base.errors import CourseError
from helpers.base.files import own_folder, shipped
from helpers.base.variables import variable
from helpers.data.kaggle import ARCHIVE, DATASET, fetch_archive
from helpers.data.squares import NotEnough, open_pictures, prepare, stored

CELEBA_COUNT = 202_599


@dataclass(frozen=True)
class Faces:
    """A read-only uint8 array (n, size, size, 3), and in words where its pictures are from."""

    images: np.ndarray
    description: str


def load_faces(
    count: int | None = 10_000,
    size: int = 128,
    network: bool = True,
    store: Path | None = None,
    patience: float = 60.0,
) -> Faces:
    """Return at most `count` faces (None: all) from the first source that works.

    That is the folder (or zip file) named by `GAN_FACES`; else CelebA, prepared earlier or, with
    `network`, fetched from Kaggle; else the drawn faces that come with the course (at once for
    `GAN_FACES=drawn`). One printed line says which it was. A server that is silent for `patience`
    seconds is given up. Arrays and downloads are kept in `store`, as a rule `data/faces/`.
    """
    store = store or own_folder("faces")
    choice = variable("GAN_FACES")
    faces = None
    if not choice:
        faces = _celeba(count, size, network, store, patience)
    elif choice != "drawn":  # after a problem no other source is tried
        place = Path(choice).expanduser().resolve()
        try:
            faces = _from_files(place, f"pictures from {place}", count, size, store)
        except (CourseError, OSError) as problem:
            raise CourseError(f"GAN_FACES={choice}: {problem}") from problem
    if faces is None:
        drawn = "drawn cartoon faces (built in, not CelebA)"
        faces = _from_files(shipped("drawn_faces.zip"), drawn, count, size, store)
    print(faces.description)
    return faces


def _from_files(place: Path, what: str, count: int | None, size: int, store: Path) -> Faces:
    """Return the pictures in a folder or a zip file."""
    with open_pictures(place) as pictures:
        origin = ascii((place.resolve(), sorted(pictures.marks.items())))
        path = _path(store, "files", origin, count, size)
        return _faces(path, stored(path) or prepare(path, pictures, count, size), what)


def _celeba(
    count: int | None, size: int, network: bool, store: Path, patience: float
) -> Faces | None:
    """Return CelebA, or None after one printed sentence that says why not."""
    path = _path(store, "kaggle", DATASET, count, size)
    # A few damaged pictures do not matter; an archive that lacks many is another one or broken.
    least = max(1, int(0.99 * min(count or CELEBA_COUNT, CELEBA_COUNT)))
    try:
        notes = stored(path)
        if notes is None:
            if not network and not zipfile.is_zipfile(store / ARCHIVE):
                return None
            with open_pictures(fetch_archive(store, patience)) as pictures:
                notes = prepare(path, pictures, count, size, least)
        return _faces(path, notes, "photographs of CelebA (Kaggle)")
    except NotEnough as problem:
        (store / ARCHIVE).unlink(missing_ok=True)
        print(f"CelebA is not used, and its archive was removed: {problem}")
    except (CourseError, OSError) as problem:
        print(f"CelebA is not used: {problem}")
    return None


def _path(store: Path, source: str, origin: str, count: int | None, size: int) -> Path:
    """Return where the array lies or will lie; `origin` tells one set of pictures from another."""
    digest = hashlib.sha256(origin.encode()).hexdigest()
    return store / f"{source}-{digest[:8]}-{size}px-{count or 'all'}.npy"


def _faces(path: Path, notes: dict, what: str) -> Faces:
    """Map the array into memory and put into words what it is."""
    images = np.load(path, mmap_mode="r")[: notes["count"]]
    left_out = ", ".join(f"{n} {reason}" for reason, n in sorted(notes["skipped"].items()))
    told = f"; left out: {left_out}." if left_out else "."
    size = images.shape[1]
    return Faces(images, f"Faces: {len(images)} {what}, {size} x {size} pixels{told}")
