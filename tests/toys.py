"""One small GAN for all tests: seconds, not minutes."""

import math
import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from helpers.base.history import COLUMNS
from helpers.recording import Recording


class Discriminator(nn.Sequential):
    def __init__(self, inputs, width):
        hidden = nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(0.3)
        super().__init__(nn.Flatten(), *hidden, nn.Linear(width, 1))

    def logits(self, x):
        return super().forward(x)

    def forward(self, x):
        return self.logits(x).sigmoid()


def new_generator(kind, width):
    """Two numbers of noise become a point, or eight a picture of 12 x 12 pixels."""
    if kind == "points":
        return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 2))
    picture = nn.Linear(width, 144), nn.Tanh(), nn.Unflatten(1, (1, 12, 12))
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), *picture)


@dataclass
class GAN:
    generator: nn.Module
    discriminator: nn.Module
    optimizer_g: torch.optim.Optimizer
    optimizer_d: torch.optim.Optimizer

    def make_noise(self, count):
        """Draw from every source of random numbers, so that a resumed run needs them all."""
        size = self.generator[0].in_features
        return (random.random() + np.random.rand()) * torch.randn(count, size)


def new_gan(kind="points", seed=0, rate=3e-3, width=16, adam=torch.optim.Adam):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    generator = new_generator(kind, width)
    discriminator = Discriminator(2 if kind == "points" else 144, 2 * width)
    players = generator, discriminator
    return GAN(*players, *(adam(player.parameters(), lr=rate) for player in players))


def train_step(gan, real):
    # 1. real examples
    ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
    # 2. fakes
    fake = gan.generator(gan.make_noise(len(real))).detach()
    # 3. the discriminator learns
    on_real, on_fake = gan.discriminator.logits(real), gan.discriminator.logits(fake)
    loss_d = bce(on_real, ones) + bce(on_fake, zeros)
    gan.optimizer_d.zero_grad()
    loss_d.backward()
    gan.optimizer_d.step()
    # 4. fresh fakes
    fake = gan.generator(gan.make_noise(len(real)))
    # 5. the generator learns
    loss_g = bce(gan.discriminator.logits(fake), ones)
    gan.optimizer_g.zero_grad()
    loss_g.backward()
    gan.optimizer_g.step()
    return loss_d, loss_g, on_real.sigmoid().mean(), on_fake.sigmoid().mean()


def real_examples(kind="points"):
    if kind == "points":
        x = torch.rand(1024) * 2 * math.pi
        return torch.stack((x, x.sin()), dim=1)
    return torch.rand(64, 1, 12, 12) * 2 - 1


class Recorded:
    """A toy GAN in training under the eyes of a recording."""

    def __init__(self, kind="points", planned=None, seed=0, title="A small run"):
        self.gan = new_gan(kind, seed)
        self.data = real_examples(kind)
        noise = torch.randn(256, 2) if kind == "points" else torch.randn(16, 8)
        self.recording = Recording(kind, noise=noise, real=self.data, title=title, steps=planned)
        self.history = []

    @property
    def players(self):
        return self.gan.generator, self.gan.discriminator

    def train(self, steps, watch=True):
        for _ in range(steps):
            if watch:
                self.recording.watch(len(self.history), *self.players)
            chosen = torch.randint(len(self.data), (32,))
            losses = torch.stack(train_step(self.gan, self.data[chosen]))
            self.history.append(losses.tolist())
        return self

    def finish(self):
        columns = np.array(self.history, np.float32).reshape(-1, len(COLUMNS)).T
        return self.recording.finish(dict(zip(COLUMNS, columns, strict=True)), *self.players)
