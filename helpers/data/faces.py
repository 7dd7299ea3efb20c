"""Faces as one array on disk: from a folder of one's own, from Kaggle (CelebA), or drawn ones.

Whatever the source, the pictures are cut to the square in their middle and written to one file in
data/faces/, which is then mapped into memory: the array may be larger than the memory.
"""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.base.errors import CourseError
from helpers.base.files import DATA, sha256, shipped
from helpers.data.kaggle import DATASET, archive_path, fetch_archive
from helpers.data.squares import NotEnough, Order, open_pictures, prepare, stored

CELEBA_COUNT = 202_599


@dataclass(frozen=True)
class Faces:
    """Pictures and where they are from.

    `images` is a read-only uint8 array (n, size, size, 3), mapped from the file `path`; `source` is
    "folder", "kaggle" or "drawn"; `description` says the same to a reader.
    """

    images: np.ndarray
    source: str
    description: str
    path: Path


def load_faces(
    count: int | None = 10_000,
    size: int = 128,
    network: bool = True,
    store: Path = DATA / "faces",
    patience: float = 60.0,
) -> Faces:
    """Return at most `count` faces (None: all) from the first source that works.

    That is the folder (or zip file) named by `GAN_FACES`; else CelebA, prepared earlier or fetched
    from Kaggle, the latter only with `network`; else the drawn faces that come with the course,
    taken at once for `GAN_FACES=drawn`. One printed line says which it was. A server that is
    silent for `patience` seconds is given up.
    """
    if size < 1 or (count is not None and count < 1):
        raise CourseError("Faces need a size and a count of at least 1.")
    choice = os.environ.get("GAN_FACES", "").strip()
    if choice and choice != "drawn":
        faces = _own_faces(Path(choice).expanduser(), count, size, store)
    else:
        celeba = None if choice else _celeba(count, size, network, store, patience)
        faces = celeba or _drawn_faces(count, size, store)
    print(faces.description)
    return faces


def _own_faces(place: Path, count: int | None, size: int, store: Path) -> Faces:
    """Return the pictures in a folder or a zip file; after a problem no other source is tried."""
    try:
        with open_pictures(place) as pictures:
            order = Order("folder", f"{place.resolve()} {pictures.digest()}", count, size)
            notes = stored(order, store) or prepare(order, pictures, store)
    except (CourseError, OSError) as problem:
        raise CourseError(f"GAN_FACES={place}: {problem}") from problem
    return _faces(order, notes, store, f"pictures from {place}")


def _celeba(
    count: int | None, size: int, network: bool, store: Path, patience: float
) -> Faces | None:
    """Return CelebA, or None after one printed sentence that says why not."""
    order = Order("kaggle", DATASET, count, size)
    # A few damaged pictures do not matter; an archive that lacks many is another one or broken.
    least = max(1, int(0.99 * min(count or CELEBA_COUNT, CELEBA_COUNT)))
    try:
        notes = stored(order, store)
        if notes is None:
            if not network and not zipfile.is_zipfile(archive_path(store)):
                return None
            with open_pictures(fetch_archive(store, patience)) as pictures:
                notes = prepare(order, pictures, store, least)
        return _faces(order, notes, store, "photographs of CelebA (Kaggle)")
    except NotEnough as problem:
        archive_path(store).unlink(missing_ok=True)
        print(f"CelebA is not used, and its archive was removed: {problem}")
    except (CourseError, OSError) as problem:
        print(f"CelebA is not used: {problem}")
    return None


def _drawn_faces(count: int | None, size: int, store: Path) -> Faces:
    """Return the cartoon faces that lie in data/."""
    drawn = shipped("drawn_faces.zip")
    order = Order("drawn", sha256(drawn), count, size)
    with open_pictures(drawn) as pictures:
        notes = stored(order, store) or prepare(order, pictures, store)
    return _faces(order, notes, store, "drawn cartoon faces (built in, not CelebA)")


def _faces(order: Order, notes: dict, store: Path, what: str) -> Faces:
    """Map the array into memory and put into words what it is."""
    path = order.path(store)
    images = np.load(path, mmap_mode="r")[: notes["count"]]
    left_out = ", ".join(f"{n} {reason}" for reason, n in sorted(notes["skipped"].items()))
    description = f"Faces: {len(images)} {what}, {order.size} x {order.size} pixels"
    description += f"; left out: {left_out}." if left_out else "."
    return Faces(images, order.source, description, path)
