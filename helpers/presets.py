"""The settings of every lesson at every level: the only place where these numbers stand."""

import os
from dataclasses import dataclass

from helpers.errors import CourseError

LEVELS = ("smoke", "lesson", "full")


@dataclass(frozen=True)
class Preset:
    """Settings of one lesson at one level.

    `epochs` passes over `images` training examples (None: all of them), in batches of
    `batch_size`; Adam with one learning rate for each network and a common `beta1`; the
    discriminator is told that real examples have the label `real_label`.
    """

    level: str
    epochs: int
    batch_size: int
    learning_rate_d: float
    learning_rate_g: float
    beta1: float = 0.9
    real_label: float = 1.0
    images: int | None = None


_SINE = {"batch_size": 32, "learning_rate_d": 1e-3, "learning_rate_g": 1e-3}
_PRESENTATION = {"batch_size": 32, "learning_rate_d": 1e-4, "learning_rate_g": 1e-4}
_FAST = {
    "batch_size": 64,
    "learning_rate_d": 2e-4,
    "learning_rate_g": 8e-4,
    "beta1": 0.5,
    "real_label": 0.9,
}
_PICTURES = {
    "smoke": Preset("smoke", epochs=1, images=192, **_FAST),
    "lesson": Preset("lesson", epochs=8, **_FAST),
    "full": Preset("full", epochs=50, **_PRESENTATION),
}
PRESETS = {
    "01_sine_gan": {
        "smoke": Preset("smoke", epochs=1, images=320, **_SINE),
        "lesson": Preset("lesson", epochs=300, **_SINE),
        "full": Preset("full", epochs=300, **_SINE),
    },
    "02_mnist_gan": _PICTURES,
    "03_fashion_gan": _PICTURES,
}


def choose_preset(lesson: str, on_gpu: bool) -> Preset:
    """Return the settings of `lesson` for the level named by `GAN_PRESET`.

    Without `GAN_PRESET` the level is `full` on a GPU and `lesson` on a CPU. An unknown level or
    lesson raises CourseError.
    """
    level = os.environ.get("GAN_PRESET", "").strip() or ("full" if on_gpu else "lesson")
    if level not in LEVELS:
        raise CourseError(
            f"GAN_PRESET={level} is not a preset: choose one of {', '.join(LEVELS)}, "
            "or leave it unset."
        )
    if lesson not in PRESETS:
        raise CourseError(f"{lesson} is not a lesson: choose one of {', '.join(PRESETS)}.")
    return PRESETS[lesson][level]
