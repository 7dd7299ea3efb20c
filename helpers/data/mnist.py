"""The digits and clothes of lessons 02 and 03: where they come from, checked, as tensors.

The first source that works is taken: files that are already there, a download, the built-in sample.
"""

import gzip
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import torch

from helpers.base.errors import CourseError
from helpers.base.files import DATA, is_sound, new_file, shipped
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
    source: str
    images: torch.Tensor
    labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


@dataclass(frozen=True)
class Catalogue:
    """What is known of a data set; `kind` is torchvision's name of it and that of its folder."""

    title: str
    kind: str
    class_names: tuple[str, ...]


CLOTHES = "T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot"
CATALOGUES = {
    "digits": Catalogue("MNIST", "MNIST", tuple("0123456789")),
    "clothes": Catalogue("Fashion-MNIST", "FashionMNIST", tuple(CLOTHES.split(", "))),
}


def load_pictures(name: str, preset: Preset) -> PictureSet:
    """Return the data set `name` ("digits" or "clothes") and print one line that says which.

    Sources, in order: the folder named by `GAN_DATA`, `data/`, a download from where torchvision
    has it from, the sample that lies in `data/`. The level `smoke` takes the sample at once.
    Whatever is wrong with a source is printed; CourseError is raised for an unknown name, a wrong
    `GAN_DATA` and a damaged sample.
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
    """Return the full data set from the folder of `GAN_DATA`, else from `data/`."""
    pictures = None
    if value := os.environ.get("GAN_DATA", "").strip():
        folder = Path(value).expanduser().resolve()
        if not folder.is_dir():
            raise CourseError(
                f"GAN_DATA={value} is no folder: name one that holds MNIST/raw or "
                "FashionMNIST/raw, or leave it unset."
            )
        if not (folder / catalogue.kind / "raw").is_dir():
            print(f"The folder of GAN_DATA holds no {catalogue.kind}/raw: looking elsewhere.")
        pictures = _read(folder, catalogue, f"from {folder.name}")
    return pictures or _read(DATA, catalogue, "from data")


def _from_download(catalogue: Catalogue) -> PictureSet | None:
    """Download into a temporary folder, check, then copy into `data/` if that can be written."""
    print(
        f"{catalogue.title} is not in data: downloading it "
        f"(for {SECONDS_TO_DOWNLOAD} s at most) ..."
    )
    with tempfile.TemporaryDirectory(prefix="gan-course-") as temporary:
        raw, kept = (Path(folder, catalogue.kind, "raw") for folder in (temporary, DATA))
        raw.mkdir(parents=True)
        if problem := _download(catalogue.kind, raw):
            print(f"The download did not work ({problem}).")
            return None
        if pictures := _read(Path(temporary), catalogue, "downloaded"):
            try:
                kept.mkdir(parents=True, exist_ok=True)
                for name in FILES:
                    with new_file(kept / name) as part:
                        shutil.copyfile(raw / name, part)
            except OSError as error:
                print(f"It could not be kept in data ({error.strerror}).")
        return pictures


def _download(kind: str, raw: Path) -> str:
    """Download the four files into `raw`; return what went wrong, "" for nothing.

    torchvision's own download knows no time limit, so only its addresses are used.
    """
    from torchvision import datasets

    end = time.monotonic() + SECONDS_TO_DOWNLOAD
    for name in FILES:
        for mirror in getattr(datasets, kind).mirrors:
            try:
                packed = _fetch(f"{mirror}{name}.gz", end)
                (raw / name).write_bytes(gzip.decompress(packed))
                break
            except Exception as error:  # whatever server, disk and contents may lead to
                problem = str(error) or type(error).__name__
        else:
            return problem
    return ""


def _fetch(address: str, end: float) -> bytes:
    """Return what lies at an address; OSError where it is not all there at the time `end`."""
    content = bytearray()
    with urlopen(address, timeout=SECONDS_OF_SILENCE) as answer:
        while time.monotonic() < end:
            if not (block := answer.read1(2**20)):
                return bytes(content)
            content += block
    raise TimeoutError(f"not done after {SECONDS_TO_DOWNLOAD} s")


def _from_sample(name: str, catalogue: Catalogue) -> PictureSet:
    """Return the built-in sample; CourseError if it is missing or damaged."""
    with np.load(shipped(f"{name}_sample.npz")) as file:
        keys = ("images", "labels", "test_images", "test_labels")
        tensors = [torch.from_numpy(file[key]) for key in keys]
    tensors = [tensor.long() if tensor.ndim == 1 else tensor for tensor in tensors]
    some = f"{len(tensors[0]):,} of the 60,000 training pictures of {catalogue.title}"
    return PictureSet(catalogue.class_names, f"Data: the built-in sample, {some}", *tensors)


def _read(folder: Path, catalogue: Catalogue, where: str) -> PictureSet | None:
    """Return the full data set if its four files are in `folder` and sound; name damaged ones."""
    found = [folder / catalogue.kind / "raw" / name for name in FILES]
    found = [path for path in found if path.is_file()]
    bad = [path for path in found if not is_sound(path, f"{catalogue.kind}/raw/{path.name}")]
    for path in bad:
        print(f"{path.name}, {where}, is damaged and is not used.")
    if bad or len(found) < len(FILES):
        return None
    from torchvision.datasets.mnist import read_image_file, read_label_file

    readers = (read_image_file, read_label_file) * 2
    tensors = [read(str(path)) for read, path in zip(readers, found, strict=True)]
    source = f"Data: all {len(tensors[0]):,} training pictures of {catalogue.title}, {where}"
    return PictureSet(catalogue.class_names, source, *tensors)
