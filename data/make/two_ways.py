"""Clothes from new weights and from the digits' weights, with several seeds.

    GAN_DATA=FOLDER python -m data.make.two_ways 0 1 2

FOLDER holds FashionMNIST/raw. The settings are those of the preset `lesson`; measured are the
averages of the generators. Writes `data/measured/two_ways.csv`. A run that was cut off goes on from
GAN_RUNS.
"""

import os
import sys

from data.make.training import train
from helpers.data.weights import load_weights
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import evaluate
from helpers.tables import write_rows
from notebooks.tools.lesson import run_cells

LESSON = "03_fashion_gan"


def main(*seeds: str) -> None:
    """Train both ways with each seed, measure, print, and write the table."""
    os.environ |= {"GAN_PRESET": "lesson", "GAN_DEVICE": "cpu"}
    names = run_cells(LESSON, until="def train_step")
    classifier, images, rows = load_classifier("clothes"), names["images"], []
    for way in ("new weights", "from the digits"):
        for seed in map(int, seeds):
            gan = names["new_gan"](names["preset"], seed=seed)
            if way == "from the digits":
                load_weights(gan.generator, "digits_generator_long")
                load_weights(gan.discriminator, "digits_discriminator_long")
            folder = f"two_ways/{way}_{seed}"
            _, average = train(names, folder, names["preset"], gan, images, seed=seed)
            found = evaluate(classifier, names["generate"](average, gan.make_noise(10_000)), images)
            row = {"way": way, "seed": seed, "Frechet distance": f"{found.frechet.value:.0f}"}
            row |= {"precision": f"{found.precision:.2f}", "recall": f"{found.recall:.2f}"}
            rows.append(row)
            print(row, flush=True)
    write_rows("two_ways", rows)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
