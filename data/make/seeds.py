"""Trains the GANs of lesson 01 or 02 with other seeds, and writes `data/measured/seeds_NN.csv`.

    python -m data.make.seeds 01 0 1 2       # or: 02

The settings are those of the preset `lesson`, or of the one that GAN_PRESET names.
"""

import contextlib
import io
import math
import os
import sys
import tempfile
from dataclasses import replace

import torch

from data.make.training import train
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import evaluate
from helpers.metrics.points import coverage, distance_to_curve, share_inside
from helpers.tables import write_rows
from notebooks.tools.lesson import run_cells


def sine_rows(seed: int) -> list[dict]:
    """Return the measures of the lecture's settings, and of the average with calmer ones."""
    names = run_cells("01_sine_gan", until="def new_gan")
    preset, device = names["preset"], names["device"]
    names["seed_everything"](seed)
    x = 2 * math.pi * torch.rand(1024, device=device)
    points = torch.stack([x, torch.sin(x)], dim=1)[: preset.images]
    half, more = preset.learning_rate_d / 2, math.ceil(1.5 * preset.epochs)
    calm = replace(preset, learning_rate_d=half, learning_rate_g=half, epochs=more)
    kinds, rows = {"the lecture's": preset, "smaller learning rates and average": calm}, []
    for label, settings in kinds.items():
        gan = names["new_gan"](settings, seed=seed)
        _, average = train(names, "01_sine_gan", settings, gan, points, seed=seed)
        generator = gan.generator if settings is preset else average
        fakes = names["generate"](generator, gan.make_noise(2000))
        row = {
            "distance to the curve": distance_to_curve(fakes),
            "share inside": share_inside(fakes),
            "share of bins covered": coverage(fakes),
        }
        rows.append({"settings": label} | {key: f"{value:.3f}" for key, value in row.items()})
    return rows


def digit_rows(seed: int) -> list[dict]:
    """Return the measures of lesson 02."""
    names = run_cells("02_mnist_gan", until="def train_step")
    preset, images = names["preset"], names["images"]
    gan = names["new_gan"](preset, seed=seed)
    gan.make_noise(16)  # as in the lesson, which draws here what its pictures show
    _, average = train(names, "02_mnist_gan", preset, gan, images, seed=seed)
    noise = gan.make_noise(200 if preset.level == "smoke" else 10_000)
    found = evaluate(load_classifier("digits"), names["generate"](average, noise), images.cpu())
    rarest = min(found.classes.counts) / found.frechet.samples
    return [
        {
            "Frechet distance": f"{found.frechet.value:.1f}",
            "precision": f"{found.precision:.2f}",
            "recall": f"{found.recall:.2f}",
            "share of the rarest class": f"{rarest:.3f}",
        }
    ]


LESSONS = {"01": sine_rows, "02": digit_rows}


def main(lesson: str, *seeds: str) -> None:
    """Train once for each seed; print the measures and write `data/measured/seeds_<lesson>.csv`."""
    os.environ.setdefault("GAN_PRESET", "lesson")
    os.environ.setdefault("GAN_DEVICE", "cpu")
    table = []
    for seed in map(int, seeds):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            os.environ["GAN_RUNS"] = folder
            rows = [{"seed": seed, **row} for row in LESSONS[lesson](seed)]
        print(*rows, sep="\n", flush=True)
        table += rows
    write_rows(f"seeds_{lesson}", table)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in LESSONS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
