"""What surrounds a training loop: batches, progress, Stop, and the files of a run.

The loop and the training step stand in the notebook:

    run = Run("02_mnist_gan", preset, networks, optimizers, seed)
    for real in run.batches(images):
        run.record(train_step(real))
"""

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch

from helpers.checkpoint import load_checkpoint, save_checkpoint, save_tensors
from helpers.device import describe_device
from helpers.presets import Preset
from helpers.recorder import Recording
from helpers.run_files import COLUMNS, SECONDS_BETWEEN_DISPLAYS, RunFiles, StopButton


class Run(RunFiles):
    """One training run: where it stands, what it recorded, and its files.

    `networks` and `optimizers` are dictionaries; the networks are saved under their names. `source`
    says where the data came from. A `recording`, if there is one, watches the networks called
    "generator" and "discriminator"; it is saved and resumed with the run.
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
        super().__init__(lesson, seed, source, recording, seconds_between_saves)
        self.preset, self.networks, self.optimizers = preset, networks, optimizers
        self.device = next(networks["generator"].parameters()).device
        self.epoch, self.epoch_ends = 0, False
        self.kept: dict[int, torch.Tensor] = {}
        self._rows = torch.full((0, len(COLUMNS)), math.nan, device=self.device)

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
        with contextlib.closing(StopButton()) as stopped, self._progress_bar() as bar:
            try:
                while self.step < self.total and not stopped.is_set():
                    position = self.step % per_epoch
                    if position == 0:
                        order = self._order(len(data), self.step // per_epoch)
                    self.epoch = self.step // per_epoch + 1
                    self.epoch_ends = position == per_epoch - 1
                    self._watch()
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
                self._finish_recording()
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
    def _table(self) -> np.ndarray:
        return self._rows[: self.step].cpu().numpy()

    @property
    def _losses(self) -> list[float]:
        return self._rows[self.step - 1, :2].tolist()

    def _load(self) -> None:
        arrays, numbers = load_checkpoint(
            self._checkpoint, self._identity, self.networks, self.optimizers
        )
        self.step, self.seconds = numbers["step"], numbers["seconds"]
        self._rows = arrays.pop("history").to(self.device)
        self.kept = {int(epoch): pictures for epoch, pictures in arrays.items()}

    def _write_checkpoint(self) -> None:
        arrays = {"history": self._rows, **{str(epoch): p for epoch, p in self.kept.items()}}
        numbers = {"step": self.step, "seconds": self.seconds}
        save_checkpoint(
            self._checkpoint, self._identity, self.networks, self.optimizers, arrays, numbers
        )

    def _write_weights(self) -> None:
        for name, network in self.networks.items():
            save_tensors(self.folder / f"{name}.safetensors", network.state_dict())

    def _facts(self) -> dict:
        facts = super()._facts()
        facts["versions"]["torch"] = torch.__version__
        return facts | {"preset": asdict(self.preset), "device": describe_device(self.device)}

    @property
    def _players(self) -> list[torch.nn.Module]:
        """Both players, in the order in which a recording wants them."""
        return [self.networks[name] for name in ("generator", "discriminator")]

    @property
    def _identity(self) -> dict:
        """What has to be the same for a checkpoint to fit."""
        return {"lesson": self.lesson, "seed": self.seed, "data": self.source} | asdict(self.preset)

    def _grow(self, total: int) -> None:
        """Make room in the history for all steps."""
        self.total = total
        self._plan_recording(self.preset.real_label)
        missing = max(0, total - len(self._rows))
        empty = torch.full((missing, len(COLUMNS)), math.nan, device=self.device)
        self._rows = torch.cat([self._rows, empty])

    def _order(self, count: int, epoch: int) -> torch.Tensor:
        """Return the order (count,) in which an epoch goes through the data."""
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + epoch)
        return torch.randperm(count, generator=generator).to(self.device)
