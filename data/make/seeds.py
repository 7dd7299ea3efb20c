"""Trains the GAN of lesson 02 with several seeds, and writes `data/measured/seeds_02.csv`.

    python -m data.make.seeds 0 1 2

The settings are those of the preset `lesson`, or of the one that GAN_PRESET names. One CPU thread.
"""

import contextlib
import io
import os
import sys
import tempfile

import torch

from data.make.training import train
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import evaluate
from helpers.tables import write_rows
from notebooks.tools.lesson import run_cells

LESSON = "02_mnist_gan"


def measures(names: dict, seed: int) -> dict[str, str]:
    """Train with this seed and return the measures of lesson 02, those of the average.

    `names` are those of the lesson's cells.
    """
    preset, images = names["preset"], names["images"]
    gan = names["new_gan"](preset, seed=seed)
    gan.make_noise(16)  # as in the lesson, which draws here what its pictures show
    _, average = train(names, LESSON, preset, gan, images, seed=seed)
    noise = gan.make_noise(200 if preset.level == "smoke" else 10_000)
    found = evaluate(load_classifier("digits"), names["generate"](average, noise), images.cpu())
    rarest = min(found.classes.counts) / found.frechet.samples
    return {
        "Frechet distance": f"{found.frechet.value:.1f}",
        "precision": f"{found.precision:.2f}",
        "recall": f"{found.recall:.2f}",
        "share of the rarest class": f"{rarest:.3f}",
    }


def main(*seeds: str) -> None:
    """Train once for each seed, print the measures and write the table."""
    torch.set_num_threads(1)
    os.environ.setdefault("GAN_PRESET", "lesson")
    os.environ.setdefault("GAN_DEVICE", "cpu")
    names, rows = run_cells(LESSON, until="def train_step"), []
    for seed in map(int, seeds):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            os.environ["GAN_RUNS"] = folder
            rows.append({"seed": seed} | measures(names, seed))
        print(rows[-1], flush=True)
    write_rows("seeds_02", rows)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
