"""What makes the sine of lesson 01 better and steadier: changed settings, several seeds.

    python -m data.make.steadier 0 1 2

Writes `data/measured/steadier.csv`. The generator and the average of its weights are measured at
the last step and at twenty moments of the last 2,000 steps: how much the distance differs between
them is what *steady* means here.
"""

import os
import sys
import tempfile
from dataclasses import replace

import numpy as np
import torch

from data.make.training import train
from helpers.metrics.points import distance_to_curve
from helpers.presets import PRESETS
from helpers.tables import write_rows
from helpers.training.pytorch import Run
from notebooks.tools.lesson import run_cells

LESSON = "01_sine_gan"
USUAL = PRESETS[LESSON]["lesson"]
HALF = {"learning_rate_d": USUAL.learning_rate_d / 2, "learning_rate_g": USUAL.learning_rate_g / 2}
ROWS = {
    "the lecture's settings": {},
    "half the rates": HALF,
    "450 epochs": {"epochs": 450},
    "half the rates, 450 epochs": HALF | {"epochs": 450},
}
MOMENTS, STRETCH = 20, 2000


def distances(names: dict, settings: dict, seed: int) -> dict[str, list[float]]:
    """Train one GAN; return the distance at each moment, of the generator and of its average."""
    preset = replace(USUAL, **settings)
    gan = names["new_gan"](preset, seed=seed)
    found: dict[str, list[float]] = {"generator": [], "average": []}
    noise = torch.randn(2000, 2, generator=torch.Generator().manual_seed(seed))

    def measure(run: Run, average: torch.nn.Module) -> None:
        left = run.total - run.step - 1
        if left < STRETCH and left % (STRETCH // MOMENTS) == 0:
            for name, network in (("generator", gan.generator), ("average", average)):
                found[name].append(distance_to_curve(names["generate"](network, noise)))

    data = names["real_points"]
    train(names, f"{LESSON}/steadier", preset, gan, data, seed=seed, after=measure)
    return found


def main(*seeds: str) -> None:
    """Train each row with each seed, print it, and write the table."""
    os.environ |= {"GAN_PRESET": "lesson", "GAN_DEVICE": "cpu", "GAN_RUNS": tempfile.mkdtemp()}
    names = run_cells(LESSON, until="def new_gan")
    rows = []
    for label, settings in ROWS.items():
        runs = [distances(names, settings, int(seed)) for seed in seeds]
        row = {"settings": label}
        for network in ("generator", "average"):
            distance = np.array([run[network] for run in runs])  # (seeds, moments)
            row[network] = " ".join(f"{d:.3f}" for d in distance[:, -1])
            row[f"{network}, mean of 20"] = f"{distance.mean():.3f}"
            row[f"{network}, spread"] = " ".join(f"{s:.3f}" for s in distance.std(axis=1))
        rows.append(row)
        print(row, flush=True)
    write_rows("steadier", rows)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
