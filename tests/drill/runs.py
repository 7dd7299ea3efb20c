"""Runs that are killed at a random moment, and runs of two kernels in one folder."""

import contextlib
import io
import json
import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import torch

from helpers.base.errors import CourseError
from helpers.data import prepared, squares
from helpers.recording import Recording
from tests.drill.trials import PATIENCE, Kind, end_apart, end_of, expect, folder, process
from tests.training import toy_run

SIZES = {"PyTorch": 12, "Keras": 120}  # epochs, iterations: a second or two
TIMES = {"PyTorch": 20, "Keras": 10}  # to be killed


def start(library: str, where: Path):
    """Return a run that saves all the time, gone back to its checkpoint, and how to train it."""
    os.environ["GAN_RUNS"] = str(where)
    if library == "PyTorch":
        torch.set_num_threads(1)
        noise = torch.randn(50, 2, generator=torch.Generator().manual_seed(3))
        recording = Recording("points", noise, toy_run.POINTS)
        preset = replace(toy_run.PRESET, epochs=SIZES[library])
        run = toy_run.ToyRun(preset=preset, recording=recording)
    else:
        from tests.drill import toy_keras

        run = toy_keras.ToyRun(SIZES[library])
    run.seconds_between_saves = 0.01
    run.resume()
    return run.train


def train(library: str, where: Path) -> str:
    """Train to the end, from where the run before was cut off."""
    with contextlib.redirect_stdout(out := io.StringIO()):
        start(library, where)()
    expect("damaged" not in out.getvalue(), f"a checkpoint was lost: {out.getvalue()}")
    return ""


def train_until_killed(library: str, where: Path, seconds: float) -> None:
    """Train, until the system kills this process so many seconds after the run was made."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run = start(library, where)
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        run()
        time.sleep(seconds)


def train_until_stopped(library: str, where: Path) -> None:
    """Train for twenty steps, until Stop is pressed; the checkpoint stays."""
    train = start(library, where)
    run, save = train.__self__, train.__self__.save_checkpoint

    def save_and_stop():
        save()
        run._stopped |= run.step >= 20

    run.save_checkpoint = save_and_stop
    train()


def results(where: Path) -> list[bytes]:
    """Return the files that a whole run and one that was cut off have to have alike."""
    (place,) = where.iterdir()
    return [(place / name).read_bytes() for name in toy_run.RESULTS]


def frames(where: Path) -> list[dict]:
    """Return what a recording shows, without the seconds that it took."""
    (path,) = where.glob("*/recording.npz")
    return [{k: v for k, v in f.items() if k != "seconds"} for f in Recording.load(path).frames]


def killed_once(library: str, whole: Path, where: Path, seconds: float) -> str:
    with process(train_until_killed, library, where, seconds) as child:
        child.join(PATIENCE)
    end, told = end_apart(train, library, where)
    expect(end == "data", f"{end}: {told}")
    expect(results(where) == results(whole), "the end is another one")
    np.testing.assert_equal(frames(where), frames(whole))
    left = [p.name for p in where.rglob("*") if "checkpoint" in p.name or p.suffix == ".part"]
    expect(not left, f"left behind: {left}")
    return ""


def killed(chance: Random, short: bool) -> list[Kind]:
    done = []
    for library in SIZES:
        kind = Kind(f"SIGKILL while {library} trains")
        with folder() as here:
            end, told = end_apart(train, library, here / "whole")
            expect(end == "data", told)
            facts = json.loads((here / "whole/toy/run.json").read_text())
            for i in range(2 if short else TIMES[library]):
                moment = chance.uniform(0, facts["seconds"])
                where = here / str(i)
                where.mkdir()
                what = f"after {moment:.3f} s"
                kind.add(*end_of(killed_once, library, here / "whole", where, moment), what)
        done.append(kind)
    return done


# --- two at once


def wait_and(gate: Path, seconds: float, task, *arguments) -> str:
    while not gate.exists():
        time.sleep(0.005)
    time.sleep(seconds)
    return task(*arguments)


def prepare_beside(store: Path, place: Path) -> str:
    """Prepare an array of pictures; it has to hold what the pictures are."""
    with squares.open_pictures(place) as pictures:
        notes = prepared.prepare(store / "a.npy", pictures, None, 16)
    found = np.load(store / "a.npy")
    names = sorted(pictures.marks)
    with squares.open_pictures(place) as pictures:
        right = [square for _, square in squares.squares(pictures, names, 16, Counter())]
    expect(notes["count"] == len(right) and np.array_equal(found, right), "another array")
    return ""


def two_at_once(gate: Path, delay: float, task, *arguments) -> list[tuple[str, str]]:
    """Start two processes that wait for one another, and end one so many seconds later."""
    with ThreadPoolExecutor() as pool:
        waiting = [
            pool.submit(end_apart, wait_and, gate, seconds, task, *arguments)
            for seconds in (0, delay)
        ]
        time.sleep(0.5)
        gate.touch()
        return [each.result() for each in waiting]


def together(chance: Random, short: bool) -> list[Kind]:
    from tests.data.pictures import portrait, write

    kind = Kind("two kernels at once: runs, faces")
    with folder() as here:
        expect(end_apart(train, "PyTorch", here / "whole")[0] == "data", "no run")
        place = write(here / "mine", {f"{i:04d}.jpg": portrait(i) for i in range(600)})
        for i in range(1 if short else 10):
            where, delay = here / f"runs{i}", chance.choice((0, chance.uniform(0, 0.5)))
            where.mkdir()
            for end in two_at_once(here / f"gate{i}", delay, train, "PyTorch", where):
                kind.add(*end, f"runs, {delay:.3f} s apart")
            try:
                expect(results(where) == results(here / "whole"), "another")
            except (Exception, CourseError) as problem:
                kind.add("lost", repr(problem), "runs")
            store, delay = here / f"store{i}", chance.choice((0, chance.uniform(0, 0.3)))
            for end in two_at_once(here / f"door{i}", delay, prepare_beside, store, place):
                kind.add(*end, f"faces, {delay:.3f} s apart")
    return [kind]
