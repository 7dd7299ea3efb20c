"""What surrounds a training loop: batches, progress, Stop, and the files of a run.

The loop and the training step stand in the notebook:

    run = Run("02_mnist_gan", preset, gan, seed)
    for real in run.batches(images):
        run.record(train_step(gan, real))
"""

import contextlib
import math
import pickle
import random
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from helpers.base.errors import CourseError
from helpers.base.files import new_file
from helpers.base.history import COLUMNS
from helpers.data.weights import save_tensors
from helpers.device.pytorch import describe_device
from helpers.presets import Preset
from helpers.training.run import SECONDS_BETWEEN_DISPLAYS, BaseRun, StopButton

if TYPE_CHECKING:
    from helpers.recording import Recording

VERSION = 2  # of a checkpoint


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
        """What has to be the same for a checkpoint to fit."""
        facts = {"version": VERSION, "lesson": self.lesson, "seed": self.seed, "data": self.source}
        return facts | asdict(self.preset)

    @property
    def _layers(self) -> dict[str, dict[str, list[int]]]:
        """The shape of each tensor of each network."""
        return {
            name: {key: list(value.shape) for key, value in network.state_dict().items()}
            for name, network in self.networks.items()
        }

    @property
    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": self.gan.optimizer_g, "discriminator": self.gan.optimizer_d}

    def _write_checkpoint(self) -> None:
        content = {
            "identity": self._identity,
            "layers": self._layers,
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": {name: o.state_dict() for name, o in self._optimizers.items()},
            "random": random_state(),
            "history": self._rows,
            "kept": self.kept,
            "step": self.step,
            "seconds": self.seconds,
        }
        with new_file(self._checkpoint) as part:
            torch.save(content, part)

    def _load(self) -> None:
        name = self._checkpoint.name
        try:
            damaged = zipfile.ZipFile(self._checkpoint).testzip()  # PyTorch checks no checksums
            if damaged:
                raise zipfile.BadZipFile(damaged)
            found = torch.load(self._checkpoint, map_location="cpu", weights_only=True)
            identity, layers = found["identity"], found["layers"]
        except (OSError, EOFError, KeyError, RuntimeError, TypeError, ValueError,
                pickle.UnpicklingError, zipfile.BadZipFile) as error:  # fmt: skip
            raise CourseError(f"{name} is damaged and was not used.") from error
        for key, value in self._identity.items():
            if identity.get(key) != value:
                raise CourseError(
                    f"{name} belongs to another run ({key}: {identity.get(key)}, not {value}) and "
                    "was not used."
                )
        if layers != self._layers:
            raise CourseError(f"{name} belongs to networks with other layers and was not used.")
        for key, network in self.networks.items():
            network.load_state_dict(found["networks"][key])
        for key, optimizer in self._optimizers.items():
            optimizer.load_state_dict(found["optimizers"][key])
        restore_random_state(found["random"])
        self.step, self.seconds, self.kept = found["step"], found["seconds"], found["kept"]
        self._rows = found["history"].to(self.device)


def random_state() -> dict[str, Any]:
    """Return the random states of PyTorch, NumPy and Python as what `weights_only` may read."""
    name, keys, *rest = np.random.get_state()
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
