"""Clothes from new weights and from the digits' weights, with several seeds.

    GAN_DATA=FOLDER GAN_RUNS=RUNS python -m data.make.two_ways 0 1 2

FOLDER holds FashionMNIST/raw. The settings are those of the preset `lesson`; measured are the
averages of the generators. Writes `data/measured/two_ways.csv`. Runs that are done are kept in
RUNS, so seeds may be trained side by side as in `lecture`.
"""

import os
import sys

import torch

from data.make.kept import kept
from data.make.training import train
from helpers.data.weights import load_weights
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import evaluate
from helpers.tables import write_rows
from notebooks.tools.lesson import run_cells

LESSON = "03_fashion_gan"


def measures(names: dict, folder: str, way: str, seed: int) -> dict[str, str]:
    """Train one GAN and return what the table tells of it."""
    gan = names["new_gan"](names["preset"], seed=seed)
    gan.make_noise(16)  # as in the lesson, which draws here what its pictures show
    if way == "from the digits":
        load_weights(gan.generator, "digits_generator_long")
        load_weights(gan.discriminator, "digits_discriminator_long")
    _, average = train(names, folder, names["preset"], gan, names["images"], seed=seed)
    fakes = names["generate"](average, gan.make_noise(10_000))
    found = evaluate(load_classifier("clothes"), fakes, names["images"])
    row = {"way": way, "seed": seed, "Frechet distance": f"{found.frechet.value:.0f}"}
    return row | {"precision": f"{found.precision:.2f}", "recall": f"{found.recall:.2f}"}


def main(*seeds: str) -> None:
    """Train both ways with each seed, measure, print, and write the table."""
    torch.set_num_threads(1)
    os.environ |= {"GAN_PRESET": "lesson", "GAN_DEVICE": "cpu"}
    names, rows = run_cells(LESSON, until="def train_step"), []
    for way in ("new weights", "from the digits"):
        for seed in map(int, seeds):
            folder = f"two_ways/{way}_{seed}"
            rows.append(kept(folder, measures, names, folder, way, seed))
            print(rows[-1], flush=True)
    write_rows("two_ways", rows)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
