"""Trains a lesson's GAN as the lesson does, with other settings or another seed."""

from collections.abc import Callable

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from helpers.presets import Preset
from helpers.training.pytorch import Players, Run

LESSONS = {"digits": "02_mnist_gan", "clothes": "03_fashion_gan"}


def train(
    names: dict,
    folder: str,
    preset: Preset,
    gan: Players,
    data: torch.Tensor,
    *,
    seed: int,
    source: str = "",
    after: Callable[[Run, torch.nn.Module], None] = lambda run, average: None,
) -> tuple[Run, torch.nn.Module]:
    """Train `gan` on `data` (n, ...); return the run and the average of the generator's weights.

    `names` are those of the lesson's cells (see `run_cells`): its own `train_step` is taken. The
    files go to `GAN_RUNS/<folder>/`; a run that was cut off there is resumed. `after` is called
    with run and average after each step.
    """
    average = AveragedModel(gan.generator, multi_avg_fn=get_ema_multi_avg_fn(preset.average))
    run = Run(folder, preset, gan, seed=seed, source=source, average=average)
    run.resume()
    for real in run.batches(data):
        run.record(names["train_step"](gan, real, preset.real_label))
        average.update_parameters(gan.generator)
        after(run, average.module)
    return run, average.module
