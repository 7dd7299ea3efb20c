"""The digits and clothes of lessons 02 and 03: where they come from, checked, as tensors."""

import gzip
import shutil
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import torch

from helpers.base.errors import CourseError
from helpers.base.files import DATA, is_sound, new_file, shipped
from helpers.base.variables import variable
from helpers.presets import Preset

SECONDS_TO_DOWNLOAD = 90  # then the built-in sample is used
SECONDS_OF_SILENCE = 15  # then a server is given up
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
        folder = Path(value).expanduser().resolve()
        if not folder.is_dir():
            raise CourseError(
                f"GAN_DATA={value} is no folder: name one that holds MNIST/raw, or leave it unset."
            )
        raw = _raw(folder, title)
        if not raw.is_dir():
            print(f"The folder of GAN_DATA holds no {raw.parent.name}/raw: looking elsewhere.")
        found = _read(raw, title, f"from {folder.name}")
    return found or _read(_raw(DATA, title), title, "from data")


def _from_download(title: str) -> Found | None:
    """Download into a temporary folder, check, then copy into `data/` if that can be written."""
    print(f"{title} is not in data: downloading it (for {SECONDS_TO_DOWNLOAD} s at most) ...")
    with tempfile.TemporaryDirectory(prefix="gan-course-") as temporary:
        raw, kept = _raw(Path(temporary), title), _raw(DATA, title)
        raw.mkdir(parents=True)
        if problem := _download(raw.parent.name, raw):
            print(f"The download did not work ({problem}).")
            return None
        if found := _read(raw, title, "downloaded"):
            try:
                kept.mkdir(parents=True, exist_ok=True)
                for name in FILES:
                    with new_file(kept / name) as part:
                        shutil.copyfile(raw / name, part)
            except OSError as error:
                print(f"It could not be kept in data ({error.strerror}).")
        return found


def _download(kind: str, raw: Path) -> str:
    """Download the four files into `raw`; return what went wrong, "" for nothing."""
    from torchvision import datasets  # for its addresses alone: its download knows no time limit

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


def _from_sample(name: str, title: str) -> Found:
    """Return the built-in sample; CourseError if it is missing or damaged."""
    with np.load(shipped(f"{name}_sample.npz")) as file:
        keys = ("images", "labels", "test_images", "test_labels")
        tensors = [torch.from_numpy(file[key]) for key in keys]
    tensors[1::2] = (labels.long() for labels in tensors[1::2])
    some = f"{len(tensors[0]):,} of the 60,000 training pictures of {title}"
    return some, "the built-in sample", tensors


def _unpack(packed: list[Path], title: str, where: str) -> Found | None:
    """Return the full data set from its four files as they are downloaded, packed."""
    with tempfile.TemporaryDirectory(prefix="gan-course-") as temporary:
        raw = _raw(Path(temporary), title)
        raw.mkdir(parents=True)
        for path in packed:
            try:
                (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
            except (OSError, EOFError, zlib.error):
                print(f"{path.name}, {where}, is damaged and is not used.")
                return None
        return _read(raw, title, where)


def _read(raw: Path, title: str, where: str) -> Found | None:
    """Return the full data set if its four files are in `raw` and sound; name damaged ones."""
    packed = [path for name in FILES if (path := raw / f"{name}.gz").is_file()]
    found = [path for name in FILES if (path := raw / name).is_file()]
    if len(packed) == len(FILES) and not found:
        return _unpack(packed, title, where)
    bad = [p.name for p in found if not is_sound(p, f"{raw.parent.name}/raw/{p.name}")]
    for name in bad:
        print(f"{name}, {where}, is damaged and is not used.")
    if bad or len(found) < len(FILES):
        return None
    from torchvision.datasets.mnist import read_image_file, read_label_file

    readers = (read_image_file, read_label_file) * 2
    tensors = [read(str(path)) for read, path in zip(readers, found, strict=True)]
    return f"all {len(tensors[0]):,} training pictures of {title}", where, tensors
