"""What both `Run` classes share: the files of a run, its history, Stop and the progress bar.

No framework is imported here.
"""

import itertools
import json
import math
import os
import platform
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from helpers.compact import CURVES
from helpers.errors import CourseError
from helpers.files import DATA, write_text
from helpers.recorder import Recording

COLUMNS = CURVES  # of the history, besides the step
RECORDING = "recording.npz"
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


class RunFiles:
    """A run as its files know it: `step` of `total` steps are done, in `seconds`.

    Files go to `data/runs/<lesson>/`, or to `<GAN_RUNS>/<lesson>/` if that variable names a folder
    (in Colab: one on Drive). A class below gives the properties `_table` (the history as an array),
    `_losses` (the last two) and `_players` (both networks as a recording wants them), and the
    methods `_load` (raises CourseError), `_write_checkpoint` and `_write_weights`.
    """

    unit = "step"  # what a step is called

    def __init__(
        self,
        lesson: str,
        seed: int,
        source: str,
        recording: Recording | None,
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
        begin = f"training starts at {self.unit} 1."
        if not self._checkpoint.is_file():
            print(f"No run was cut off here: {begin}")
            return
        try:
            self._load()
        except CourseError as error:
            names = (self.folder / f"checkpoint.{i}.safetensors" for i in itertools.count(1))
            aside = next(name for name in names if not name.exists())
            try:
                self._checkpoint.rename(aside)
                print(f"{error} It is now called {aside.name}, and {begin}")
            except OSError:
                print(f"{error} {begin.capitalize()}")
            return
        if self.recording:
            self._resume_recording()
        print(f"A run was cut off after {self.unit} {self.step:,}: training goes on from there.")

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
            self._write(self._write_checkpoint)

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    def _write(self, write: Callable[[], None]) -> None:
        """Call `write`; where nothing can be written, say so once and go on without files."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write()
        except OSError as error:
            if self._can_write:
                print(
                    f"The files of this run cannot be written ({error.strerror}): training goes "
                    "on without; set GAN_RUNS to a folder that you may write to."
                )
            self._can_write = False

    def _facts(self) -> dict:
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
        """Write each file under a temporary name first, then move it."""
        self._write_weights()
        history = self.history
        rows = zip(*(column.tolist() for column in history.values()), strict=True)
        lines = [",".join(history), *(",".join(format(v, ".9g") for v in row) for row in rows)]
        texts = {
            "history.csv": "\n".join(lines) + "\n",
            "run.json": json.dumps(self._facts(), indent=2) + "\n",
        }
        for name, text in texts.items():
            write_text(self.folder / name, text)

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
            self.recording.finish(self.history, *self._players)

    def _write_recording(self) -> None:
        if self.recording:
            self.recording.save(self.folder / RECORDING)

    def _resume_recording(self) -> None:
        """Take the recording that was saved with the run; if it is not to be had, begin here."""
        try:
            saved = Recording.load(self.folder / RECORDING)
        except CourseError:
            return
        if np.array_equal(saved.noise, self.recording.noise):
            self.recording = saved

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
