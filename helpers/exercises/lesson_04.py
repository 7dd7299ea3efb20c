"""The checks of lesson 04."""

import math
from collections.abc import Callable

import numpy as np

from helpers.exercises.verdicts import compare, exercise, need, number_in, tell
from helpers.metrics.images import Frechet


@exercise
def check_twice_the_side(answer: float, experiment: Callable[[], tuple[float, float]]) -> None:
    """Lesson 04: how many times the multiply-adds a picture of twice the side needs."""
    multiply_adds, weights = experiment()
    compare(
        math.isclose(number_in(answer), multiply_adds, rel_tol=0.02),
        answer,
        f"{multiply_adds:.2f} times the multiply-adds, {weights:.2f} times the weights",
        "Each filter stands at four times as many places, but it is the same filter: only Dense, "
        "with a weight for each place, gets more. So the weights do not tell how long it takes.",
    )


@exercise
def check_ten_faces(answer: str, experiment: Callable[[], tuple[float, Frechet]]) -> None:
    """Lesson 04: the spread (1 is real) and the distance of ten real faces, repeated."""
    spread, distance = experiment()
    letters = {0.1: "a", 0.5: "b", 0.9: "c"}
    compare(
        letters[min(letters, key=lambda value: abs(value - spread))],
        answer,
        f"spread {spread:.2f}, Frechet distance {distance}",
        "k different faces have about the share 1 - 1/k of the variance, and the spread is nearly "
        "its root: ten give about 0.9, and even two often give more than a half. A spread near 0 "
        "proves a collapse, one near 1 does not exclude it. The Frechet distance notices.",
    )


@exercise
def check_one_at_a_time(answer: str, experiment: Callable[[bool], np.ndarray]) -> None:
    """Lesson 04: whether fakes that were made one by one differ.

    `experiment(training)` returns them, (n, side, side, 3), with `training` given to the generator.
    """
    alone, usual = ((experiment(training) + 1) * 127.5 for training in (True, False))
    apart = [float(np.ptp(fakes, axis=0).max()) for fakes in (alone, usual)]
    same = np.abs(alone - usual).max() < 1
    compare(
        "b" if apart[0] < 1 else "a" if same else "c",
        answer,
        "a pixel differs by up to {:.1f} of 255 steps of grey between the 16 faces with "
        "training=True, by up to {:.1f} with training=False".format(*apart),
        "In training, BatchNormalization subtracts the mean of the batch. In a batch of one that "
        "is the number itself, so behind Dense nothing is left of the noise. With training=False "
        "it takes averages that it has kept, and they move only in steps with training=True.",
    )


@exercise
def check_larger_generator(create: Callable, create_old: Callable, preset, noise) -> None:
    """Lesson 04: the generator of `create_old` with one more doubling before its last layer.

    Both functions take `preset` and return a Keras model; `noise` is (n, latent_dim).
    """
    new, old = create(preset), create_old(preset)
    need(hasattr(new, "count_params"), "Your function has to return a Model.")
    made, asked = new.output.shape[1:], (2 * preset.size, 2 * preset.size, 3)
    need(made == asked, f"It makes pictures of the shape {made}, not {asked}.")
    limit = float(np.abs(new(1000 * noise, training=False)).max())
    need(limit <= 1, "Its pixels are not in [-1, 1]: which activation has to be at the end?")
    kinds = [[type(layer).__name__ for layer in network.layers] for network in (old, new)]
    for kind in ("Conv2DTranspose", "BatchNormalization", "LeakyReLU"):
        got, wanted = kinds[1].count(kind), kinds[0].count(kind) + 1
        need(got == wanted, f"It has {got} layers {kind}, not {wanted}.")
    n, before = old.layers[-1].input.shape[-1], old.count_params()
    added, wanted = new.count_params() - before, 16 * n**2 + 4 * n
    need(
        added == wanted,
        f"Shape and layers are right, but it has {added:,} weights more than before, not "
        f"{wanted:,}: from {n} to {n} channels with 4 x 4 filters it takes 16 n x n, without a "
        "bias, and normalisation takes 4 n. All other layers stay as they are.",
    )
    tell(
        True,
        f"Four times the pixels for {added / before:.0%} more weights: the filters are small, and "
        "work at every place. The discriminator needs no change in its code: it takes its size "
        "from the preset.",
    )
