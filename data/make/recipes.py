"""What each change of the settings buys: lesson 02 for equally many epochs, change by change.

    python -m data.make.recipes 8       # epochs

Starts from the settings of the lecture and adds those of the preset `lesson` one by one; the last
row repeats the one before it with the built-in sample alone, for as many steps. Writes
`data/measured/recipes.csv`, which lesson 02 shows.
"""

import math
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from helpers.data.mnist import load_pictures
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import evaluate
from helpers.presets import PRESETS, Preset
from helpers.tables import write_rows
from notebooks.tools.lesson import run_cells

LESSON = "02_mnist_gan"
SAMPLE_ONLY = "the same with 10,000 pictures"
ROWS = (
    ("the lecture's settings", ()),
    ("real label 0.9", ("real_label",)),
    ("and larger learning rates", ("learning_rate_d", "learning_rate_g")),
    ("and batches of 64", ("batch_size",)),
    ("and beta1 0.5", ("beta1",)),
    (SAMPLE_ONLY, ()),
)


def batches(images: torch.Tensor, size: int, steps: int) -> Iterator[torch.Tensor]:
    """Yield batches, epoch after epoch, each in a new order, until `steps` of them are done."""
    while steps > 0:
        for chosen in torch.randperm(len(images)).split(size):
            yield images[chosen]
            steps -= 1


def measure(names: dict, preset: Preset, images: torch.Tensor, steps: int, real: torch.Tensor):
    """Train a new GAN and return what the table tells of it.

    The seconds are `steps` times the median of all steps, so that other work on the machine hardly
    counts. (A `Run` knows whole epochs and the sum alone.)
    """
    gan = names["new_gan"](preset)
    average = AveragedModel(gan.generator, multi_avg_fn=get_ema_multi_avg_fn(0.999))
    seconds = []
    for batch in batches(images, preset.batch_size, steps):
        start = time.perf_counter()
        names["train_step"](gan, batch, preset.real_label)
        average.update_parameters(gan.generator)
        seconds.append(time.perf_counter() - start)
    noise, classifier = gan.make_noise(10_000), load_classifier("digits")
    last, calm = (
        evaluate(classifier, names["generate"](network, noise), real)
        for network in (gan.generator, average)
    )
    return {
        "steps": steps,
        "seconds": round(steps * statistics.median(seconds)),
        "Frechet distance": round(last.frechet.value),
        "of the average": round(calm.frechet.value),
        "classes covered": round(10 * calm.classes.covered),
    }


def main(epochs: str) -> None:
    """Train each row for `epochs`, print it, and write the table."""
    os.environ |= {"GAN_PRESET": "lesson", "GAN_DEVICE": "cpu"}
    names = run_cells(LESSON, until="def train_step")
    images = names["images"]
    sample = load_pictures("digits", replace(PRESETS[LESSON]["smoke"], images=None)).images
    wanted = asdict(PRESETS[LESSON]["lesson"])
    preset, rows = replace(PRESETS[LESSON]["full"], real_label=1.0), []
    for label, settings in ROWS:
        preset = replace(preset, **{key: wanted[key] for key in settings})
        steps = int(epochs) * math.ceil(len(images) / preset.batch_size)
        given = sample[:, None].float() / 127.5 - 1 if label == SAMPLE_ONLY else images
        rows.append({"settings": label} | measure(names, preset, given, steps, images))
        print(rows[-1], flush=True)
    write_rows("recipes", rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
