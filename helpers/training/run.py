"""What both `Run` classes share: the files of a run, its history, Stop and the progress bar.

No framework is imported here.
"""

import abc
import contextlib
import io
import json
import math
import platform
import signal
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from helpers.base.errors import CourseError
from helpers.base.files import new_file, own_folder, write_text
from helpers.base.history import COLUMNS
from helpers.base.progress import bar_file, tqdm
from helpers.base.variables import folder_of
from helpers.presets import GanSettings, Preset

if TYPE_CHECKING:  # a run is handed its recording: it does not need the room where they are made
    from helpers.recording import Recording

VERSION = 4  # of a checkpoint
SECONDS_BETWEEN_DISPLAYS = 0.5


def runs_folder() -> Path:
    """Return where runs are kept: the folder that `GAN_RUNS` names, else `data/runs/`."""
    return folder_of("GAN_RUNS") or own_folder("runs")


class BaseRun(abc.ABC):
    """A run as its files know it: `step` of `total` steps are done, in `seconds`.

    Files go to `data/runs/<lesson>/`, or to `<GAN_RUNS>/<lesson>/` if that variable names a folder
    (in Colab: one on Drive). `source` says where the data came from. A `recording`, if there is
    one, watches both players; it is saved and resumed with the run.
    """

    unit = "step"  # what a step is called
    suffix: str  # of a checkpoint
    seconds_between_saves: float = 60  # so much work a cut-off may cost
    settings: Preset | GanSettings
    recording: "Recording | None"
    _players: Sequence[Callable]  # generator and discriminator, as a recording wants them

    def __init__(self, lesson: str, settings: Any, seed: int, source: str, recording: Any) -> None:
        """Start at step 0."""
        super().__init__()
        self.settings, self.seed, self.source, self.recording = settings, seed, source, recording
        self._about = {"lesson": lesson, "seed": seed, "data": source} | asdict(settings)
        self.folder = runs_folder() / lesson
        self._lock = FileLock(self.folder / "running.lock", is_singleton=True)
        self.step, self.total, self.seconds = 0, 0, 0.0
        self._rows: list = []  # of each step an array or tensor of four numbers
        self._can_write = True

    @abc.abstractmethod
    def _is_used(self) -> bool:
        """Tell whether an optimizer has made a step, in this run or before it."""

    @abc.abstractmethod
    def _read_checkpoint(self, file: io.BytesIO) -> dict[str, Any]:
        """Return what is in a checkpoint; damage must not go unnoticed."""

    @abc.abstractmethod
    def _restore(self, found: dict[str, Any]) -> None:
        """Put back what the subclass has put into the checkpoint, after all checks."""

    @abc.abstractmethod
    def _write_checkpoint(self, facts: dict[str, Any]) -> None:
        """Write `facts`, and with them all that `_restore` needs."""

    @abc.abstractmethod
    def _write_weights(self) -> None:
        """Write the networks, each to a file of its own."""

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Every step so far: `step` (from 1) and the columns of `COLUMNS`, arrays of one length."""
        table = np.array(self._numbers(), np.float32).reshape(-1, len(COLUMNS))
        return {"step": np.arange(1, self.step + 1), **dict(zip(COLUMNS, table.T, strict=True))}

    def _numbers(self) -> list[list[float]]:
        return [row.tolist() for row in self._rows[: self.step]]

    # --- the loop

    def _begin(self) -> None:
        """Take over Stop, show the bar, and tell the recording what is planned."""
        if not self.step and self._is_used():
            why = f"This run is to start at {self.unit} 1, but its GAN has been trained already"
            raise CourseError(f"{why}: run the cell that makes the GAN again, then this one.")
        self._claim()
        if self.recording:
            self.recording.plan(self.total, self.settings.real_label)
            if self.recording.done > self.step:  # it has seen what this run has not done
                self.recording.rewind(self.step)
        self._stopped, self._interrupts = False, contextlib.ExitStack()
        if threading.current_thread() is threading.main_thread():  # no other is interrupted
            before = signal.signal(signal.SIGINT, self._stop)
            self._interrupts.callback(signal.signal, signal.SIGINT, before)
        layout = "{percentage:3.0f}% |{bar}| " + self.unit + " {n_fmt} of {total_fmt}, "
        layout += "{elapsed} gone, {remaining} left{postfix}"
        self._bar = tqdm(
            total=self.total, initial=self.step, file=bar_file(), ncols=90, bar_format=layout
        )
        self._shown = self._saved = time.perf_counter()
        self._start = self._shown - self.seconds

    def _stop(self, number: int, frame: object) -> None:
        """End after the step under way; a second interrupt does what it usually does."""
        self._stopped = True
        self._interrupts.close()

    def _watch(self) -> None:
        if self.recording:
            self.recording.watch(self.step, *self._players)

    def _goes_on(self) -> bool:
        """Show and save now and then; tell whether there is to be another step.

        The losses are looked at when they are shown: a GPU would have to wait for them.
        """
        now = time.perf_counter()
        self.seconds = now - self._start
        if now - self._shown > SECONDS_BETWEEN_DISPLAYS:
            self._shown = now
            self._show()
            if not self._losses_are_numbers():
                return False
        if now - self._saved > self.seconds_between_saves:
            self._saved = now
            self.save_checkpoint()
        return not self._stopped

    def _end(self) -> None:
        """Write everything, and say why the run ended before its time, if it did."""
        self._interrupts.close()
        self._show()
        self._bar.close()
        if self.recording:
            self.recording.finish(self.history, *self._players)
        self.save_checkpoint()
        self._write(self._write_results)
        self._free()
        here = f"{self.unit} {self.step:,}"
        if not self._losses_are_numbers():
            print(f"Stopped at {here}: a loss is no number. Try lower learning rates.")
        elif self._stopped:
            print(f"Stopped after {here}: run this cell again to go on.")

    def _show(self) -> None:
        if self.step:
            loss_d, loss_g = self._losses()
            self._bar.set_postfix_str(f"loss D {loss_d:.2f}, G {loss_g:.2f}", refresh=False)
            self._bar.update(self.step - self._bar.n)

    def _losses(self) -> list[float]:
        return self._rows[self.step - 1].tolist()[:2] if self.step else []

    def _losses_are_numbers(self) -> bool:
        return all(map(math.isfinite, self._losses()))

    # --- files

    def resume(self) -> None:
        """Go on from the checkpoint of this run, if there is one, and say so.

        Other settings, data or layers make another run, whose checkpoint stays. A damaged one is
        renamed, and training starts at the first step. One that the system does not let us read,
        and a run that is under way in another process, raise CourseError.
        """
        self._claim()
        try:
            recording = self.recording and self.recording.resumed(self.folder / "recording.npz")
            if self._load():
                self.recording = recording
                print(f"A run was cut off after {self.unit} {self.step:,}: it goes on from there.")
        finally:
            self._free()

    def _claim(self) -> None:
        """Lock the folder; the system frees it when this process ends, however it ends."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            for part in self.folder.glob("*.part"):  # of a run that was killed while it wrote
                part.unlink()
        except Timeout:
            advice = "wait until it is done, or set GAN_RUNS to another folder"
            raise CourseError(f"Another notebook trains in {self.folder}: {advice}.") from None
        except (OSError, NotImplementedError):  # no folder, or one that knows no locks
            pass

    def _free(self) -> None:
        with contextlib.suppress(OSError):  # a drive that is lost
            self._lock.release()

    @property
    def _checkpoint(self) -> Path:
        """Where the checkpoint lies: other settings, data or layers have another one."""
        identity = json.dumps(self._identity(), sort_keys=True, default=str)
        return self.folder / f"checkpoint-{zlib.crc32(identity.encode()):08x}{self.suffix}"

    def _load(self) -> bool:
        """Go back to the checkpoint and return True; rename a damaged one before any change."""
        checkpoint = self._checkpoint
        try:
            content = checkpoint.read_bytes() if checkpoint.is_file() else None
        except OSError as problem:  # the file may be sound
            why = f"{checkpoint} cannot be read ({problem.strerror or problem})"
            raise CourseError(f"{why}: try again, or delete it to train anew.") from None
        if content is None:
            print(f"No run to resume: training starts at {self.unit} 1.")
            return False
        try:
            found = self._read_checkpoint(io.BytesIO(content))
            rows = list(np.array(found["history"], np.float32))
        except Exception:  # there is hardly one that damaged bytes cannot raise
            aside = checkpoint.with_suffix(".damaged")
            why = f"{checkpoint.name} is damaged and was not used"
            with contextlib.suppress(OSError):  # where nothing can be written it stays
                why += f" (it is now called {checkpoint.replace(aside).name})"
            print(f"{why}: training starts at {self.unit} 1.")
            return False
        self.step, self.seconds, self._rows = found["step"], found["seconds"], rows
        self._restore(found)
        return True

    def save_checkpoint(self) -> None:
        """Write what `resume` needs; there is no need before the first step or after the last.

        Not once a loss is no number, either: the checkpoint before it stays.
        """
        if not self._losses_are_numbers():
            return
        if self.recording:  # first: what the checkpoint lacks it can forget
            self._write(self.recording.save, self.folder / "recording.npz")
        if 0 < self.step < self.total:
            facts = {"step": self.step, "seconds": self.seconds, "history": self._numbers()}
            self._write(self._write_checkpoint, facts)

    def _identity(self) -> dict[str, Any]:
        """Return what has to be the same for a checkpoint to fit."""
        return {"version": VERSION} | self._about

    def _write(self, write: Callable, *arguments: object) -> None:
        """Call `write`; where nothing can be written, say so once and go on without files."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write(*arguments)
        except OSError as error:
            if self._can_write:
                print(
                    f"Files of this run cannot be written ({error.strerror or error}): part of it "
                    "is only in memory; make room, or set GAN_RUNS to another folder."
                )
            self._can_write = False

    def _write_results(self) -> None:
        self._write_weights()
        history = self.history
        with new_file(self.folder / "history.csv") as part:
            rows = np.column_stack(list(history.values()))
            np.savetxt(part, rows, "%.9g", ",", header=",".join(history), comments="")
        write_text(self.folder / "run.json", json.dumps(self._facts(), indent=2) + "\n")
        if self.step == self.total and self._losses_are_numbers():
            self._checkpoint.unlink(missing_ok=True)  # last: without results a run has to go on

    def _facts(self) -> dict[str, Any]:
        """Return what `run.json` tells."""
        return self._about | {
            "steps": self.step,
            "of_steps": self.total,
            "seconds": round(self.seconds, 1),
            "python": platform.python_version(),
        }
