"""What larger steps, momentum and a label buy: lesson 02 with several seeds, change by change.

    GAN_DATA=FOLDER GAN_RUNS=RUNS python -m data.make.recipes 0 1 2

FOLDER holds MNIST/raw. The first row is the lecture's, from `data/measured/lecture_digits.csv`; the
others change something more each. All see as many pictures. Writes `data/measured/recipes.csv`.
Runs that are done are kept in RUNS, so seeds may be trained side by side as in `lecture`.
"""

import itertools
import os
import statistics
import sys
import time
from dataclasses import replace

import torch

from data.make.kept import kept
from data.make.training import train
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import evaluate
from helpers.presets import PRESETS, Preset
from helpers.tables import read_rows, write_rows
from helpers.training.pytorch import Run
from notebooks.tools.lesson import run_cells

LESSON = "02_mnist_gan"
START = replace(PRESETS[LESSON]["full"], epochs=6, average=0.997)
CHANGES = {
    "larger batches and rates": {
        "batch_size": 128, "learning_rate_d": 3e-4, "learning_rate_g": 1.8e-3,
    },
    "and beta1 0": {"beta1": 0.0},
    "and the label 0.9": {"real_label": 0.9},
}  # fmt: skip


def measures(names: dict, folder: str, preset: Preset, seed: int) -> dict[str, str]:
    """Train a GAN and return the measures of lesson 02 for it.

    The seconds are the number of steps times the median step, so that other work on the machine
    hardly counts.
    """
    gan = names["new_gan"](preset, seed=seed)
    gan.make_noise(16)  # as in the lesson, which draws here what its pictures show
    moments = []

    def note(run: Run, average: torch.nn.Module) -> None:
        moments.append(time.perf_counter())

    run, average = train(names, folder, preset, gan, names["images"], seed=seed, after=note)
    seconds = statistics.median(b - a for a, b in itertools.pairwise(moments))
    noise = gan.make_noise(200 if preset.level == "smoke" else 10_000)
    classifier = load_classifier("digits")
    raw, calm = (
        evaluate(classifier, names["generate"](network, noise), names["images"])
        for network in (gan.generator, average)
    )
    return {
        "steps": run.step,
        "seconds": f"{seconds * run.step:.0f}",
        "generator": f"{raw.frechet.value:.0f}",
        "Frechet distance": f"{calm.frechet.value:.0f}",
        "classes covered": f"{10 * calm.classes.covered:.0f}",
    }


def lecture_row(seeds: list[int]) -> dict[str, str]:
    """Return the row of the lecture's settings after as many epochs, from its own table."""
    rows = [
        row
        for row in read_rows("lecture_digits")
        if float(row["label"]) == 1 and int(row["epoch"]) == START.epochs
    ]
    found = [row for seed in seeds for row in rows if int(row["seed"]) == seed]
    return table_row(
        "the lecture's settings",
        START.epochs * 1875,
        "",
        [row["generator: Frechet distance"] for row in found],
        [row["average: Frechet distance"] for row in found],
        [row["average: classes"] for row in found],
    )


def table_row(settings: str, steps: int, seconds: str, *columns: list[str]) -> dict[str, str]:
    """Return a row of `recipes.csv`; the three `columns` have an entry for each seed."""
    heads = "distance", "of the average", "classes of the average"
    shown = (" ".join(column) for column in columns)
    return {"settings": settings, "steps": f"{steps:,}", "seconds": seconds} | dict(
        zip(heads, shown, strict=True)
    )


def main(*arguments: str) -> None:
    """Train each row with each seed, print the measures, and write the table."""
    torch.set_num_threads(1)
    os.environ |= {"GAN_PRESET": "lesson", "GAN_DEVICE": "cpu"}
    names = run_cells(LESSON, until="def train_step")
    seeds = [int(seed) for seed in arguments]
    preset, table = START, []
    for label, settings in CHANGES.items():
        preset = replace(preset, **settings)
        runs = []
        for seed in seeds:
            folder = f"recipes/{label}_{seed}"
            runs.append(kept(folder, measures, names, folder, preset, seed))
            print(label, runs[-1], flush=True)
        raw = [r["generator"] for r in runs]
        calm = [f"{float(r['Frechet distance']):.0f}" for r in runs]
        classes = [r["classes covered"] for r in runs]
        seconds = statistics.median(int(r["seconds"]) for r in runs)
        table.append(table_row(label, runs[0]["steps"], f"{seconds:.0f}", raw, calm, classes))
    write_rows("recipes", [lecture_row(seeds), *table])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
