"""A byte that is flipped, or a file that is cut, in everything that the course reads."""

import contextlib
import io
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
import torch
from safetensors import safe_open

from helpers import tables
from helpers.base import files
from helpers.data import faces, mnist
from helpers.data.weights import load_weights
from helpers.metrics.classifier import load_classifier
from helpers.presets import PRESETS
from helpers.recording import Recording
from tests.data.pictures import portrait, write, zipped
from tests.drill import runs, servers
from tests.drill.trials import Kind, end_of, expect, folder, from_process, variables
from tests.toys import Recorded

Load = Callable[[], bytes]  # what the course reads, as bytes that can be compared


class AnyNetwork:
    """Takes the weights of a file as a network of those layers would."""

    def __init__(self, path: Path) -> None:
        with safe_open(path, framework="pt") as file:
            self.tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118

    def state_dict(self):
        return self.tensors

    def load_state_dict(self, tensors):
        self.tensors = tensors


def digest(*things: object) -> bytes:
    """Return a digest of arrays, tensors, and of everything else as text."""
    arrays = [np.asarray(thing) if hasattr(thing, "shape") else thing for thing in things]
    told = [a.tobytes() if isinstance(a, np.ndarray) else repr(a).encode() for a in arrays]
    return sha256(b"\0".join(told)).digest()


def flip(path: Path, chance: Random) -> str:
    """Flip a byte of a file, or cut it; return in words what was done."""
    content = bytearray(path.read_bytes())
    # Headers are short, and lie at both ends.
    place = chance.randrange(len(content))
    if chance.random() < 0.5:
        place = chance.choice((1, -1)) * chance.randrange(1, min(len(content), 400))
    if chance.random() < 0.1:
        path.write_bytes(content[:place])
        return f"{path.name} cut at {place}"
    before = content[place]
    content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return f"{path.name} at {place}: {before} is {content[place]}"


def compared(load: Load, sound: bytes) -> str:
    """Load; return what the course says about the file, if it took something else."""
    with contextlib.redirect_stdout(out := io.StringIO()):
        found = load()
    said = [line for line in out.getvalue().splitlines() if "damaged" in line]
    expect(found == sound or said, "a damaged file was taken for a good one")
    return said[0] if found != sound else ""


def tried(load: Load, paths: list[Path], chance: Random, times: int) -> list[tuple[str, str, str]]:
    """Damage one of the files at a time, and load."""
    with contextlib.redirect_stdout(io.StringIO()):
        sound, ends = load(), []
    kept = {path: path.read_bytes() for path in paths}
    beside = {path.parent for path in paths}
    for i in range(times):
        path = paths[i % len(paths)]
        what = flip(path, chance)
        ends.append((*end_of(compared, load, sound), what))
        for place in beside:  # what was put aside, or prepared from it
            for other in set(place.iterdir()) - set(kept):
                if other.suffix == ".damaged":
                    other.unlink()
        for path, content in kept.items():
            path.write_bytes(content)
    return ends


# --- what the course reads


def weights(name: str) -> bytes:
    network = AnyNetwork(SHIPPED / f"{name}.safetensors")
    facts = load_weights(network, name)
    return digest(repr(facts), *network.tensors.values())


def pictures(name: str, level: str) -> bytes:
    found = mnist.load_pictures(name, PRESETS["02_mnist_gan"][level])
    return digest(*servers.tensors(found))


def drawn(store: Path, name: str, keep: bool = False) -> bytes:
    if not keep:
        shutil.rmtree(store, ignore_errors=True)
    with variables(GAN_FACES=name):
        found = faces.load_faces(100, 16, store=store)
    return digest(found.images, found.description)


def classifier(name: str) -> bytes:
    network = load_classifier(name).network
    return digest(*network.state_dict().values())


def recording(path: Path) -> bytes:
    found = Recording.load(path)
    said = {k: v for k, v in vars(found).items() if not k.startswith("_")}
    return digest(*(np.asarray(x) if hasattr(x, "shape") else repr(x) for x in said.values()))


SHIPPED = files.DATA


