"""Pictures for lessons 02 and 03: where they come from, checked, as tensors.

Of digits and clothes the first source that works is taken: files that are already there, a
download, the built-in sample. `load_images` makes the same of a folder of your own pictures.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from helpers.base.errors import CourseError
from helpers.base.files import DATA, sha256
from helpers.presets import Preset

SECONDS_TO_DOWNLOAD = 90  # then the built-in sample is used
ONE_IN = 10  # own pictures: one in ten is kept for testing
MOST_OWN_BYTES = 2**31  # own pictures: more would not fit into memory as floats


@dataclass(frozen=True)
class PictureSet:
    """Pictures with labels: uint8 (n, height, width) and int64 (n,), for training and for testing.

    Own pictures in colour are uint8 (n, height, width, 3): see `load_images`. `source` says in one
    line where they come from.
    """

    class_names: tuple[str, ...]
    images: torch.Tensor
    labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    source: str


@dataclass(frozen=True)
class Catalogue:
    """What is known of a data set: torchvision's class, class names, SHA-256 and size of its files.

    `download` may replace torchvision's own `mirrors` and `resources` (tests do so).
    """

    title: str
    kind: str
    class_names: tuple[str, ...]
    files: dict[str, tuple[int, str]]
    sample: tuple[str, str]
    download: dict | None = None


def _idx_files(*hashes: str) -> dict[str, tuple[int, str]]:
    """Name the four files of MNIST's format with their sizes in bytes and the given SHA-256."""
    sizes = {
        "train-images-idx3-ubyte": 47_040_016,
        "train-labels-idx1-ubyte": 60_008,
        "t10k-images-idx3-ubyte": 7_840_016,
        "t10k-labels-idx1-ubyte": 10_008,
    }
    return {name: (sizes[name], digest) for name, digest in zip(sizes, hashes, strict=True)}


