"""The lecture's own settings, the preset `full`, with several seeds; also with the label 0.9.

    GAN_DATA=FOLDER GAN_RUNS=RUNS python -m data.make.lecture digits 0 1 2      # or: clothes 0

FOLDER holds MNIST/raw and FashionMNIST/raw. After some of the 50 epochs the generator and the
average of its weights are measured. A run that was cut off goes on from RUNS; seeds may be trained
side by side, by several processes (each has one thread and takes 40 minutes a run), and once all
are done, a call with all seeds writes `data/measured/lecture_NAME.csv`, and for digits
`lecture_digits.npz`.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from data.make.training import LESSONS, train
from helpers.base.files import DATA, new_file, write_sum, write_text
from helpers.base.history import COLUMNS
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import class_counts, frechet
from helpers.presets import PRESETS
from helpers.tables import MEASURED, write_rows
from helpers.training.pytorch import Run
from helpers.training.run import runs_folder
from notebooks.tools.lesson import run_cells

LABELS = {"digits": (1.0, 0.9), "clothes": (1.0,)}
EPOCHS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50)
STRIP = (1, 3, 8, 20, 50)
SHOWN = {  # the runs whose pictures lesson 02 shows
    "fails": "lecture/digits_label_1_seed_0",
    "works": "lecture/digits_label_1_seed_2",
}


def lecture_run(names: dict, measures: Callable, name: str, label: float, seed: int) -> list[dict]:
    """Train one GAN to the end, or go on with it, and return a row for each of `EPOCHS`.

    What generator and average make of the same noise goes to `strip.npy` of its folder: uint8
    pictures (epochs of `STRIP`, 2, 16, 28, 28).
    """
    folder = runs_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    measured = folder / "measured.json"
    rows = json.loads(measured.read_text()) if measured.is_file() else []
    if rows and "loss_d" in rows[-1]:
        return rows
    preset = replace(PRESETS["02_mnist_gan"]["full"], real_label=label)
    gan = names["new_gan"](preset, seed=seed)
    fixed_noise = gan.make_noise(16)  # as in the lesson
    noise = torch.randn(10_000, 100, generator=torch.Generator().manual_seed(seed))

    def measure(run: Run, average: torch.nn.Module) -> None:
        if not (run.epoch_ends and run.epoch in EPOCHS):
            return
        networks = {"generator": gan.generator, "average": average}
        run.keep(torch.stack([names["generate"](n, fixed_noise) for n in networks.values()]))
        if any(row["epoch"] == run.epoch for row in rows):
            return  # by a process that was cut off after its last checkpoint
        row = {"label": label, "seed": seed, "epoch": run.epoch}
        for player, network in networks.items():
            row |= {f"{player}: {k}": v for k, v in measures(network, noise).items()}
        rows.append(row)
        print(row, flush=True)
        write_text(measured, json.dumps(rows))

    run, _ = train(names, name, preset, gan, names["images"], seed=seed, after=measure)
    pictures = torch.stack([run.kept[epoch] for epoch in STRIP])[:, :, :, 0]
    np.save(folder / "strip.npy", (pictures * 127.5 + 127.5).round().byte().numpy())
    history = run.history
    for row in rows:  # what the players did in the last 1,000 steps of the epoch
        end = row["epoch"] * run.total // preset.epochs
        row |= {key: f"{history[key][end - 1000 : end].mean():.3f}" for key in COLUMNS}
    write_text(measured, json.dumps(rows))
    return rows


def main(name: str, *seeds: str) -> None:
    """Train all runs, those of the lecture's label first, and write the table and the pictures."""
    torch.set_num_threads(1)
    os.environ |= {"GAN_PRESET": "full", "GAN_DEVICE": "cpu"}
    names = run_cells(LESSONS[name], until="def train_step")
    classifier = load_classifier(name)
    real, _ = classifier(names["images"])

    def measures(network: torch.nn.Module, noise: torch.Tensor) -> dict[str, int]:
        features, chances = classifier(names["generate"](network, noise))
        covered = class_counts(chances.argmax(axis=1)).covered
        return {
            "Frechet distance": round(frechet(features, real).value),
            "classes": round(10 * covered),
        }

    rows = []
    for label in LABELS[name]:
        for seed in map(int, seeds):
            run_name = f"lecture/{name}_label_{label:g}_seed_{seed}"
            rows += lecture_run(names, measures, run_name, label, seed)
        write_rows(f"lecture_{name}", rows)  # after each label: the second may wait
    if name == "digits":
        path = MEASURED / "lecture_digits.npz"
        with new_file(path) as part, part.open("wb") as file:
            strips = {key: runs_folder() / run / "strip.npy" for key, run in SHOWN.items()}
            np.savez_compressed(file, **{key: np.load(strip) for key, strip in strips.items()})
        write_sum(path, DATA)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in LESSONS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
