"""What surrounds a training loop: batches, progress, Stop, and the files of a run.

The loop and the training step stand in the notebook:

    run = Run("02_mnist_gan", preset, gan, seed)
    for real in run.batches(images):
        run.record(train_step(gan, real))
"""

import io
import math
import random
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from helpers.base.files import new_file
from helpers.data.weights import save_tensors
from helpers.device.pytorch import describe_device
from helpers.presets import Preset
from helpers.training.run import BaseRun

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

    suffix = ".pt"
    settings: Preset

    def __init__(
        self,
        lesson: str,
        preset: Preset,
        gan: Players,
        seed: int,
        source: str = "",
        recording: "Recording | None" = None,
        average: torch.nn.Module | None = None,
    ) -> None:
        """Start at step 0 of as many as `batches` will tell."""
        super().__init__(lesson, preset, seed, source, recording)
        self.gan, self._players = gan, [gan.generator, gan.discriminator]
        self.networks = {"generator": gan.generator, "discriminator": gan.discriminator}
        self.networks |= {} if average is None else {"average": average}
        self._optimizers = [gan.optimizer_g, gan.optimizer_d]
        self.device = next(gan.generator.parameters()).device
        self.epoch, self.epoch_ends = 0, False
        self.kept: dict[int, torch.Tensor] = {}

    def batches(self, data: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield batches of `data` (n, ...) until all epochs are done, each epoch in a new order.

        Shows a progress bar, saves now and then and at the end. An interrupt (Stop in a notebook)
        ends the loop after the step under way; the next call goes on from there. The order of an
        epoch depends on the seed and the number of the epoch alone.
        """
        size, epochs = self.settings.batch_size, self.settings.epochs
        per_epoch = math.ceil(len(data) / size)
        self.total = epochs * per_epoch
        if self.step >= self.total:
            print(f"All {self.total:,} steps are done: run the cells above again to train anew.")
            return
        self._begin()
        try:
            for epoch in range(self.step // per_epoch, epochs):
                generator = torch.Generator().manual_seed(1_000_003 * self.seed + epoch)
                order = torch.randperm(len(data), generator=generator).to(self.device).split(size)
                for position in range(self.step % per_epoch, per_epoch):
                    self.epoch, self.epoch_ends = epoch + 1, position == per_epoch - 1
                    self._watch()
                    yield data[order[position]]
                    self.step += 1
                    if not self._goes_on():
                        return
        finally:
            self._end()

    def record(self, values: tuple[torch.Tensor, ...]) -> None:
        """Keep the losses and mean answers of this step: four tensors of one number each."""
        self._rows[self.step :] = [torch.stack(values).detach()]

    def _numbers(self) -> list[list[float]]:
        # All in one go: for each row on its own a GPU would have to wait.
        return torch.stack(self._rows[: self.step]).tolist() if self.step else []

    def keep(self, pictures: torch.Tensor) -> None:
        """Keep pictures of this moment, in `kept`, under the number of the epoch (from 1)."""
        self.kept[self.epoch] = pictures.detach().cpu()

    # --- files

    def _identity(self) -> dict[str, Any]:
        layers = {
            name: {key: list(value.shape) for key, value in network.state_dict().items()}
            for name, network in self.networks.items()
        }
        # Not all of their settings: a new version of PyTorch may know some more.
        optimizers = [
            [type(o).__name__, o.defaults["lr"], o.defaults.get("betas")] for o in self._optimizers
        ]
        return super()._identity() | {"optimizers": optimizers, "layers": layers}

    def _is_used(self) -> bool:
        return any(optimizer.state for optimizer in self._optimizers)

    def _write_checkpoint(self, facts: dict[str, Any]) -> None:
        content = facts | {
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "random": _random_state(),
            "kept": self.kept,
        }
        torch.save(content, file := io.BytesIO())  # to a full disk it raises no OSError
        with new_file(self._checkpoint) as part:
            part.write_bytes(file.getbuffer())

    def _read_checkpoint(self, file: io.BytesIO) -> dict[str, Any]:
        if damaged := zipfile.ZipFile(file).testzip():  # PyTorch does not look at the checksums
            raise zipfile.BadZipFile(damaged)
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)

    def _restore(self, found: dict[str, Any]) -> None:
        for name, network in self.networks.items():
            network.load_state_dict(found["networks"][name])
        for optimizer, state in zip(self._optimizers, found["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        _restore_random_state(found["random"])
        self._rows = list(torch.tensor(found["history"], device=self.device))
        self.kept = found["kept"]

    def _write_weights(self) -> None:
        for name, network in self.networks.items():
            save_tensors(self.folder / f"{name}.safetensors", network.state_dict())

    def _facts(self) -> dict[str, Any]:
        device = describe_device(self.device)
        return super()._facts() | {"torch": torch.__version__, "device": device}


def _random_state() -> dict[str, Any]:
    numpy: Any = np.random.get_state(legacy=False)
    numpy["state"]["key"] = numpy["state"]["key"].tolist()  # so that `weights_only` may read it
    state = {"python": random.getstate(), "numpy": numpy, "torch": torch.get_rng_state()}
    state["cuda"] = torch.cuda.get_rng_state_all()  # none without such a device
    if torch.backends.mps.is_available():
        state["mps"] = torch.mps.get_rng_state()
    return state


def _restore_random_state(state: dict[str, Any]) -> None:
    """Undo `_random_state`; the state of a device that is not here now is passed over."""
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    torch.cuda.set_rng_state_all(state["cuda"][: torch.cuda.device_count()])
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])
