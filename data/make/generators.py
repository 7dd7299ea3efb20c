"""Trains the players that come with the course, by running the training cells of the lessons.

    GAN_DATA=FOLDER python data/make_generators.py digits full        # or: clothes; long, best

FOLDER holds MNIST/raw and FashionMNIST/raw. A run that was cut off goes on from its checkpoint in
GAN_RUNS. Weights are written in half precision.

- `full`: the lecture's own settings, the generator as it is after the last step.
- `long`: the settings of the preset `lesson` for 30 epochs; the average of the generator's weights,
  and the discriminator that belongs to it.
- `best`: goes on from `long` for 8 epochs, with a slower generator and a faster discriminator (both
  have the same learning rate), without momentum (beta1 is 0). An average of the weights over more
  steps, and a first layer that spreads the noise wider: more variety for a little precision.
"""

import os
import re
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.data.weights import save_weights
from notebooks.tools.lesson import run_cells

LESSONS = {"digits": "02_mnist_gan", "clothes": "03_fashion_gan"}
CHANGES = {  # of the preset
    "full": "",
    "long": "epochs=30",
    "best": "epochs=8, learning_rate_d=4e-4, learning_rate_g=4e-4, beta1=0.0",
}
WIDER = 1.2  # what the first layer of `best` multiplies the noise by
PLAYERS = ("discriminator", "generator")


def change(source: str, name: str, level: str) -> str:
    """Return a cell with the settings changed, and for `best` with players that are trained."""
    if more := CHANGES[level]:
        more = f"import dataclasses\npreset = dataclasses.replace(preset, {more})"
        source = re.sub(r"^preset = choose_preset.*$", rf"\g<0>\n{more}", source, flags=re.M)
    if level == "best":
        lines = ["from helpers.data.weights import load_weights"]
        lines += [f'so_far = load_weights({p}, "{name}_{p}_long")' for p in PLAYERS]
        made = r"^generator, discriminator, optimizer_g, optimizer_d = new_players.*$"
        source = re.sub(made, "\n".join([r"\g<0>", *lines]), source, flags=re.M)
        source = source.replace("get_ema_multi_avg_fn(0.999)", "get_ema_multi_avg_fn(0.9995)")
    return source


def main(name: str, level: str) -> None:
    """Run the lesson up to the end of its training and write `NAME_PLAYER_LEVEL.safetensors`."""
    os.environ["GAN_PRESET"] = "full" if level == "full" else "lesson"
    names = run_cells(
        LESSONS[name], until="in run.batches(images)", change=lambda cell: change(cell, name, level)
    )
    run, average = names["run"], names["average"].module
    so_far = names.get("so_far", {"steps": 0, "seconds": 0})
    players = {"generator": names["generator"] if level == "full" else average}
    if level == "long":
        players["discriminator"] = names["discriminator"]
    if level == "best":
        players["generator"].model[0].weight.data *= WIDER
    facts = {"data": run.source, "seed": run.seed, "torch": torch.__version__}
    facts["steps"] = so_far["steps"] + run.step
    facts["seconds"] = so_far["seconds"] + round(run.seconds)
    for player, network in players.items():
        path = Path(__file__).with_name(f"{name}_{player}_{level}.safetensors")
        save_weights(path, network, facts)
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {facts}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in LESSONS or sys.argv[2] not in CHANGES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
