"""What surrounds a training loop: batches, progress, Stop, and the files of a run.

The loop and the training step stand in the notebook:

    run = Run("02_mnist_gan", preset, gan, seed)
    for real in run.batches(images):
        run.record(train_step(gan, real))
"""

import contextlib
import math
import random
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from helpers.base.files import new_file
from helpers.base.history import COLUMNS
from helpers.data.weights import save_tensors
from helpers.device.pytorch import describe_device
from helpers.presets import Preset
from helpers.training.run import SECONDS_BETWEEN_DISPLAYS, BaseRun, StopButton

if TYPE_CHECKING:
    from helpers.recording import Recording


class Players(Protocol):
    """A GAN as the lessons make one."""

    generator: torch.nn.Module
    discriminator: torch.nn.Module
    optimizer_g: torch.optim.Optimizer
    optimizer_d: torch.optim.Optimizer


class Run(BaseRun):
    """One training run of a `gan`: where it stands, what it recorded, and its files.

    An `average` of the generator, if there is one, is saved and resumed with the players.
    """

    checkpoint_name = "checkpoint.pt"

    def __init__(
        self,
        lesson: str,
        preset: Preset,
        gan: Players,
        seed: int,
        source: str = "",
        recording: "Recording | None" = None,
        average: torch.nn.Module | None = None,
        seconds_between_saves: float = 60,
    ) -> None:
        """Start at step 0; `seconds_between_saves` says how much work a cut-off may cost."""
        super().__init__(lesson, seed, source, recording, seconds_between_saves)
        self.preset, self.gan = preset, gan
        self.networks = {"generator": gan.generator, "discriminator": gan.discriminator}
        if average is not None:
            self.networks["average"] = average
        self.device = next(gan.generator.parameters()).device
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

    @property
    def _players(self) -> list[torch.nn.Module]:
        return [self.gan.generator, self.gan.discriminator]

    def _write_weights(self) -> None:
        for name, network in self.networks.items():
            save_tensors(self.folder / f"{name}.safetensors", network.state_dict())

    def _facts(self) -> dict[str, Any]:
        facts = super()._facts()
        facts["versions"]["torch"] = torch.__version__
        return facts | {"preset": asdict(self.preset), "device": describe_device(self.device)}

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

    # --- the checkpoint

    @property
    def _identity(self) -> dict[str, Any]:
        layers = {
            name: {key: list(value.shape) for key, value in network.state_dict().items()}
            for name, network in self.networks.items()
        }
        # Not all of their settings: a new version of PyTorch may know some more.
        optimizers = [
            [type(o).__name__, o.defaults["lr"], o.defaults.get("betas")] for o in self._optimizers
        ]
        return asdict(self.preset) | {"optimizers": optimizers, "layers": layers}

    @property
    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return [self.gan.optimizer_g, self.gan.optimizer_d]

    def _write_checkpoint(self, facts: dict[str, Any]) -> None:
        content = facts | {
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "random": random_state(),
            "history": self._rows,
            "kept": self.kept,
        }
        with new_file(self._checkpoint) as part:
            torch.save(content, part)

    def _read_checkpoint(self) -> dict[str, Any]:
        with zipfile.ZipFile(self._checkpoint) as file:  # PyTorch does not look at the checksums
            if damaged := file.testzip():
                raise zipfile.BadZipFile(damaged)
        return torch.load(self._checkpoint, map_location="cpu", weights_only=True)

    def _restore(self, found: dict[str, Any]) -> None:
        for name, network in self.networks.items():
            network.load_state_dict(found["networks"][name])
        for optimizer, state in zip(self._optimizers, found["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        restore_random_state(found["random"])
        self.kept, self._rows = found["kept"], found["history"].to(self.device)


def random_state() -> dict[str, Any]:
    """Return the random states of PyTorch, NumPy and Python as what `weights_only` may read."""
    numpy: Any = np.random.get_state()  # as `legacy` is not given: a tuple
    name, keys, *rest = numpy
    state: dict[str, Any] = {"torch": torch.get_rng_state(), "python": random.getstate()}
    state["numpy"] = (name, torch.from_numpy(keys.astype(np.int64)), *rest)
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(state: dict[str, Any]) -> None:
    """Undo `random_state`; the state of a device that is not here now is passed over."""
    torch.set_rng_state(state["torch"])
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    for index, cuda in enumerate(state.get("cuda", ())[: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(cuda, index)
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])
