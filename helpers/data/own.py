"""A folder or zip file of your own pictures as a data set like that of the digits."""

import hashlib
import os
import posixpath
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image

from helpers.base.errors import CourseError, printable
from helpers.base.progress import bar_file, tqdm
from helpers.base.variables import path_of
from helpers.data.mnist import PictureSet
from helpers.data.squares import Pictures, in_words, open_pictures, squares

ONE_IN = 10  # one in ten is kept for testing
MOST_OWN_BYTES = 2**31  # more would not fit into memory as floats


def load_images(folder: str | Path, size: int = 28, channels: int = 1) -> PictureSet:
    """Return the pictures in a folder as a data set, and print one line that says what it holds.

    `images` is uint8 (n, size, size) for `channels` = 1 (grey) and (n, size, size, 3) for 3
    (colour): the square in the middle of each picture in `folder`, which may be a zip file, and
    below it. Subfolders are the classes, except for those that hold all of the pictures. The names
    of the files alone shuffle them; one in ten is kept for testing.

    A picture is what Pillow opens, whatever its suffix; hidden files and those with a suffix of
    something else (.txt, .csv) are passed over. Left out and counted are others that cannot be
    opened (.heic), damaged ones, colours other than 8-bit RGB or grey, sides below 16 pixels, more
    than 40 million pixels, and links out of the folder. A wrong argument, a file that the system
    does not let read, and fewer than two pictures raise CourseError.
    """
    if not (isinstance(size, int) and 1 <= size <= 1024 and channels in (1, 3)):
        wanted = "a whole number from 1 to 1024, and 1 for grey or 3 for colour"
        raise CourseError(f"size={size!r}, channels={channels!r} does not work: give {wanted}.")
    if not folder:
        raise CourseError("Say in which folder your pictures are.")
    place = path_of(folder)
    title = printable(place.name)
    with open_pictures(place) as pictures:
        found, left_out = _read(pictures, size, channels)
    told = in_words(left_out)
    if len(found) < 2:
        few = f"{title} holds too few pictures: {len(found)} can be used, at least 2 are needed"
        raise CourseError(f"{few}{told}.")
    images = torch.from_numpy(np.stack(list(found.values())))
    names, numbers = np.unique(_classes(title, list(found)), return_inverse=True)
    class_names, labels = tuple(names.tolist()), torch.from_numpy(numbers)
    kept = max(1, len(found) // ONE_IN)
    some = ", ".join(class_names[:10]) + (", ..." if len(class_names) > 10 else "")
    source = (
        f"Data: {len(found) - kept:,} pictures for training and {kept:,} for testing from {title}, "
        f"{size} x {size} pixels, classes: {some}{told}"
    )
    print(source)
    parts = images[kept:], labels[kept:], images[:kept], labels[:kept]
    return PictureSet(class_names, source, *parts)


def _read(pictures: Pictures, size: int, channels: int) -> tuple[dict, Counter[str]]:
    """Return the pictures by their names, in a shuffled order, and how many lack and why."""
    names = sorted(
        pictures.marks.keys() - set(pictures.outside),
        key=lambda name: hashlib.sha256(os.fsencode(name)).digest(),
    )
    if len(names) * size**2 * channels > MOST_OWN_BYTES:
        many = f"{len(names):,} pictures of {size} x {size} pixels"
        raise CourseError(f"{many} would not fit into memory: choose a smaller size.")
    left_out = Counter(["links out of the folder or to nowhere"] * len(pictures.outside))
    found = squares(pictures, names, size, left_out)
    shown = tqdm(found, "pictures", len(names), leave=False, file=bar_file(), delay=2)  # seconds
    if channels == 3:
        return dict(shown), left_out
    return {n: np.asarray(Image.fromarray(square).convert("L")) for n, square in shown}, left_out


def _classes(title: str, names: list[str]) -> list[str]:
    """Return the class of each picture: the first folder that does not hold all of them."""
    folders = [PurePosixPath(title, name.lstrip("/")).parent for name in names]
    shared = len(PurePosixPath(posixpath.commonpath(folders)).parts)
    return [printable(f.parts[min(shared, len(f.parts) - 1)]) for f in folders]
