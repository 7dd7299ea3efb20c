"""What each change of the settings buys: lesson 02 for the same time, one change after the other.

Starts from the settings of the lecture and adds those of the preset `lesson` one by one. Needs some
minutes for each row: after one minute all rows still make noise.
"""

import os
import tempfile
import time
from dataclasses import asdict, replace

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from helpers.classifier import load_classifier
from helpers.metrics import judge
from helpers.presets import PRESETS
from tests.tools.lesson import run_cells

STEPS = (
    ("the lecture's settings", ()),
    ("+ larger learning rates", ("learning_rate_d", "learning_rate_g")),
    ("+ batches of 64", ("batch_size",)),
    ("+ beta1 of 0.5 and label 0.9", ("beta1", "real_label")),
)


def train(names: dict, preset, seconds: float) -> tuple[AveragedModel, int]:
    """Train new players for some seconds; return the average of the generator and the steps."""
    names["preset"] = preset
    players = names["new_players"](preset)
    keys = ("generator", "discriminator", "optimizer_g", "optimizer_d")
    names.update(zip(keys, players, strict=True))
    average = AveragedModel(players[0], multi_avg_fn=get_ema_multi_avg_fn(0.999))
    images, steps, end = names["images"], 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        for chosen in torch.randperm(len(images)).split(preset.batch_size):
            names["train_step"](images[chosen])
            average.update_parameters(players[0])
            steps += 1
            if time.perf_counter() > end:
                break
    return average, steps


@torch.no_grad()
def main(seconds: str = "200") -> None:
    """Train each row for `seconds` and print it."""
    os.environ |= {"GAN_PRESET": "lesson", "GAN_DEVICE": "cpu", "GAN_RUNS": tempfile.mkdtemp()}
    names = run_cells("02_mnist_gan", until="def train_step")
    classifier, images = load_classifier("digits"), names["images"]
    wanted = asdict(PRESETS["02_mnist_gan"]["lesson"])
    preset = PRESETS["02_mnist_gan"]["full"]
    for label, settings in STEPS:
        preset = replace(preset, **{key: wanted[key] for key in settings})
        with torch.enable_grad():
            average, steps = train(names, preset, float(seconds))
        networks = {"generator": names["generator"], "average": average}
        noise = torch.randn(10_000, names["latent_dim"])
        verdicts = {key: judge(classifier, net(noise), images) for key, net in networks.items()}
        row = {"settings": label, "training steps": steps}
        row |= {key: round(verdict.frechet.value) for key, verdict in verdicts.items()}
        row["classes covered"] = round(10 * verdicts["average"].classes.covered)
        print(row, flush=True)
