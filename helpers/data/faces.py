"""Faces as one array on disk: photographs of two data sets, drawn ones, or pictures of one's own.

The squares in the middle of the pictures are written to one file in data/faces/, which is then
mapped into memory: the array may be larger than the memory.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from helpers.base.errors import CourseError
from helpers.base.files import own_folder, shipped
from helpers.base.variables import path_of, variable
from helpers.data.kaggle import apart, celeba
from helpers.data.prepared import prepare, stored
from helpers.data.squares import NotEnough, in_words, open_pictures

FEWEST = 100  # for the lesson


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
    """Return at most `count` faces (None: all) and print one line that says which they are.

    `GAN_FACES` says which: `celeba`, `lfw` (Labeled Faces in the Wild: the middle of each picture,
    which the face fills as in CelebA), `drawn` (cartoons that come with the course), or a folder or
    zip file. Where it is not set: CelebA, else Labeled Faces in the Wild; without `network` the
    drawn ones. CourseError if these cannot be had, or fewer than 100 of them.

    A server that is silent for `patience` seconds is given up. Arrays and downloads are kept in
    `store`, as a rule `data/faces/`, and used again.
    """
    store = store or own_folder("faces")
    choice = variable("GAN_FACES")
    names = [choice] if choice else ["celeba", "lfw"] if network else ["drawn"]
    for name in names:
        try:
            store.mkdir(parents=True, exist_ok=True)
            faces = _load(name, count, size, store, patience)
            print(faces.description)
            return faces
        except (CourseError, OSError) as problem:
            why = str(problem)
            if isinstance(problem, OSError):
                why = f"{problem.filename or store} cannot be used ({problem.strerror or problem})"
                why += ": see that there is room and that you may write there."
            if len(names) == 1:
                raise CourseError(f"GAN_FACES={name}: {why}") from problem
            print(f"GAN_FACES={name} does not work: {why}")
    raise CourseError(
        "No photographs can be had: set GAN_FACES=drawn, or GAN_FACES to a folder of pictures, or "
        "KAGGLE_API_TOKEN to a token of your account at Kaggle."
    )


def _load(name: str, count: int | None, size: int, store: Path, patience: float) -> Faces:
    """Return the faces that a value of `GAN_FACES` names."""
    kind, shape = name.lower(), f"{size}px-{count or 'all'}.npy"
    if kind in PHOTOGRAPHS:
        what, among, changes, places = PHOTOGRAPHS[kind]
        path = store / f"{kind}-{shape}"
        notes = stored(path) or _prepare(path, places(store, patience), among, changes, count, size)
    else:
        drawn = kind == "drawn"
        place = shipped("drawn_faces.zip") if drawn else path_of(name)
        what = "drawn cartoon faces (built in, not CelebA)" if drawn else f"pictures from {place}"
        with open_pictures(place) as pictures:
            origin = hashlib.sha256(ascii((place, pictures.digest())).encode()).hexdigest()
            path = store / f"files-{origin[:8]}-{shape}"
            least = min(count or FEWEST, FEWEST)
            notes = prepare(path, pictures, count, size, least)
    images = np.load(path, mmap_mode="r")[: notes["count"]]
    told = f"{what}, {size} x {size} pixels{in_words(notes['skipped'])}"
    return Faces(images, f"Faces: {len(images):,} {told}.")


def _prepare(
    path: Path, places: Iterable[Path], among: int, changes: dict, count: int | None, size: int
) -> dict:
    """Make the array of the first place that holds enough of `among` pictures; return its notes."""
    # A few damaged pictures do not matter; a place that lacks many has others or is broken.
    least = max(1, int(0.99 * min(count or among, among)))
    for place in places:
        try:
            with open_pictures(place) as pictures:
                return prepare(path, replace(pictures, **changes), count, size, least)
        except NotEnough as problem:
            ours = place.parent == path.parent  # a download, which would be in the way of the next
            print(f"{place} is {'removed' if ours else 'not used'}: {problem}")
            if ours:
                shutil.rmtree(place) if place.is_dir() else place.unlink()
    raise CourseError("no place has enough sound pictures of it: try again later.")


def _lfw(store: Path, patience: float) -> Iterator[Path]:
    """Yield the folder of Labeled Faces in the Wild, downloaded unless it is in `store`."""
    folder = store / "lfw"
    if not folder.is_dir():
        print("Downloading Labeled Faces in the Wild, about 230 MB ...")
        with tempfile.TemporaryDirectory(prefix="lfw-", dir=store) as part:
            apart(_download_lfw, Path(part), patience)
            Path(part, "lfw_home", "lfw_funneled").replace(folder)
    yield folder


def _download_lfw(folder: str) -> None:
    """Download Labeled Faces in the Wild, check its SHA-256 and unpack it; run by `apart`."""
    from sklearn.datasets import fetch_lfw_people

    try:
        # Everybody is unpacked; read are only the pictures of the one person who has so many.
        fetch_lfw_people(data_home=folder, min_faces_per_person=500, resize=0.1)
    except Exception as error:  # whatever server, disk and contents may lead to
        why = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise CourseError(f"the download failed ({why}): try again later.") from error


# What they are, how many there are, what is changed about `Pictures`, how to find them.
PHOTOGRAPHS: dict[str, tuple[str, int, dict, Callable[[Path, float], Iterator[Path]]]] = {
    "celeba": ("photographs of CelebA (Kaggle)", 202_599, {}, celeba),
    "lfw": (
        "photographs of Labeled Faces in the Wild (which has 13,233 of 5,749 people)",
        13_233,
        # The eyes are about 42 of 250 pixels apart, in CelebA 38 of 178. The names are of people,
        # one of whom has 530 pictures: shuffled, the last ones are like the first ones.
        {"middle": 0.76, "order": lambda name: hashlib.sha256(name.encode()).hexdigest()},
        _lfw,
    ),
}
