"""A folder or zip file of your own pictures as a data set like that of the digits."""

import hashlib
import math
import os
import posixpath
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from helpers.base.errors import CourseError
from helpers.data.mnist import PictureSet
from helpers.data.squares import SUFFIXES, Archive, Folder, open_pictures, squares

ONE_IN = 10  # one in ten is kept for testing
MOST_OWN_BYTES = 2**31  # more would not fit into memory as floats


def load_images(folder: str | Path, size: int = 28, channels: int = 1) -> PictureSet:
    """Return the pictures in a folder as a data set, and print one line that says what it holds.

    `images` is uint8 (n, size, size) for `channels` = 1 (grey) and (n, size, size, 3) for 3
    (colour): the square in the middle of each picture, made smaller or larger. Taken are .jpg,
    .png, .webp and .bmp files in `folder` and the folders below it; a zip file will do as well.

    If the pictures lie in subfolders, these are the classes, in the order of their names; else
    there is one class, called like the folder, and all labels are 0. Folders that hold all of the
    pictures do not count. The order is a shuffled one that depends on the names of the files
    alone; one picture in ten, at least one, is kept for testing.

    Left out and counted in the printed line are files that are damaged or no pictures, colours
    other than 8-bit RGB or grey, sides below 16 pixels, more than 40 million pixels, and links out
    of the folder. CourseError is raised for another size or number of channels, for something that
    is no folder, and where fewer than two pictures are left.
    """
    if type(size) is not int or not 1 <= size <= 1024:
        raise CourseError(f"size={size!r} does not work: give a whole number from 1 to 1024.")
    if type(channels) is not int or channels not in (1, 3):
        raise CourseError(f"channels={channels!r} does not work: give 1 for grey or 3 for colour.")
    if not isinstance(folder, str | Path) or not str(folder).strip():
        raise CourseError(f"{folder!r} is not the name of a folder.")
    place = Path(folder).expanduser()
    title = _printable(place.resolve().name)
    try:
        with open_pictures(place) as pictures:
            links = pictures.drop_links_out() if isinstance(pictures, Folder) else 0
            images, names, left_out = _read_own(title, pictures, size, channels)
    except OSError as problem:
        raise CourseError(f"{title} cannot be read ({problem.strerror or problem}).") from None
    left_out["links out of the folder or to nowhere"] += links
    reasons = ", ".join(f"{count} {why}" for why, count in sorted(left_out.items()) if count)
    if len(names) < 2:
        raise CourseError(
            f"{title} holds too few pictures: {len(names)} can be used, at least 2 are needed; "
            + (f"left out: {reasons}." if reasons else f"looked for {', '.join(SUFFIXES)} files.")
        )
    classes = _classes(title, names)
    class_names = tuple(sorted(set(classes)))
    labels = torch.tensor([class_names.index(name) for name in classes])
    kept = max(1, len(names) // ONE_IN)
    some = ", ".join(class_names[:10]) + (", ..." if len(class_names) > 10 else "")
    word = "class" if len(class_names) == 1 else "classes"
    source = (
        f"Data: {len(names) - kept:,} pictures for training and {kept:,} for testing from {title}, "
        f"{size} x {size} pixels, {len(class_names)} {word} ({some})"
    )
    source += f"; left out: {reasons}" if reasons else ""
    print(source)
    return PictureSet(
        class_names, images[kept:], labels[kept:], images[:kept], labels[:kept], source
    )


def _read_own(
    title: str, pictures: Folder | Archive, size: int, channels: int
) -> tuple[torch.Tensor, list[str], Counter[str]]:
    """Return the pictures as one tensor, their names, and how many were left out and why."""
    names = sorted(pictures.names, key=lambda name: hashlib.sha256(os.fsencode(name)).digest())
    shape = (len(names), size, size) if channels == 1 else (len(names), size, size, 3)
    if math.prod(shape) > MOST_OWN_BYTES:
        raise CourseError(
            f"{len(names):,} pictures of {size} x {size} pixels from {title} would not fit into "
            "memory: choose a smaller size."
        )
    images = np.empty(shape, np.uint8)
    read: list[str] = []
    left_out: Counter[str] = Counter()
    found = squares(pictures, names, size)
    shown = tqdm(found, "pictures", len(names), leave=False, file=sys.stdout, delay=2)  # seconds
    for name, square in zip(names, shown, strict=True):
        if isinstance(square, str):
            left_out[square] += 1
        else:
            picture = Image.fromarray(square)
            images[len(read)] = np.asarray(picture.convert("L") if channels == 1 else picture)
            read.append(name)
    return torch.from_numpy(images[: len(read)]), read, left_out


def _classes(title: str, names: list[str]) -> list[str]:
    """Return the class of each picture: the first folder that does not hold all of them."""
    folders = [PurePosixPath(title, name.lstrip("/")).parent for name in names]
    shared = len(PurePosixPath(posixpath.commonpath(folders)).parts)
    return [_printable(f.parts[min(shared, len(f.parts) - 1)]) for f in folders]


def _printable(name: str) -> str:
    """Return a file name on one line and without what no text can hold."""
    return " ".join(name.encode(errors="replace").decode().split())
