"""Small runs of training for the tests: seconds, not minutes."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from helpers.compact import CURVES
from helpers.recorder import Recording


class Discriminator(nn.Module):
    def __init__(self, inputs=2, width=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(0.3))
        self.head = nn.Linear(width, 1)

    def logits(self, x):
        return self.head(self.body(x.flatten(1)))

    def forward(self, x):
        return self.logits(x).sigmoid()


class PointGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, z):
        return self.body(z)


class PictureGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 144), nn.Tanh())

    def forward(self, z):
        return self.body(z).view(-1, 1, 12, 12)


class Run:
    """Two networks, their optimizers and a recording; `train` takes steps and keeps all losses."""

    def __init__(self, kind="points", planned=None, seed=0, title="A small run"):
        torch.manual_seed(seed)
        if kind == "points":
            x = torch.rand(1024) * 2 * math.pi
            self.data = torch.stack((x, x.sin()), dim=1)
            self.generator, self.discriminator = PointGenerator(), Discriminator()
            noise, real = torch.randn(256, 2), self.data
        else:
            self.data = torch.rand(64, 1, 12, 12) * 2 - 1
            self.generator, self.discriminator = PictureGenerator(), Discriminator(144)
            noise, real = torch.randn(16, 8), self.data
        self.recording = Recording(kind, noise=noise, real=real, title=title, steps=planned)
        self.history = []
        self.optimizers = [
            torch.optim.Adam(net.parameters(), lr=3e-3)
            for net in (self.discriminator, self.generator)
        ]

    def noise(self):
        return torch.randn(32, self.recording.noise.shape[1])

    def train_step(self, real):
        # 1. real examples
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        # 2. fakes
        fake = self.generator(self.noise()).detach()
        # 3. the discriminator learns
        on_real, on_fake = self.discriminator.logits(real), self.discriminator.logits(fake)
        loss_d = bce(on_real, ones) + bce(on_fake, zeros)
        self.optimizers[0].zero_grad()
        loss_d.backward()
        self.optimizers[0].step()
        # 4. fresh fakes
        fake = self.generator(self.noise())
        # 5. the generator learns
        loss_g = bce(self.discriminator.logits(fake), ones)
        self.optimizers[1].zero_grad()
        loss_g.backward()
        self.optimizers[1].step()
        answers = [on_real.sigmoid().mean(), on_fake.sigmoid().mean()]
        return torch.stack([loss_d, loss_g, *answers]).tolist()

    def train(self, steps, watch=True):
        if watch and not self.history:
            self.recording.watch(0, self.generator, self.discriminator)
        for _ in range(steps):
            batch = torch.randint(len(self.data), (32,))
            self.history.append(self.train_step(self.data[batch]))
            if watch:
                self.recording.watch(len(self.history), self.generator, self.discriminator)
        return self

    def finish(self):
        columns = np.array(self.history, np.float32).reshape(-1, len(CURVES)).T
        history = dict(zip(CURVES, columns, strict=True))
        return self.recording.finish(history, self.generator, self.discriminator)
