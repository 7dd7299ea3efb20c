"""What recording and playing cost.

    python -m tests.benchmarks player

Trains the GAN of lesson 01 for 300 epochs on one thread while recording, saves the player and,
where there is a Chromium, opens it. The same GAN is trained without recording too, 96 steps of one
and 96 of the other in turn.

The training is timed in CPU seconds of its one thread, not by the clock on the wall: on a machine
that others use, a process may stand still for a minute, and that minute falls on either of them.
"""

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from helpers.base.history import COLUMNS
from helpers.player import show
from helpers.recording import Recording
from notebooks.tools.lesson import code_cells, run_cells

STEPS, TURN = 9_600, 96


class Trainee:
    """A GAN of lesson 01 in training, with all of its losses."""

    def __init__(self, lesson):
        self.gan, self.points = lesson["new_gan"](lesson["preset"]), lesson["real_points"]
        self.train_step = lesson["train_step"]
        self.history = torch.empty(STEPS, len(COLUMNS))
        self.players = self.gan.generator, self.gan.discriminator

    def train(self, first, recording=None):
        """Do some steps; return the CPU seconds of all, and those of the recording."""
        begin, watching = time.process_time(), 0.0
        for step in range(first, first + TURN):
            batch = self.points[torch.randint(len(self.points), (32,))]
            self.history[step] = torch.stack(self.train_step(self.gan, batch)).detach()
            if recording:
                before = time.process_time()
                recording.watch(step + 1, *self.players)
                watching += time.process_time() - before
        return np.array([time.process_time() - begin, watching])


def measure_recording(lesson):
    watched, alone = Trainee(lesson), Trainee(lesson)
    noise = watched.gan.make_noise(256)
    recording = Recording("points", noise, watched.points, "Sine", steps=STEPS)
    recording.watch(0, *watched.players)
    with_it, without = np.zeros(2), np.zeros(2)
    for first in range(0, STEPS, TURN):
        with_it += watched.train(first, recording)
        without += alone.train(first)
    begin = time.process_time()
    recording.finish(dict(zip(COLUMNS, watched.history.T, strict=True)), *watched.players)
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
    os.environ |= {"GAN_PRESET": "smoke", "GAN_DEVICE": "cpu", "GAN_RUNS": tempfile.mkdtemp()}
    lesson = run_cells("01_sine_gan", until="def new_gan")
    step = next(cell for cell in code_cells("01_sine_gan") if "def train_step" in cell)
    recording = measure_recording(lesson)
    with tempfile.TemporaryDirectory() as folder:
        print(
            f"file of the recording    {recording.save(Path(folder, 'r.npz')).stat().st_size:,} B"
        )
        page = show(recording, train_step=step).save(Path(folder, "r.html"))
        print(f"page with contact sheet  {page.stat().st_size:,} B")
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        if chromium:
            measure_page(page, chromium)