def sources(data: Path, here: Path) -> dict[str, tuple[Load, list[Path]]]:
    """Return how each of the course's own files is read, and where it lies."""
    found: dict[str, tuple[Load, list[Path]]] = {}
    for path in data.glob("*.safetensors"):
        name = path.stem.removesuffix("_classifier")
        found[path.name] = (lambda name=path.stem: weights(name)), [path]
        if path.stem != name:
            found[name] = (lambda name=name: classifier(name)), [path]
    for name in ("digits", "clothes"):
        load = lambda name=name: pictures(name, "smoke")  # noqa: E731
        found[f"{name}_sample"] = load, [data / f"{name}_sample.npz"]
    found["drawn"] = (lambda: drawn(here / "store", "drawn")), [data / "drawn_faces.zip"]
    found["sums"] = (lambda: drawn(here / "store", "drawn")), [data / "SHA256SUMS"]
    for path in (data / "measured").glob("*.csv"):
        found[path.name] = (lambda name=path.stem: digest(repr(tables.read_rows(name)))), [path]
    for path in (data / "measured").glob("*.npz"):
        load = lambda name=path.stem: digest(repr(tables.read_arrays(name)))  # noqa: E731
        found[path.name] = load, [path]
    return found


def written(here: Path) -> dict[str, tuple[Load, list[Path]]]:
    """Return how the files that the course or the reader has written are read."""
    store, mine = here / "prepared", here / "mine"
    write(mine, {f"{i}.jpg": portrait(i) for i in range(110)})
    (here / "mine.zip").write_bytes(zipped({p.name: p.read_bytes() for p in mine.iterdir()}))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        drawn(store, str(mine))
    (here / "recordings").mkdir()
    points, pixels = (
        Recorded(kind, planned=30).train(30).finish().save(here / "recordings" / f"{kind}.npz")
        for kind in ("points", "pictures")
    )
    return {
        "prepared faces": ((lambda: drawn(store, str(mine), keep=True)), sorted(store.iterdir())),
        "zip file": ((lambda: drawn(here / "store2", str(here / "mine.zip"))), [here / "mine.zip"]),
        "recording of points": ((lambda: recording(points)), [points]),
        "recording of pictures": ((lambda: recording(pixels)), [pixels]),
    }


def full_set(here: Path, packed: bool) -> tuple[Load, list[Path]]:
    raw = write(here / f"full{packed}" / "MNIST" / "raw", servers.files_of_mnist(packed))

    def load() -> bytes:
        with servers.toy_mnist(here / "toy", "gone"), variables(GAN_DATA=str(raw.parents[1])):
            return pictures("digits", "lesson")

    return load, sorted(raw.iterdir())


def checkpoints(library: str, where: Path, seed: int, times: int) -> list[tuple[str, str, str]]:
    """Damage a checkpoint, and resume: all goes on as from a sound one, or starts at step 1."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        runs.train_until_stopped(library, where)
        run = runs.start(library, where).__self__
    run.total = run.settings.iterations if library == "Keras" else 10**6
    (path,) = where.glob("*/checkpoint-*")
    os.remove(run.folder / "recording.npz")

    def load() -> bytes:
        run.step, run._rows = 0, []
        run.resume()
        if not run.step:
            return b"anew"
        values = (
            run._variables()
            if library == "Keras"
            else [
                value
                for network in run.networks.values()
                for value in network.state_dict().values()
            ]
        )
        return digest(*values, run.seconds, *run.history.values(), torch.get_rng_state())

    return tried(load, [path], Random(seed), times)


def flipped(chance: Random, short: bool) -> list[Kind]:
    done, real = [], files.DATA
    kind = Kind("flipped bytes: what comes with the course")
    with folder() as here, variables(GAN_DATA=None):
        data = here / "data"
        shutil.copytree(
            real,
            data,
            ignore=shutil.ignore_patterns("MNIST", "FashionMNIST", "runs", "faces", "make"),
        )
        files.DATA = mnist.DATA = data
        tables.MEASURED = data / "measured"
        try:
            for load, paths in sources(data, here).values():
                for end in tried(load, paths, chance, 1 if short else 10):
                    kind.add(*end)
            done.append(kind)
            kind = Kind("flipped bytes: what was written, or is yours")
            for load, paths in (
                *written(here).values(),
                full_set(here, False),
                full_set(here, True),
            ):
                for end in tried(load, paths, chance, 4 if short else 100):
                    kind.add(*end)
        finally:
            files.DATA, mnist.DATA, tables.MEASURED = real, real, real / "measured"
        for library in runs.SIZES:
            where = here / library
            where.mkdir()
            times = 10 if short else 200
            for end in from_process(checkpoints, library, where, chance.random(), times):
                kind.add(*end)
    return [*done, kind]
