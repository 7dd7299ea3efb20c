"""The digits and clothes of lessons 02 and 03: where they come from, checked, as tensors."""

import contextlib
import gzip
import hashlib
import io
import os
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import torch

from helpers.base.errors import CourseError, printable
from helpers.base.files import DATA, is_known, new_file, shipped
from helpers.base.variables import path_of, variable
from helpers.presets import Preset

SECONDS_TO_DOWNLOAD = 90  # then the built-in sample is used
SECONDS_OF_SILENCE = 15  # then a server is given up
MOST_BYTES = 2**26  # that are unpacked: the largest file has 47 million
KINDS = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
FILES = tuple(f"{kind}-ubyte" for kind in KINDS)
CLOTHES = "T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot"
CATALOGUES = {  # title and names of the classes
    "digits": ("MNIST", tuple("0123456789")),
    "clothes": ("Fashion-MNIST", tuple(CLOTHES.split(", "))),
}
Found = tuple[str, str, list[torch.Tensor]]  # what, from where, what `PictureSet` has of tensors


@dataclass(frozen=True)
class PictureSet:
    """Pictures with labels, for training and for testing, and in words which they are.

    Pictures are uint8 (n, height, width), in colour (n, height, width, 3), labels int64 (n,).
    """

    class_names: tuple[str, ...]
    source: str
    images: torch.Tensor
    labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


def load_pictures(name: str, preset: Preset) -> PictureSet:
    """Return the data set `name` ("digits" or "clothes") and print one line that says which.

    The first source that works is taken: the folder named by `GAN_DATA`, `data/`, a download from
    where torchvision has it from, the sample that lies in `data/` (at once for the level `smoke`).
    Whatever is wrong with a source is printed; CourseError is raised for an unknown name, a wrong
    `GAN_DATA` and a damaged sample.
    """
    if name not in CATALOGUES:
        raise CourseError(f"{name} is not a data set: choose one of {', '.join(CATALOGUES)}.")
    title, class_names = CATALOGUES[name]
    found = None
    if preset.level != "smoke":
        found = _from_folders(title) or _from_download(title)
    what, where, tensors = found or _from_sample(name, title)
    if preset.images:
        tensors[:2] = (tensor[: preset.images] for tensor in tensors[:2])
        what = f"the first {preset.images:,} of {what}"
    print(f"Data: {what}, {where}")
    return PictureSet(class_names, what, *tensors)


def _raw(folder: Path, title: str) -> Path:
    """Return where torchvision keeps the files of a data set below `folder`."""
    return folder / title.replace("-", "") / "raw"


def _from_folders(title: str) -> Found | None:
    """Return the full data set from the folder of `GAN_DATA`, else from `data/`."""
    found = None
    if value := variable("GAN_DATA"):
        folder = path_of(value)
        if not folder.is_dir():
            raise CourseError(
                f"GAN_DATA={value} is no folder: name one that holds MNIST/raw, or leave it unset."
            )
        raw = _raw(folder, title)
        if not os.path.isdir(raw):
            print(f"The folder of GAN_DATA holds no {raw.parent.name}/raw: looking elsewhere.")
        found = _read(raw, title, f"from {printable(folder.name)}")
    return found or _read(_raw(DATA, title), title, "from data")


def _read(raw: Path, title: str, where: str) -> Found | None:
    """Return the full data set if its files are in `raw`, packed or not; name those of no use."""
    contents = {}
    for name in FILES:
        for path in (raw / name, raw / f"{name}.gz"):
            if name in contents or not os.path.isfile(path):
                continue
            try:
                content = path.read_bytes()
            except OSError as problem:  # the file may be sound
                print(f"{path.name}, {where}, cannot be read ({problem.strerror}).")
                continue
            with contextlib.suppress(OSError, EOFError, zlib.error):
                content = _unpacked(content) if path.suffix else content
            if _is_sound(content, name, title):
                contents[name] = content
            else:
                print(f"{path.name}, {where}, is damaged and is not used.")
    return _as_tensors(contents, title, where)


def _is_sound(content: bytes, name: str, title: str) -> bool:
    """Tell whether this is the file of that name."""
    return is_known(hashlib.sha256(content).hexdigest(), f"{title.replace('-', '')}/raw/{name}")


def _as_tensors(contents: dict[str, bytes], title: str, where: str) -> Found | None:
    """Return the full data set if all four files are there, of which each is known to be sound."""
    if len(contents) < len(FILES):
        return None
    tensors = []
    for name in FILES:  # MNIST's format: numbers of 4 bytes, of which the third byte counts, bytes
        content = bytearray(contents[name])  # which a tensor may change
        sizes = np.frombuffer(content, ">i4", content[3], 4).tolist()
        values = torch.frombuffer(content, dtype=torch.uint8, offset=4 + 4 * len(sizes))
        tensors.append(values.reshape(sizes))
    tensors[1::2] = (labels.long() for labels in tensors[1::2])
    return f"all {len(tensors[0]):,} training pictures of {title}", where, tensors


def _from_download(title: str) -> Found | None:
    """Download, check, then keep it in `data/` if that can be written."""
    print(f"{title} is not in data: downloading it (for {SECONDS_TO_DOWNLOAD} s at most) ...")
    contents = _download(title)
    found = _as_tensors(contents, title, "downloaded")
    if found:
        kept = _raw(DATA, title)
        try:
            kept.mkdir(parents=True, exist_ok=True)
            for name, content in contents.items():
                with new_file(kept / name) as part:
                    part.write_bytes(content)
        except OSError as error:
            print(f"It could not be kept in data ({error.strerror}).")
    return found


def _download(title: str) -> dict[str, bytes]:
    """Return the four files; those before the first one that cannot be had, which is named."""
    from torchvision import datasets  # for its addresses alone: its download knows no time limit

    end, contents = time.monotonic() + SECONDS_TO_DOWNLOAD, {}
    for name in FILES:
        for mirror in getattr(datasets, title.replace("-", "")).mirrors:
            try:
                content = _unpacked(_fetch(f"{mirror}{name}.gz", end))
                if not _is_sound(content, name, title):
                    raise ValueError(f"{name}.gz is damaged")
                contents[name] = content
                break
            except Exception as error:  # whatever server and contents may lead to
                problem = printable(str(error)) or type(error).__name__
        else:
            print(f"The download did not work ({problem}).")
            break
    return contents


def _unpacked(packed: bytes) -> bytes:
    """Return what a gzip file holds."""
    return gzip.GzipFile(fileobj=io.BytesIO(packed)).read(MOST_BYTES)


def _fetch(address: str, end: float) -> bytes:
    """Return what lies at an address; OSError where it is not all there at the time `end`."""
    content = bytearray()
    with urlopen(address, timeout=SECONDS_OF_SILENCE) as answer:
        while time.monotonic() < end:
            if not (block := answer.read1(2**20)):
                return bytes(content)
            content += block
    raise TimeoutError(f"not done after {SECONDS_TO_DOWNLOAD} s")


def _from_sample(name: str, title: str) -> Found:
    """Return the built-in sample; CourseError if it is missing or damaged."""
    with np.load(shipped(f"{name}_sample.npz")) as file:
        keys = ("images", "labels", "test_images", "test_labels")
        tensors = [torch.from_numpy(file[key]) for key in keys]
    tensors[1::2] = (labels.long() for labels in tensors[1::2])
    some = f"{len(tensors[0]):,} of the 60,000 training pictures of {title}"
    return some, "the built-in sample", tensors
