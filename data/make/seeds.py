"""Trains the GANs of lesson 01 or 02 with other seeds, and writes `data/measured/seeds_01.csv`.

    python -m data.make.seeds 01 0 1 2       # or: 02
    GAN_PRESET=smoke python -m data.make.seeds 02 0

The settings are those of the preset `lesson` if GAN_PRESET names no other.
"""

import contextlib
import io
import os
import sys
import tempfile

from data.make.training import train
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import evaluate
from helpers.tables import write_rows
from notebooks.tools.lesson import run_cells


def sine_rows(seed: int) -> list[dict]:
    """Return the measures of the lecture's settings, and of the average at calmer settings."""
    names = run_cells("01_sine_gan", until="def train_step")
    return []


def digit_rows(seed: int) -> list[dict]:
    """Return the measures of lesson 02: those of the average's fakes."""
    names = run_cells("02_mnist_gan", until="def train_step")
    preset, images = names["preset"], names["images"]
    gan = names["new_gan"](preset, seed=seed)
    gan.make_noise(16)  # as in the lesson, which draws here what its pictures show
    _, average = train(
        names, "02_mnist_gan", preset, gan, images, seed=seed, source=names["data"].source
    )
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
