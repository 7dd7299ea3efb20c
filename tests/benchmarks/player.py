"""What recording and playing cost.

Trains the networks of lesson 01 for 300 epochs on one thread while recording, saves the player
and, where there is a Chromium, opens it. The same networks are trained without recording too, 96
steps of one and 96 of the other in turn.

The training is timed in CPU seconds of its one thread, not by the clock on the wall: on a machine
that others use, a process may stand still for a minute, and that minute falls on either of them.
"""

import math
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from helpers.player import show
from helpers.recording import Recording

STEPS, TURN = 9_600, 96


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for inputs, outputs in ((2, 256), (256, 128), (128, 64)):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(0.3)]
        self.logits = nn.Sequential(*layers, nn.Linear(64, 1))

    def forward(self, x):
        return self.logits(x).sigmoid()


class Trainee:
    """The GAN of lesson 01 with its optimizers and all of its losses."""

    def __init__(self, points):
        self.points, self.history = points, torch.empty(STEPS, 4)
        self.discriminator = Discriminator()
        self.generator = nn.Sequential(
            nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2)
        )
        self.optimizer_d, self.optimizer_g = (
            torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
            for network in (self.discriminator, self.generator)
        )
        self.ones, self.zeros = torch.ones(32, 1), torch.zeros(32, 1)

    def train_step(self, real):
        # 1. real points
        discriminator = self.discriminator
        # 2. fakes
        fake = self.generator(torch.randn(32, 2)).detach()
        # 3. the discriminator learns
        on_real, on_fake = discriminator.logits(real), discriminator.logits(fake)
        loss_d = bce(on_real, self.ones) + bce(on_fake, self.zeros)
        self.optimizer_d.zero_grad()
        loss_d.backward()
        self.optimizer_d.step()
        # 4. fresh fakes
        fake = self.generator(torch.randn(32, 2))
        # 5. the generator learns
        discriminator.requires_grad_(False)
        loss_g = bce(discriminator.logits(fake), self.ones)
        self.optimizer_g.zero_grad()
        loss_g.backward()
        self.optimizer_g.step()
        discriminator.requires_grad_(True)
        answers = on_real.sigmoid().mean(), on_fake.sigmoid().mean()
        return torch.stack((loss_d, loss_g, *answers)).detach()

    def train(self, first, recording=None):
        begin, watching = time.process_time(), 0.0
        for step in range(first, first + TURN):
            batch = torch.randint(len(self.points), (32,))
            self.history[step] = self.train_step(self.points[batch])
            if recording:
                before = time.process_time()
                recording.watch(step + 1, self.generator, self.discriminator)
                watching += time.process_time() - before
        return np.array([time.process_time() - begin, watching])


def measure_recording():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.rand(1024) * 2 * math.pi
    points = torch.stack((x, x.sin()), dim=1)
    watched, alone = Trainee(points), Trainee(points)
    recording = Recording("points", torch.randn(256, 2), points, "Sine", steps=STEPS)
    recording.watch(0, watched.generator, watched.discriminator)
    with_it, without = np.zeros(2), np.zeros(2)
    for first in range(0, STEPS, TURN):
        with_it += watched.train(first, recording)
        without += alone.train(first)
    begin = time.process_time()
    history = dict(zip(COLUMNS, watched.history.T, strict=True))
    recording.finish(history, watched.generator, watched.discriminator)
    last = time.process_time() - begin
    watching = with_it[1] + last
    print(f"training alone           {without[0]:6.2f} s CPU")
    print(f"training and recording   {with_it[0] + last:6.2f} s CPU")
    print(
        f"of these, recording      {watching:6.2f} s CPU, {watching / without[0]:.1%} of training"
    )
    print(f"frames, moments          {len(recording.frames)}, {len(recording.moments)}")
    return recording


def measure_page(path, chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        opened = []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1024, "height": 800})
            page.goto(path.as_uri())
            page.wait_for_selector("body[data-ready]")
            opened.append(int(page.evaluate("document.body.dataset.ready")))
        print(f"opened after             {statistics.median(opened)} ms (median of {opened})")
        script = """(grid) => {
          const view = player.views[0], box = document.querySelector('input[name="grid"]');
          if (box && box.checked !== grid) box.click();
          return player.times.map((_, i) => {
            const begin = performance.now();
            player.state.index = i;
            player.drawNow();
            view.canvas.getContext("2d").getImageData(0, 0, 1, 1); // waits for the drawing
            return performance.now() - begin;
          });
        }"""
        for grid in (False, True):
            times = page.evaluate(script, grid)
            name = "all layers" if grid else "usual layers"
            print(
                f"redraw, {name:16s} {statistics.median(times):6.1f} ms median, "
                f"{np.quantile(times, 0.95):.1f} ms for the 95th of 100"
            )
        browser.close()


def main() -> None:
    """Measure the recording, then the page."""
    recording = measure_recording()
    with tempfile.TemporaryDirectory() as folder:
        print(
            f"file of the recording    {recording.save(Path(folder, 'r.npz')).stat().st_size:,} B"
        )
        page = show(recording, train_step=Trainee.train_step).save(Path(folder, "r.html"))
        print(f"page with contact sheet  {page.stat().st_size:,} B")
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        if chromium:
            measure_page(page, chromium)
