"""What both `Run` classes share: the files of a run, its history, Stop and the progress bar.

No framework is imported here.
"""

import abc
import itertools
import json
import math
import os
import platform
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from helpers.base.errors import CourseError
from helpers.base.files import DATA, write_text
from helpers.base.history import COLUMNS

if TYPE_CHECKING:  # a run is handed its recording: it does not need the room where they are made
    from helpers.recording import Recording

VERSION = 2  # of a checkpoint
CHECKPOINT_BEFORE = "checkpoint.safetensors"  # what one of version 1 was called
SECONDS_BETWEEN_DISPLAYS = 0.5


class StopButton(threading.Event):
    """An event that the first interrupt sets; a second one interrupts as usual."""

    def __init__(self) -> None:
        """Take over interrupts; only the main thread may, and so in others nothing happens."""
        super().__init__()
        self._is_ours = threading.current_thread() is threading.main_thread()
        if self._is_ours:
            self._before = signal.signal(signal.SIGINT, self._press)

    def _press(self, number: int, frame: object) -> None:
        self.set()
        self.close()

    def close(self) -> None:
        """Give interrupts back to whoever had them before."""
        if self._is_ours:
            signal.signal(signal.SIGINT, self._before)


class BaseRun(abc.ABC):
    """A run as its files know it: `step` of `total` steps are done, in `seconds`.

    Files go to `data/runs/<lesson>/`, or to `<GAN_RUNS>/<lesson>/` if that variable names a folder
    (in Colab: one on Drive). `source` says where the data came from. A `recording`, if there is
    one, watches both players; it is saved and resumed with the run.
    """

    unit = "step"  # what a step is called
    checkpoint_name: str

    def __init__(
        self,
        lesson: str,
        seed: int,
        source: str,
        recording: "Recording | None",
        seconds_between_saves: float,
    ) -> None:
        """Start at step 0; `seconds_between_saves` says how much work a cut-off may cost."""
        super().__init__()
        self.lesson, self.seed, self.source, self.recording = lesson, seed, source, recording
        self.seconds_between_saves = seconds_between_saves
        runs = Path(os.environ.get("GAN_RUNS", "").strip() or DATA / "runs")
        self.folder = runs.expanduser() / lesson
        self.step, self.total, self.seconds = 0, 0, 0.0
        self._can_write = True

    @property
    @abc.abstractmethod
    def _table(self) -> np.ndarray:
        """The history so far, (steps, columns)."""

    @property
    @abc.abstractmethod
    def _losses(self) -> Sequence[float]:
        """Both losses of the last step."""

    @property
    @abc.abstractmethod
    def _players(self) -> Sequence[Callable]:
        """Generator and discriminator, as a recording wants them."""

    @property
    @abc.abstractmethod
    def _identity(self) -> dict[str, Any]:
        """What has to be the same for a checkpoint to fit, beside lesson, seed and data."""

    @abc.abstractmethod
    def _read_checkpoint(self) -> dict[str, Any]:
        """Return what is in the checkpoint; damage must not go unnoticed."""

    @abc.abstractmethod
    def _restore(self, found: dict[str, Any]) -> None:
        """Put the run back as it was, after all checks."""

    @abc.abstractmethod
    def _write_checkpoint(self, facts: dict[str, Any]) -> None:
        """Write `facts`, and with them all that `_restore` needs."""

    @abc.abstractmethod
    def _write_weights(self) -> None:
        """Write the networks, each to a file of its own."""

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Every step so far: `step` (from 1) and the columns of `COLUMNS`, arrays of one length."""
        rows = self._table
        columns = {name: rows[:, index] for index, name in enumerate(COLUMNS)}
        return {"step": np.arange(1, len(rows) + 1), **columns}

    def resume(self) -> None:
        """Go on from the checkpoint of this run, if there is one, and say so.

        A checkpoint that cannot be used (damaged, of other settings or layers) is renamed, never
        lost, and training starts at the first step.
        """
        before = self.folder / CHECKPOINT_BEFORE
        if self._checkpoint.is_file():
            try:
                self._load()
            except CourseError as error:
                return self._put_aside(self._checkpoint, str(error))
            if self.recording:
                self.recording = self.recording.resumed(self.folder / "recording.npz")
            print(f"A run was cut off after {self.unit} {self.step:,}: it goes on from there.")
        elif before.is_file():
            self._put_aside(before, f"{before.name} is of an earlier version of the course.")
        else:
            print(f"No run was cut off here: training starts at {self.unit} 1.")

    def _load(self) -> None:
        """Read the checkpoint; raise CourseError before anything is changed."""
        name = self._checkpoint.name
        try:
            found = self._read_checkpoint()
            identity = found["identity"]
        except Exception as error:  # there is hardly one that damaged bytes cannot raise
            raise CourseError(f"{name} is damaged and was not used.") from error
        for key, value in self._whole_identity.items():
            if identity.get(key) != value:
                what = f"{key}: {identity.get(key)}, not {value}"
                what = what if len(what) < 80 else f"other {key}"
                raise CourseError(f"{name} belongs to another run ({what}) and was not used.")
        self.step, self.seconds = found["step"], found["seconds"]
        self._restore(found)

    def _put_aside(self, path: Path, why: str) -> None:
        """Rename a checkpoint that cannot be used, and say so."""
        begin = f"training starts at {self.unit} 1."
        names = (path.with_stem(f"{path.stem}.{i}") for i in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        try:
            path.rename(aside)
            print(f"{why} It is now called {aside.name}, and {begin}")
        except OSError:
            print(f"{why} {begin.capitalize()}")

    def save(self) -> None:
        """Write weights, history and facts of the run, and a checkpoint if it is not finished."""
        self._write(self._write_results)
        if self.step < self.total:
            self.save_checkpoint()
        else:
            self._write(self._write_recording)
            self._write(lambda: self._checkpoint.unlink(missing_ok=True))

    def save_checkpoint(self) -> None:
        """Write all that `resume` needs, as one file; not once a loss is no number."""
        if self._losses_are_numbers():
            self._write(self._write_recording)  # first: what a checkpoint lacks can be forgotten
            facts = {"identity": self._whole_identity, "step": self.step, "seconds": self.seconds}
            self._write(lambda: self._write_checkpoint(facts))

    @property
    def _whole_identity(self) -> dict[str, Any]:
        facts = {"version": VERSION, "lesson": self.lesson, "seed": self.seed, "data": self.source}
        return facts | self._identity

    @property
    def _checkpoint(self) -> Path:
        return self.folder / self.checkpoint_name

    def _write(self, write: Callable[[], None]) -> None:
        """Call `write`; where nothing can be written, say so once and go on without files."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write()
        except OSError as error:
            if self._can_write:
                print(
                    f"The files of this run cannot be written ({error.strerror or error}): "
                    "training goes on without; set GAN_RUNS to a folder that you may write to."
                )
            self._can_write = False

    def _facts(self) -> dict[str, Any]:
        """What `run.json` tells."""
        return {
            "lesson": self.lesson,
            "seed": self.seed,
            "steps": self.step,
            "of_steps": self.total,
            "seconds": round(self.seconds, 1),
            "data": self.source,
            "versions": {"python": platform.python_version()},
        }

    def _write_results(self) -> None:
        self._write_weights()
        history = self.history
        rows = zip(*(column.tolist() for column in history.values()), strict=True)
        lines = [",".join(history), *(",".join(format(v, ".9g") for v in row) for row in rows)]
        write_text(self.folder / "history.csv", "\n".join(lines) + "\n")
        write_text(self.folder / "run.json", json.dumps(self._facts(), indent=2) + "\n")

    # --- the recording, if there is one

    def _plan_recording(self, real_label: float) -> None:
        """Tell it what is planned, and let it forget what this run has not done."""
        if self.recording:
            self.recording.plan(self.total, real_label)
            if self.recording.done > self.step:
                self.recording.rewind(self.step)

    def _watch(self) -> None:
        if self.recording:
            self.recording.watch(self.step, *self._players)

    def _finish_recording(self) -> None:
        if self.recording:
            history: Any = self.history  # arrays will do where sequences are asked for
            self.recording.finish(history, *self._players)

    def _write_recording(self) -> None:
        if self.recording:
            self.recording.save(self.folder / "recording.npz")

    # --- what is shown meanwhile

    def _progress_bar(self) -> tqdm:
        return tqdm(
            total=self.total,
            initial=self.step,
            file=sys.stdout,
            ncols=90,
            mininterval=SECONDS_BETWEEN_DISPLAYS,
            bar_format="{percentage:3.0f}% |{bar}| " + self.unit + " {n_fmt} of {total_fmt}, "
            "{elapsed} gone, {remaining} left{postfix}",
        )

    def _show(self, bar: tqdm) -> None:
        """Bring the bar up to date."""
        if self.step:
            loss_d, loss_g = self._losses
            bar.set_postfix_str(f"loss D {loss_d:.2f}, G {loss_g:.2f}", refresh=False)
            bar.update(self.step - bar.n)

    def _losses_are_numbers(self) -> bool:
        return not self.step or all(map(math.isfinite, self._losses))
