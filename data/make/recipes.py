"""What larger steps, momentum and a label buy: lesson 02 with several seeds, change by change.

    GAN_DATA=FOLDER GAN_RUNS=RUNS python -m data.make.recipes 0 1 2

FOLDER holds MNIST/raw. The first row has the lecture's settings, the others change something more
each, and the last has all settings of `lesson`. All see as many pictures. Writes
`data/measured/recipes.csv`. Runs that are done are kept in RUNS, so seeds may be trained side by
side as in `lecture`.
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
from helpers.tables import write_rows
from helpers.training.pytorch import Run
from notebooks.tools.lesson import run_cells

LESSON = "02_mnist_gan"
GOAL = PRESETS[LESSON]["lesson"]
START = replace(PRESETS[LESSON]["full"], epochs=GOAL.epochs)
CHANGES = {  # the settings that are taken over from GOAL
    "the lecture's settings": (),
    "larger batches and rates": ("batch_size", "learning_rate_d", "learning_rate_g"),
    "and beta1 0": ("beta1",),
    "and the label 0.9": ("real_label",),
}


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


def main(*arguments: str) -> None:
    """Train each row with each seed, print the measures, and write the table."""
    torch.set_num_threads(1)
    os.environ |= {"GAN_PRESET": "lesson", "GAN_DEVICE": "cpu"}
    names = run_cells(LESSON, until="def train_step")
    seeds = [int(seed) for seed in arguments]
    preset, table = START, []
    for label, taken in CHANGES.items():
        preset = replace(preset, **{name: getattr(GOAL, name) for name in taken})
        runs = []
        for seed in seeds:
            folder = f"recipes/{label}_{seed}"
            runs.append(kept(folder, measures, names, folder, preset, seed))
            print(label, runs[-1], flush=True)
        columns = {
            "distance": [run["generator"] for run in runs],
            "of the average": [run["Frechet distance"] for run in runs],
            "classes of the average": [run["classes covered"] for run in runs],
        }
        seconds = statistics.median(int(run["seconds"]) for run in runs)
        row = {"settings": label, "steps": f"{runs[0]['steps']:,}", "seconds": f"{seconds:.0f}"}
        table.append(row | {name: " ".join(column) for name, column in columns.items()})
    write_rows("recipes", table)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