CATALOGUES = {
    "digits": Catalogue(
        title="MNIST",
        kind="MNIST",
        class_names=tuple("0123456789"),
        files=_idx_files(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        sample=(
            "digits_sample.npz",
            "2aece7753ae7c4ef864ce0296b726ff2f9a7d6abb850c025e72486dc4e7aa299",
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
        files=_idx_files(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        sample=(
            "clothes_sample.npz",
            "8482b8ddce47c2d70505e726c7425d5a086894e4daa6cabc50fd3824adb44619",
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
        folders = [DATA] if user_folder() is None else [user_folder(), DATA]
        pictures = _from_folders(catalogue, folders) or _from_download(catalogue)
    pictures = pictures or _from_sample(catalogue)
    if preset.images:
        images, labels = pictures.images[: preset.images], pictures.labels[: preset.images]
        source = f"{pictures.source}; the first {preset.images:,} of them"
        pictures = replace(pictures, images=images, labels=labels, source=source)
    print(pictures.source)
    return pictures


def user_folder() -> Path | None:
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


def _from_folders(catalogue: Catalogue, folders: list[Path]) -> PictureSet | None:
    """Return the full data set from the first folder whose four files are sound."""
    for folder in folders:
        if folder != DATA and not (folder / catalogue.kind / "raw").is_dir():
            print(f"The folder of GAN_DATA holds no {catalogue.kind}/raw: looking elsewhere.")
        if _sound(folder / catalogue.kind / "raw", catalogue.files):
            return _read(catalogue, folder, f"from {_short(folder)}")
    return None


def _from_download(catalogue: Catalogue) -> PictureSet | None:
    """Download into a temporary folder, check, then move into `data/` if that can be written."""
    print(
        f"{catalogue.title} is not in {_short(DATA)}: downloading it "
        f"(for {SECONDS_TO_DOWNLOAD} s at most) ..."
    )
    with tempfile.TemporaryDirectory(prefix="gan-course-") as temporary:
        error = _download(catalogue, temporary)
        fresh = Path(temporary) / catalogue.kind / "raw"
        if error is None and not _sound(fresh, catalogue.files):
            error = "what came is not the data set"
        if error:
            print(f"The download did not work ({error}).")
            return None
        pictures = _read(catalogue, Path(temporary), "downloaded")
        try:
            _store(fresh, DATA / catalogue.kind / "raw", catalogue.files)
        except OSError as problem:
            print(f"It could not be kept in {_short(DATA)} ({problem.strerror}).")
    return pictures


def _download(catalogue: Catalogue, folder: str) -> str | None:
    """Let torchvision download into `folder`; return what went wrong, or None.

    It runs as a process of its own, which can be ended: torchvision knows no time limit.
    """
    script = (
        "import json, socket, sys; from torchvision import datasets; socket.setdefaulttimeout(15);"
        "kind = getattr(datasets, sys.argv[1]);"
        "[setattr(kind, k, v) for k, v in (json.loads(sys.argv[3]) or {}).items()];"
        "kind(sys.argv[2], download=True)"
    )
    arguments = [catalogue.kind, folder, json.dumps(catalogue.download)]
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            timeout=SECONDS_TO_DOWNLOAD,
            capture_output=True,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {SECONDS_TO_DOWNLOAD} s"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"exit status {done.returncode}"


def _store(source: Path, target: Path, files: dict[str, tuple[int, str]]) -> None:
    """Copy sound files to `target`, each under a temporary name first."""
    target.mkdir(parents=True, exist_ok=True)
    for name in files:
        part = target / f"{name}.part"
        try:
            part.write_bytes((source / name).read_bytes())
            os.replace(part, target / name)
        finally:
            part.unlink(missing_ok=True)


def _from_sample(catalogue: Catalogue) -> PictureSet:
    """Return the built-in sample; CourseError if it is missing or damaged."""
    name, digest = catalogue.sample
    path = DATA / name
    if not path.is_file() or sha256(path) != digest:
        raise CourseError(
            f"data/{name} is missing or damaged: get it back with `git checkout data/{name}`."
        )
    with np.load(path, allow_pickle=False) as arrays:
        tensors = {key: torch.from_numpy(arrays[key]) for key in arrays.files}
    return PictureSet(
        catalogue.class_names,
        tensors["images"],
        tensors["labels"].long(),
        tensors["test_images"],
        tensors["test_labels"].long(),
        f"Data: the built-in sample, {len(tensors['images']):,} of the 60,000 training pictures "
        f"of {catalogue.title}",
    )


def _read(catalogue: Catalogue, folder: Path, where: str) -> PictureSet:
    """Read the four checked files; torchvision's classes might take other files beside them."""
    from torchvision.datasets.mnist import read_image_file, read_label_file

    paths = [str(folder / catalogue.kind / "raw" / name) for name in catalogue.files]
    images, labels, test_images, test_labels = (
        read(path) for read, path in zip((read_image_file, read_label_file) * 2, paths, strict=True)
    )
    source = f"Data: all {len(images):,} training pictures of {catalogue.title}, {where}"
    return PictureSet(catalogue.class_names, images, labels, test_images, test_labels, source)


def _sound(folder: Path, files: dict[str, tuple[int, str]]) -> bool:
    """Tell whether all files are there and unaltered; a broken one is moved aside and named."""
    sound = True
    for name, (size, digest) in files.items():
        path = folder / name
        if not path.is_file():
            sound = False
        elif path.stat().st_size != size or sha256(path) != digest:
            sound = False
            print(f"{_short(path)} is damaged and is not used{_move_aside(path)}.")
    return sound


def _move_aside(path: Path) -> str:
    """Rename a broken file; return what became of it, to end a sentence with."""
    aside = path.with_name(f"{path.name}.broken")
    try:
        os.replace(path, aside)
    except OSError:
        return ""
    return f": it is now called {aside.name}"


def _short(path: Path) -> str:
    """Name a path without the folders above the course, so that no output shows them."""
    root = DATA.parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name
