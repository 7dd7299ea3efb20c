"""Trains the generators that come with the course, by running the training cells of the lessons.

    GAN_DATA=FOLDER python data/make_generators.py digits full        # or: clothes, lesson

FOLDER holds MNIST/raw and FashionMNIST/raw. `full` are the lecture's own settings, its generator
is kept as it is after the last step. `lesson` is the course's recipe for a laptop: there the
average of the generator's weights is kept, and GAN_EPOCHS can make it longer. A run that was cut
off goes on from its checkpoint in GAN_RUNS. Weights are written in half precision.
"""

import os
import re
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.checkpoint import save_tensors
from tests.tools.lesson import run_cells

LESSONS = {"digits": "02_mnist_gan", "clothes": "03_fashion_gan"}


def main(name: str, level: str) -> None:
    """Run the lesson up to the end of its training and write `NAME_generator_LEVEL.safetensors`."""
    os.environ["GAN_PRESET"] = level
    epochs = os.environ.get("GAN_EPOCHS")

    def longer(source: str) -> str:
        if not epochs:
            return source
        return re.sub(
            r"^(preset = choose_preset.*)$",
            rf"\1\nimport dataclasses\npreset = dataclasses.replace(preset, epochs={epochs})",
            source,
            flags=re.M,
        )

    names = run_cells(LESSONS[name], until="in run.batches(images)", change=longer)
    run = names["run"]
    network = names["average"].module if level == "lesson" else names["generator"]
    tensors = {key: value.half() for key, value in network.state_dict().items()}
    facts = {"data": run.source, "steps": run.step, "seconds": round(run.seconds), "seed": run.seed}
    path = Path(__file__).with_name(f"{name}_generator_{level}.safetensors")
    save_tensors(path, tensors, facts | {"torch": torch.__version__})
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {facts}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in LESSONS or sys.argv[2] not in ("lesson", "full"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
