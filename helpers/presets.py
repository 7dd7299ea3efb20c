"""The settings of every lesson at every level: the only place where these numbers stand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from helpers.base.errors import CourseError
from helpers.base.variables import variable


@dataclass(frozen=True)
class Preset:
    """Settings of one lesson at one level."""

    level: str
    epochs: int
    batch_size: int
    learning_rate_d: float
    learning_rate_g: float
    beta1: float = 0.9  # of Adam, for both networks
    real_label: float = 1.0  # which the discriminator is told for real examples
    average: float = 0.999  # what an average of the generator keeps of itself at each step
    images: int | None = None  # training examples; None: all of them


@dataclass(frozen=True)
class GanSettings:
    """How one of the two GANs of lesson 04 is trained."""

    iterations: int
    batch_size: int
    learning_rate_d: float
    learning_rate_g: float
    beta1: float | None = None  # of Adam; None: RMSprop with gradients clipped to [-1, 1]
    real_label: float = 1.0
    penalty: float = 0.0  # for a discriminator that is steep at real pictures
    average: float = 0.99  # what an average of the generator keeps of itself at each iteration
    look_every: int = 50  # iterations between two measurements of the fakes


@dataclass(frozen=True)
class FacePreset:
    """Settings of lesson 04 at one level: what both GANs share, and those of each."""

    level: str
    size: int  # pixels along each side of a picture
    narrow: int  # by which the filters of the lecture's networks are divided
    narrow_new: int  # and those of the networks of the second GAN
    images: int  # at most so many faces to train with
    held_out: int  # and so many others to compare with
    samples: int  # fakes that are judged in the end
    looked: int  # and at each look while a GAN trains: at `full` each fake costs many operations
    first: GanSettings
    second: GanSettings


# With these the players that come with lesson 02 have been trained; its games start from them.
LONG = Preset("long", 30, 64, 2e-4, 8e-4, beta1=0.5, real_label=0.9)
# With these, and all else as at `lesson`, the generator that comes with lesson 04.
LONG_FACES = GanSettings(
    24_000, 16, 2e-4, 4e-4, beta1=0.5, real_label=0.9, penalty=5.0, average=0.999, look_every=400
)
# Level, epochs, batch size, learning rates of D and G.
_SINE = Preset("lesson", 300, 32, 1e-3, 1e-3)
_FAST = Preset("lesson", 9, 96, 4e-4, 1e-3, beta1=0.0, real_label=0.9)
_PICTURES = {
    "smoke": replace(_FAST, level="smoke", epochs=1, images=288),
    "lesson": _FAST,
    "full": Preset("full", 50, 32, 1e-4, 1e-4),  # the presentation's
}
PRESETS: Mapping[str, Mapping[str, Preset | FacePreset]] = {
    "01_sine_gan": {
        "smoke": replace(_SINE, level="smoke", epochs=1, images=320),
        "lesson": _SINE,
        "full": replace(_SINE, level="full"),
    },
    "02_mnist_gan": _PICTURES,
    "03_fashion_gan": _PICTURES,
    "04_celeba_keras_gan": {
        "smoke": FacePreset(
            "smoke", size=16, narrow=32, narrow_new=32,
            images=96, held_out=48, samples=40, looked=40,
            first=GanSettings(6, 4, 5e-4, 1e-3, beta1=0.5, real_label=0.9, look_every=3),
            second=GanSettings(
                6, 4, 2e-4, 4e-4, beta1=0.5, real_label=0.9, penalty=5.0, look_every=3
            ),
        ),
        "lesson": FacePreset(
            "lesson", size=64, narrow=8, narrow_new=4,
            images=3_500, held_out=500, samples=500, looked=500,
            first=GanSettings(300, 16, 5e-4, 1e-3, beta1=0.5, real_label=0.9, look_every=50),
            second=GanSettings(
                2_000, 16, 3e-4, 6e-4, beta1=0.5, real_label=0.9, penalty=5.0, look_every=100
            ),
        ),
        "full": FacePreset(
            "full", size=128, narrow=1, narrow_new=1,
            images=10_000, held_out=500, samples=500, looked=200,
            first=GanSettings(800, 16, 1e-4, 1e-4, look_every=100),
            second=GanSettings(
                2_000, 32, 2e-4, 2e-4, beta1=0.5, real_label=0.9, penalty=5.0, look_every=100
            ),
        ),
    },
}  # fmt: skip


def choose_preset(
    lesson: str, wanted: str | Preset | FacePreset | None = None
) -> Preset | FacePreset:
    """Return the settings at the level `wanted`, else at that of `GAN_PRESET`, else `lesson`.

    Settings are returned as they are: a cell may be run twice. An unknown level raises CourseError.
    """
    if isinstance(wanted, Preset | FacePreset):
        return wanted
    presets = PRESETS[lesson]
    level = wanted or variable("GAN_PRESET") or "lesson"
    if level not in presets:
        known = f"choose one of {', '.join(presets)}, or leave it unset"
        raise CourseError(f"{level} is not a preset: {known}.")
    return presets[level]
