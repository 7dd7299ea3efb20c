"""Trains the players that come with the course, by running the training cells of the lessons.

    GAN_DATA=FOLDER python data/make_generators.py digits full        # or: clothes, best

FOLDER holds MNIST/raw and FashionMNIST/raw. `full`: the lecture's own settings, the generator as it
is after the last step. `best`: the settings of the preset `lesson` for BEST_EPOCHS epochs, the
average of the generator's weights, and the discriminator that belongs to it. A run that was cut off
goes on from its checkpoint in GAN_RUNS. Weights are written in half precision.
"""

import os
import re
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.checkpoint import save_weights
from tests.tools.lesson import run_cells

LESSONS = {"digits": "02_mnist_gan", "clothes": "03_fashion_gan"}
LEVELS = {"full": "full", "best": "lesson"}
BEST_EPOCHS = 30


def longer(source: str) -> str:
    """Set the number of epochs right after a cell has chosen the preset."""
    return re.sub(
        r"^(preset = choose_preset.*)$",
        rf"\1\nimport dataclasses\npreset = dataclasses.replace(preset, epochs={BEST_EPOCHS})",
        source,
        flags=re.MULTILINE,
    )


def main(name: str, level: str) -> None:
    """Run the lesson up to the end of its training and write `NAME_PLAYER_LEVEL.safetensors`."""
    os.environ["GAN_PRESET"] = LEVELS[level]
    changes = {"change": longer} if level == "best" else {}
    names = run_cells(LESSONS[name], until="in run.batches(images)", **changes)
    run = names["run"]
    players = {"generator": names["generator"]}
    if level == "best":
        players = {"generator": names["average"].module, "discriminator": names["discriminator"]}
    facts = {"data": run.source, "steps": run.step, "seconds": round(run.seconds), "seed": run.seed}
    for player, network in players.items():
        path = Path(__file__).with_name(f"{name}_{player}_{level}.safetensors")
        save_weights(path, network, facts | {"torch": torch.__version__})
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {facts}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in LESSONS or sys.argv[2] not in LEVELS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
