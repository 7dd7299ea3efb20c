"""What each change of the settings buys: lesson 02 for equally many epochs, change by change.

Starts from the settings of the lecture and adds those of the preset `lesson` one by one; the last
row repeats the one before it with the built-in sample alone, for as many steps. Writes
`data/measured/recipes.csv`, which lesson 02 shows.
"""

import math
import os
import statistics
import tempfile
import time
from dataclasses import asdict, replace

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from helpers.metrics import judge
from helpers.metrics.classifier import load_classifier
from helpers.presets import PRESETS
from helpers.tables import write_rows
from notebooks.tools.lesson import run_cells
from tests.samples import sample

SAMPLE_ONLY = "the same with 10,000 pictures"
ROWS = (
    ("the lecture's settings", ()),
    ("real label 0.9", ("real_label",)),
    ("and larger learning rates", ("learning_rate_d", "learning_rate_g")),
    ("and batches of 64", ("batch_size",)),
    ("and beta1 0.5", ("beta1",)),
    (SAMPLE_ONLY, ()),
)


def train(names: dict, preset, images, steps: int) -> tuple[AveragedModel, float]:
    """Train new players; return the average of the generator, and the seconds for a step.

    The seconds are the median over all steps, so that other work on the machine hardly counts.
    """
    names["preset"] = preset
    players = names["new_players"](preset)
    keys = ("generator", "discriminator", "optimizer_g", "optimizer_d")
    names.update(zip(keys, players, strict=True))
    average = AveragedModel(players[0], multi_avg_fn=get_ema_multi_avg_fn(0.999))
    seconds: list[float] = []
    while len(seconds) < steps:
        for chosen in torch.randperm(len(images)).split(preset.batch_size):
            start = time.perf_counter()
            names["train_step"](images[chosen])
            average.update_parameters(players[0])
            seconds.append(time.perf_counter() - start)
    return average, statistics.median(seconds)


def without_tables(source: str) -> str:
    """Leave out the cell that shows what this benchmark has not written yet."""
    return "" if "read_rows(" in source else source


@torch.no_grad()
def main(epochs: str = "8") -> None:
    """Train each row for `epochs`, judge it, print it, and write the table."""
    os.environ |= {"GAN_PRESET": "lesson", "GAN_DEVICE": "cpu", "GAN_RUNS": tempfile.mkdtemp()}
    names = run_cells("02_mnist_gan", until="def train_step", change=without_tables)
    classifier, images = load_classifier("digits"), names["images"]
    small = sample("digits")["images"]
    wanted = asdict(PRESETS["02_mnist_gan"]["lesson"])
    preset, rows = replace(PRESETS["02_mnist_gan"]["full"], real_label=1.0), []
    for label, settings in ROWS:
        preset = replace(preset, **{key: wanted[key] for key in settings})
        steps = int(epochs) * math.ceil(len(images) / preset.batch_size)
        given = small if label == SAMPLE_ONLY else images
        with torch.enable_grad():
            average, seconds = train(names, preset, given, steps)
        noise = torch.randn(10_000, names["latent_dim"])
        verdicts = [judge(classifier, net(noise), images) for net in (names["generator"], average)]
        last, calm = (verdict.frechet.value for verdict in verdicts)
        row = {"settings": label, "steps": steps, "seconds": round(steps * seconds)}
        row |= {"Frechet distance": round(last), "of the average": round(calm)}
        row["classes covered"] = round(10 * float(verdicts[1].classes.covered))
        rows.append(row)
        print(row, flush=True)
    write_rows("recipes", rows)
