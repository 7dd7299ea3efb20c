"""Trains the players that come with the course, with the functions of the lessons.

    GAN_DATA=FOLDER python -m data.make.generators digits long      # or: clothes; best

FOLDER holds MNIST/raw and FashionMNIST/raw. A run that was cut off goes on from its checkpoint in
GAN_RUNS. Weights are written to `data/`, in half precision.

- `long`: 30 epochs with the settings `LONG`; the average of the generator's weights, and the
  discriminator that belongs to it.
- `best`: goes on from `long` for 8 epochs, with a slower generator and a faster discriminator (both
  have the same learning rate), without momentum (beta1 is 0). An average of the weights over more
  steps, and a first layer that spreads the noise wider: more variety for a little precision.
"""

import os
import sys
from dataclasses import replace

import torch

from data.make.training import LESSONS, train
from helpers.base.files import DATA, write_sum
from helpers.data.weights import load_weights, save_weights
from helpers.presets import LONG
from notebooks.tools.lesson import run_cells

BEST = {"epochs": 8, "learning_rate_d": 4e-4, "learning_rate_g": 4e-4, "beta1": 0.0}
SETTINGS = {"long": LONG, "best": replace(LONG, **BEST, average=0.9995)}
WIDER = 1.2  # what the first layer of `best` multiplies the noise by


def main(name: str, level: str) -> None:
    """Train the players and write `data/NAME_PLAYER_LEVEL.safetensors`."""
    os.environ["GAN_PRESET"] = "lesson"
    lesson, best = LESSONS[name], level == "best"
    names = run_cells(lesson, until="def train_step")
    seed, preset = names["seed"], SETTINGS[level]
    gan = names["new_gan"](preset, seed=seed)
    so_far = {"steps": 0, "seconds": 0}
    if best:
        load_weights(gan.discriminator, f"{name}_discriminator_long")
        so_far = load_weights(gan.generator, f"{name}_generator_long")
    gan.make_noise(16)  # as in the lesson, which draws here what its pictures show
    run, average = train(
        names, f"{lesson}/{level}", preset, gan, names["images"],
        seed=seed, source=names["data"].source,
    )  # fmt: skip
    players = {"generator": average}
    if best:
        average.model[0].weight.data *= WIDER
    else:
        players["discriminator"] = gan.discriminator
    facts = {"data": run.source, "seed": seed, "torch": torch.__version__}
    facts |= {"steps": so_far["steps"] + run.step}
    facts |= {"seconds": so_far["seconds"] + round(run.seconds)}
    for player, network in players.items():
        path = DATA / f"{name}_{player}_{level}.safetensors"
        save_weights(path, network, facts)
        write_sum(path, DATA)
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {facts}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in LESSONS or sys.argv[2] not in SETTINGS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
