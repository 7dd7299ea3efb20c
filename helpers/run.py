"""What surrounds a training loop: batches, progress, Stop, and the files of a run.

The loop and the training step stand in the notebook:

    run = Run("02_mnist_gan", preset, networks, optimizers, seed)
    for real in run.batches(images):
        run.record(train_step(real))
"""

import contextlib
import itertools
import json
import math
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from helpers.checkpoint import load_checkpoint, save_checkpoint, save_tensors
from helpers.compact import CURVES
from helpers.device import describe_device
from helpers.errors import CourseError
from helpers.files import DATA
from helpers.presets import Preset
from helpers.recorder import Recording

COLUMNS = CURVES  # of the history, besides the step
RECORDING = "recording.npz"
SECONDS_BETWEEN_DISPLAYS = 0.5


class Run:
    """One training run: where it stands, what it recorded, and its files.

    Files go to `data/runs/<lesson>/`, or to `<GAN_RUNS>/<lesson>/` if that variable names a folder
    (in Colab: one on Drive). `networks` and `optimizers` are dictionaries; the networks are saved
    under their names. `source` says where the data came from. A `recording`, if there is one,
    watches the networks called "generator" and "discriminator"; it is saved and resumed with the
    run.
    """

    def __init__(
        self,
        lesson: str,
        preset: Preset,
        networks: dict[str, torch.nn.Module],
        optimizers: dict[str, torch.optim.Optimizer],
        seed: int,
        source: str = "",
        recording: Recording | None = None,
        seconds_between_saves: float = 60,
    ):
        """Start at step 0; `seconds_between_saves` says how much work a cut-off may cost."""
        self.lesson, self.preset, self.seed, self.source = lesson, preset, seed, source
        self.networks, self.optimizers, self.recording = networks, optimizers, recording
        self.seconds_between_saves = seconds_between_saves
        runs = Path(os.environ.get("GAN_RUNS", "").strip() or DATA / "runs")
        self.folder = runs.expanduser() / lesson
        self.device = next(networks["generator"].parameters()).device
        self.step, self.total, self.seconds = 0, 0, 0.0
        self.epoch, self.epoch_ends = 0, False
        self.kept: dict[int, torch.Tensor] = {}
        self._rows = torch.full((0, len(COLUMNS)), math.nan, device=self.device)
        self._can_write = True

    def batches(self, data: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield batches of `data` (n, ...) until all epochs are done, each epoch in a new order.

        Shows a progress bar, saves now and then and at the end. An interrupt (Stop in a notebook)
        ends the loop after the step under way; the next call goes on from there. The order of an
        epoch depends on the seed and the number of the epoch alone.
        """
        size = self.preset.batch_size
        per_epoch = math.ceil(len(data) / size)
        self._grow(self.preset.epochs * per_epoch)
        if self.step >= self.total:
            print(f"All {self.total:,} steps are done: run the cells above again to train anew.")
            return
        order = self._order(len(data), self.step // per_epoch)
        start = shown = saved = time.perf_counter() - self.seconds
        with _stop_button() as stopped, self._progress_bar() as bar:
            try:
                while self.step < self.total and not stopped.is_set():
                    position = self.step % per_epoch
                    if position == 0:
                        order = self._order(len(data), self.step // per_epoch)
                    self.epoch = self.step // per_epoch + 1
                    self.epoch_ends = position == per_epoch - 1
                    if self.recording:
                        self.recording.watch(self.step, *self._players)
                    yield data[order[position * size : (position + 1) * size]]
                    self.step += 1
                    now = time.perf_counter()
                    self.seconds = now - start
                    if now - shown > SECONDS_BETWEEN_DISPLAYS:
                        shown = now
                        self._show(bar)
                        if not self._losses_are_numbers():
                            break
                    if now - saved > self.seconds_between_saves:
                        self.save_checkpoint()
                        saved = now
            finally:
                self._show(bar)
                if self.recording:
                    self.recording.finish(self.history, *self._players)
                self.save()
        if stopped.is_set():
            print(f"Stopped after step {self.step:,}: run this cell again to go on from there.")
        elif not self._losses_are_numbers():
            print(f"Stopped at step {self.step:,}: a loss is no number. Try lower learning rates.")

    def record(self, values: tuple[torch.Tensor, ...]) -> None:
        """Keep the losses and mean answers of this step: four tensors of one number each."""
        self._rows[self.step] = torch.stack(values).detach()

    def keep(self, pictures: torch.Tensor) -> None:
        """Keep pictures of this moment, in `kept`, under the number of the epoch (from 1)."""
        self.kept[self.epoch] = pictures.detach().cpu()

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Every step so far: `step` (from 1) and the columns of `COLUMNS`, arrays of one length."""
        rows = self._rows[: self.step].cpu().numpy()
        columns = {name: rows[:, index] for index, name in enumerate(COLUMNS)}
        return {"step": np.arange(1, len(rows) + 1), **columns}

    def resume(self) -> None:
        """Go on from the checkpoint of this run, if there is one, and say so.

        A checkpoint that cannot be used (damaged, of other settings or layers) is renamed, never
        lost, and training starts at the first step.
        """
        if not self._checkpoint.is_file():
            print("No run was cut off here: training starts at step 1.")
            return
        try:
            arrays, numbers = load_checkpoint(
                self._checkpoint, self._identity, self.networks, self.optimizers
            )
        except CourseError as error:
            names = (self.folder / f"checkpoint.{i}.safetensors" for i in itertools.count(1))
            aside = next(name for name in names if not name.exists())
            try:
                self._checkpoint.rename(aside)
                print(f"{error} It is now called {aside.name}, and training starts at step 1.")
            except OSError:
                print(f"{error} Training starts at step 1.")
            return
        self.step, self.seconds = numbers["step"], numbers["seconds"]
        self._rows = arrays.pop("history").to(self.device)
        self.kept = {int(epoch): pictures for epoch, pictures in arrays.items()}
        if self.recording:
            self._resume_recording()
        print(f"A run was cut off after step {self.step:,}: training goes on from there.")

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
        if not self._losses_are_numbers():
            return
        arrays = {"history": self._rows, **{str(epoch): p for epoch, p in self.kept.items()}}
        numbers = {"step": self.step, "seconds": self.seconds}
        self._write(self._write_recording)  # first: what a checkpoint lacks can be forgotten
        self._write(
            lambda: save_checkpoint(
                self._checkpoint, self._identity, self.networks, self.optimizers, arrays, numbers
            )
        )

    def _resume_recording(self) -> None:
        """Take the recording that was saved with the run; if it is not to be had, begin here."""
        try:
            saved = Recording.load(self.folder / RECORDING)
        except CourseError:
            return
        if np.array_equal(saved.noise, self.recording.noise):
            self.recording = saved

    @property
    def _players(self) -> list[torch.nn.Module]:
        """Both players, in the order in which a recording wants them."""
        return [self.networks[name] for name in ("generator", "discriminator")]

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def _identity(self) -> dict:
        """What has to be the same for a checkpoint to fit."""
        return {"lesson": self.lesson, "seed": self.seed, "data": self.source} | asdict(self.preset)

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

    def _write_recording(self) -> None:
        if self.recording:
            self.recording.save(self.folder / RECORDING)

    def _write_results(self) -> None:
        """Write each file under a temporary name first, then move it."""
        for name, network in self.networks.items():
            save_tensors(self.folder / f"{name}.safetensors", network.state_dict())
        facts = {
            "lesson": self.lesson,
            "preset": asdict(self.preset),
            "seed": self.seed,
            "steps": self.step,
            "of_steps": self.total,
            "seconds": round(self.seconds, 1),
            "data": self.source,
            "device": describe_device(self.device),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }
        history = self.history
        rows = zip(*(column.tolist() for column in history.values()), strict=True)
        lines = [",".join(history), *(",".join(format(v, ".9g") for v in row) for row in rows)]
        texts = {
            "history.csv": "\n".join(lines) + "\n",
            "run.json": json.dumps(facts, indent=2) + "\n",
        }
        for name, text in texts.items():
            part = self.folder / f"{name}.part"
            part.write_text(text, encoding="utf-8")
            os.replace(part, self.folder / name)

    def _grow(self, total: int) -> None:
        """Make room in the history for all steps."""
        self.total = total
        if self.recording:
            self.recording.plan(total)
            if self.recording.done > self.step:
                self.recording.rewind(self.step)
        missing = max(0, total - len(self._rows))
        empty = torch.full((missing, len(COLUMNS)), math.nan, device=self.device)
        self._rows = torch.cat([self._rows, empty])

    def _order(self, count: int, epoch: int) -> torch.Tensor:
        """Return the order (count,) in which an epoch goes through the data."""
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + epoch)
        return torch.randperm(count, generator=generator).to(self.device)

    def _progress_bar(self) -> tqdm:
        return tqdm(
            total=self.total,
            initial=self.step,
            file=sys.stdout,
            ncols=90,
            mininterval=SECONDS_BETWEEN_DISPLAYS,
            bar_format="{percentage:3.0f}% |{bar}| step {n_fmt} of {total_fmt}, "
            "{elapsed} gone, {remaining} left{postfix}",
        )

    def _show(self, bar: tqdm) -> None:
        """Bring the bar up to date."""
        if self.step:
            loss_d, loss_g = self._losses
            bar.set_postfix_str(f"loss D {loss_d:.2f}, G {loss_g:.2f}", refresh=False)
            bar.update(self.step - bar.n)

    @property
    def _losses(self) -> list[float]:
        """Both losses of the last step."""
        return self._rows[self.step - 1, :2].tolist()

    def _losses_are_numbers(self) -> bool:
        return not self.step or all(map(math.isfinite, self._losses))


@contextlib.contextmanager
def _stop_button() -> Iterator[threading.Event]:
    """Turn the first interrupt into an event that a loop can ask for; a second one interrupts."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped  # only the main thread may handle signals
        return

    def handle(number, frame):
        stopped.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
