"""Disks that are full or closed, under everything that the course writes."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from helpers.base import files
from helpers.data import faces, mnist, own
from helpers.presets import PRESETS
from tests.data.pictures import portrait, write, zipped
from tests.drill import runs, servers
from tests.drill.trials import Kind, contents, end_apart, expect, folder, variables

PICTURES = {f"{i}.jpg": portrait(i) for i in range(120)}
ROOM = 2**16  # kB
WORDS = re.compile(r"cannot be written|could not be kept|cannot be read|not work|cannot be used")


def mount(*arguments: object) -> bool:
    """Call `mount`; tell whether it worked, as it does for root alone."""
    with contextlib.suppress(OSError):
        command = ["mount", *map(str, arguments)]
        return not subprocess.run(command, capture_output=True).returncode
    return False


@contextlib.contextmanager
def disk(options: str) -> Iterator[Path | None]:
    """Give a small disk in memory, or None where none can be mounted."""
    with tempfile.TemporaryDirectory(prefix="gan-drill-") as name:
        if not mount("-t", "tmpfs", "-o", options, "tmpfs", name):
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def told(out: str) -> str:
    """Return the line in which the course says that something could not be written or had."""
    return next((line.strip() for line in out.splitlines() if WORDS.search(line)), "")


def limited(most: int | None, data: Path, where: Path, task, *arguments) -> str:
    """Do a task with another `data/`, where no file may be larger than `most` bytes, if any."""
    if most is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    files.DATA = mnist.DATA = data
    with contextlib.redirect_stdout(out := io.StringIO()):
        task(where, *arguments)
    return told(out.getvalue())


# --- what is done on such a disk; each raises Lost where the result is wrong


def run_of(where: Path, library: str) -> None:
    runs.start(library, where / "runs")()


def have_faces(where: Path, mine: Path) -> None:
    with variables(GAN_FACES=str(mine)):
        found = faces.load_faces(None, 32, store=where / "faces").images
    expect(len(found) == len(PICTURES) and found.any(axis=(1, 2, 3)).all(), "other faces")


def have_digits(where: Path) -> None:
    with servers.toy_mnist(None, "good"), variables(GAN_DATA=None):
        found = mnist.load_pictures("digits", PRESETS["02_mnist_gan"]["lesson"])
    expect(servers.is_right(found), "other digits")


def have_digits_without_temporary_files(where: Path) -> None:
    tempfile.tempdir = str(where)
    have_digits(where)


TASKS = {
    "PyTorch": (run_of, "PyTorch"),
    "Keras": (run_of, "Keras"),
    "faces": (have_faces, "mine"),
    "digits": (have_digits,),
    "temporary": (have_digits_without_temporary_files,),
}


def full(chance: Random, short: bool) -> list[Kind]:
    """Fill a disk up while the course writes; with room again it has to come to a right end."""
    kind = Kind("a disk that is full, and has room again")
    with folder() as here:
        write(here / "mine", PICTURES)
        servers.lay_out(here / "data")
        for library in runs.SIZES:
            (here / library).mkdir()
            end_apart(limited, None, here / "data", here / library, run_of, library)
        for name, (task, *arguments) in TASKS.items():
            if name == "faces":
                arguments = [here / "mine"]
            for i in range(1 if short else 6 if name == "Keras" else 12):
                size = int(4 * 2 ** chance.uniform(0, 7))  # 4 to 512 kB
                data = shutil.copytree(here / "data", here / f"{name}{i}")
                with disk(f"size={size}k") as place:
                    where, most = place or here / f"small{name}{i}", None if place else size * 1024
                    (where / "MNIST").mkdir(parents=True)
                    (data / "MNIST").symlink_to(where / "MNIST")
                    what = f"{name}, {size} kB"
                    kind.add(*end_apart(limited, most, data, where, task, *arguments), what)
                    if left := [str(path) for path in where.rglob("*.part")]:
                        kind.add("lost", f"left behind: {left}", what)
                    if place:
                        mount("-o", f"remount,size={ROOM}k", place)
                    end = end_apart(limited, None, data, where, task, *arguments)
                    if name in runs.SIZES:
                        whole = runs.results(here / name / "runs")
                        if runs.results(where / "runs") != whole:
                            end = "lost", "the end is another one"
                    kind.add(*end, f"{what}, with room again")
    return [kind]


# --- closed folders


def train_where(where: Path, library: str, place: str) -> None:
    """Train with GAN_RUNS, or without it (""), in a course that may not be written."""
    os.environ["GAN_RUNS"] = place
    if library == "PyTorch":
        run = runs.toy_run.ToyRun().resumed().train()
        expect(run.step == runs.toy_run.STEPS and np.isfinite(run.history["loss_d"]).all(), "NaN")
        if run.folder.is_dir() and not place:
            expect((run.folder / "history.csv").is_file(), "no files of the run")


def own_pictures(where: Path, place: str) -> None:
    expect(len(own.load_images(where / place, 16).images) == 108, "other pictures")


def faces_of(where: Path, place: str) -> None:
    with variables(GAN_FACES=str(where / place)):
        found = faces.load_faces(None, 16).images
    expect(len(found) == len(PICTURES) and found.any(axis=(1, 2, 3)).all(), "other faces")


def digits_of(where: Path, place: str) -> None:
    with servers.toy_mnist(None, "good"), variables(GAN_DATA=place and str(where / place)):
        found = mnist.load_pictures("digits", PRESETS["02_mnist_gan"]["lesson"])
    expect(servers.is_right(found), "other digits")


def nowhere(where: Path, task, *arguments) -> None:
    """Do a task where there is no room for temporary files, either."""
    tempfile.tempdir = str(where)
    task(where, *arguments)


def closed(chance: Random, short: bool) -> list[Kind]:
    """Close a whole disk with the course's data and the reader's files; nothing may change."""
    kind = Kind("folders that are read-only")
    with disk("size=64m") as where:
        if where is None:
            kind.problems.append("skipped: only root can mount a closed disk")
            return [kind]
        write(where / "mine", PICTURES)
        (where / "mine.zip").write_bytes(zipped(PICTURES))
        servers.lay_out(where / "data")
        for place, packed in (("full", False), ("packed", True)):
            write(where / place / "MNIST" / "raw", servers.files_of_mnist(packed))
        tasks = [(train_where, "PyTorch", place) for place in ("", str(where / "mine"))]
        tasks += [(task, place) for task in (own_pictures, faces_of) for place in ("mine",)]
        tasks += [(task, "mine.zip") for task in (own_pictures, faces_of)]
        tasks += [(digits_of, place) for place in ("", "full", "packed", "mine")]
        tasks += [(nowhere, *task) for task in tasks]
        before = contents(where)
        if not mount("-o", "remount,ro", where):
            return [kind]
        for task in chance.sample(tasks, 4 if short else len(tasks)):
            what = " ".join(getattr(word, "__name__", str(word)) for word in task)
            kind.add(*end_apart(limited, None, where / "data", where, *task), what)
        if contents(where) != before:
            kind.add("lost", "files were changed", "closed")
    return [kind]
