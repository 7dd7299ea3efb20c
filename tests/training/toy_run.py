"""A run of the toy GAN, and what the tests of runs do to it."""

import signal

import torch

from helpers.presets import Preset
from helpers.training.pytorch import Run
from tests.toys import GAN, new_gan, train_step

PRESET = Preset("lesson", epochs=3, batch_size=8, learning_rate_d=1e-2, learning_rate_g=1e-2)
POINTS = torch.linspace(-1, 1, 100).reshape(50, 2)
STEPS = 21  # three epochs of six full batches and one of two points
RESULTS = ("history.csv", "generator.safetensors", "discriminator.safetensors")


class ToyRun(Run):
    """A run whose training step draws from every source of random numbers."""

    def __init__(self, lesson="toy", preset=PRESET, seed=1, gan=None, **options):
        if not isinstance(gan, GAN):
            gan = new_gan(seed=seed, rate=1e-2, **(gan or {}))
        super().__init__(lesson, preset, gan, seed, **options)

    def resumed(self):
        self.resume()
        return self

    def train(self, at=None, action=lambda: None):
        """Run the loop of a lesson, with an action in the middle of one step; return the run."""
        for real in self.batches(POINTS):
            self.record(train_step(self.gan, real))
            if self.step + 1 == at:
                action()
        return self

    @property
    def checkpoint(self):
        """Where the only checkpoint of the folder lies."""
        (path,) = self.folder.glob(f"checkpoint-????????{self.suffix}")
        return path

    def results(self):
        return {name: (self.folder / name).read_bytes() for name in RESULTS}


def press_stop():
    signal.raise_signal(signal.SIGINT)


def refuse(*arguments, **options):
    raise PermissionError(13, "Permission denied")
