"""The digits and clothes of lessons 02 and 03: where they come from, checked, as tensors.

The first source that works is taken: files that are already there, a download, the built-in sample.
"""

import contextlib
import io
import os
import shutil
import socket
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from helpers.base.errors import CourseError
from helpers.base.files import DATA, new_file, sha256, shipped
from helpers.presets import Preset

SECONDS_TO_DOWNLOAD = 90  # then the built-in sample is used
SECONDS_OF_SILENCE = 15  # then a server is given up
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class PictureSet:
    """Pictures with labels: uint8 (n, height, width) and int64 (n,), for training and for testing.

    Own pictures in colour are uint8 (n, height, width, 3): see `helpers.data.own`. `source` says in
    one line where they come from.
    """

    class_names: tuple[str, ...]
    images: torch.Tensor
    labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    source: str


@dataclass(frozen=True)
class Catalogue:
    """What is known of a data set: torchvision's class, and the SHA-256 of each of the FILES."""

    title: str
    kind: str
    class_names: tuple[str, ...]
    hashes: tuple[str, ...]


CATALOGUES = {
    "digits": Catalogue(
        title="MNIST",
        kind="MNIST",
        class_names=tuple("0123456789"),
        hashes=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "clothes": Catalogue(
        title="Fashion-MNIST",
        kind="FashionMNIST",
        class_names=(
            "T-shirt",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
        hashes=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
}


def load_pictures(name: str, preset: Preset) -> PictureSet:
    """Return the data set `name` ("digits" or "clothes") and print one line that says which.

    Sources, in order: the folder named by `GAN_DATA`, `data/`, a download through torchvision,
    the sample that lies in `data/`. The level `smoke` takes the sample at once. Whatever is wrong
    with a source is printed; CourseError is raised for an unknown name, a wrong `GAN_DATA` and a
    damaged sample.
    """
    if name not in CATALOGUES:
        raise CourseError(f"{name} is not a data set: choose one of {', '.join(CATALOGUES)}.")
    catalogue = CATALOGUES[name]
    pictures = None
    if preset.level != "smoke":
        pictures = _from_folders(catalogue) or _from_download(catalogue)
    pictures = pictures or _from_sample(name, catalogue)
    if preset.images:
        images, labels = pictures.images[: preset.images], pictures.labels[: preset.images]
        source = f"{pictures.source}; the first {preset.images:,} of them"
        pictures = replace(pictures, images=images, labels=labels, source=source)
    print(pictures.source)
    return pictures


def _from_folders(catalogue: Catalogue) -> PictureSet | None:
    """Return the full data set from the first folder whose four files are sound."""
    mine = _user_folder()
    if mine and not (mine / catalogue.kind / "raw").is_dir():
        print(f"The folder of GAN_DATA holds no {catalogue.kind}/raw: looking elsewhere.")
    for folder in filter(None, (mine, DATA)):
        raw = folder / catalogue.kind / "raw"
        if _sound(raw, catalogue):
            return _read(raw, catalogue, f"from {_short(folder)}")
    return None


def _user_folder() -> Path | None:
    """Return the folder named by `GAN_DATA`; CourseError if it is none."""
    value = os.environ.get("GAN_DATA", "").strip()
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        what = "a file, not a folder" if folder.exists() else "not there"
        raise CourseError(
            f"GAN_DATA={value} is {what}: name a folder that holds MNIST/raw or "
            "FashionMNIST/raw, or leave it unset."
        )
    return folder


def _from_download(catalogue: Catalogue) -> PictureSet | None:
    """Download into a temporary folder, check, then move into `data/` if that can be written."""
    print(
        f"{catalogue.title} is not in {_short(DATA)}: downloading it "
        f"(for {SECONDS_TO_DOWNLOAD} s at most) ..."
    )
    # What cannot be removed is a file that a download without end still writes to.
    with tempfile.TemporaryDirectory(prefix="gan-course-", ignore_cleanup_errors=True) as temporary:
        problem = _download(catalogue.kind, temporary)
        fresh = Path(temporary, catalogue.kind, "raw")
        if not problem and not _sound(fresh, catalogue):
            problem = "what came is not the data set"
        if problem:
            print(f"The download did not work ({problem}).")
            return None
        pictures = _read(fresh, catalogue, "downloaded")
        try:
            kept = DATA / catalogue.kind / "raw"
            kept.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                with new_file(kept / name) as part:
                    shutil.copyfile(fresh / name, part)
        except OSError as error:
            print(f"It could not be kept in {_short(DATA)} ({error.strerror}).")
    return pictures


def _download(kind: str, folder: str) -> str:
    """Let torchvision download into `folder`; return what went wrong, "" for nothing.

    The time limit of sockets ends a server that is silent, but not one that sends a byte now and
    then. So a thread does the work, and is left alone when the time is over: it breaks off after
    the file that it waits for, as there is no other address and no folder any more.
    """
    problems, addresses = [f"not done after {SECONDS_TO_DOWNLOAD} s"], []

    def work() -> None:
        try:
            from torchvision import datasets

            dataset = getattr(datasets, kind)
            addresses.extend(dataset.mirrors)
            # It must be called the same: torchvision names the folder after the class.
            type(kind, (dataset,), {"mirrors": addresses})(folder, download=True)
            problems.clear()
        except Exception as error:  # whatever server, disk and contents may lead to
            problems.extend(f"{type(error).__name__}\n{error}".strip().splitlines()[-1:])

    thread, before = threading.Thread(target=work, daemon=True), socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_OF_SILENCE)
    bars = io.StringIO()  # torchvision's progress bars, which nobody sees
    try:
        with contextlib.redirect_stdout(bars), contextlib.redirect_stderr(bars):
            thread.start()
            thread.join(SECONDS_TO_DOWNLOAD)
    finally:
        addresses.clear()
        socket.setdefaulttimeout(before)
    return "".join(problems[-1:])[:200]


def _from_sample(name: str, catalogue: Catalogue) -> PictureSet:
    """Return the built-in sample; CourseError if it is missing or damaged."""
    with np.load(shipped(f"{name}_sample.npz")) as file:
        arrays = [file[key] for key in ("images", "labels", "test_images", "test_labels")]
    what = f"the built-in sample, {len(arrays[0]):,} of the 60,000 training pictures"
    return _picture_set(catalogue, arrays, f"Data: {what} of {catalogue.title}")


def _read(raw: Path, catalogue: Catalogue, where: str) -> PictureSet:
    """Read the four checked files; torchvision's classes might take other files beside them."""
    heads, shapes = (16, 8) * 2, ((-1, 28, 28), -1) * 2  # four numbers come first, or two
    arrays = [
        np.fromfile(raw / name, np.uint8, offset=head).reshape(shape)
        for name, head, shape in zip(FILES, heads, shapes, strict=True)
    ]
    source = f"Data: all {len(arrays[0]):,} training pictures of {catalogue.title}, {where}"
    return _picture_set(catalogue, arrays, source)


def _picture_set(catalogue: Catalogue, arrays: list[np.ndarray], source: str) -> PictureSet:
    """Make tensors of images, labels, test images and test labels."""
    images, labels, test_images, test_labels = map(torch.from_numpy, arrays)
    return PictureSet(
        catalogue.class_names, images, labels.long(), test_images, test_labels.long(), source
    )


def _sound(folder: Path, catalogue: Catalogue) -> bool:
    """Tell whether all files are there and unaltered; a broken one is moved aside and named."""
    sound = True
    for name, digest in zip(FILES, catalogue.hashes, strict=True):
        path = folder / name
        if not path.is_file():
            sound = False
        elif sha256(path) != digest:
            sound = False
            with contextlib.suppress(OSError):  # where nothing may be written
                os.replace(path, path.with_name(f"{name}.broken"))
            aside = "" if path.exists() else f": it is now called {name}.broken"
            print(f"{_short(path)} is damaged and is not used{aside}.")
    return sound


def _short(path: Path) -> str:
    """Name a path without the folders above the course, so that no output shows them."""
    root = DATA.parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name
