"""The checks of lesson 04."""

from collections.abc import Callable

import numpy as np

from helpers.exercises.verdicts import compare, exercise, near, need, need_same
from helpers.metrics.images import Frechet


@exercise
def check_twice_the_side(answer: float, experiment: Callable[[], tuple[float, float]]) -> str:
    """Exercise 1: how many times the multiply-adds a picture of twice the side needs."""
    times, weights = experiment()
    measured = f"{times:.2f} times the multiply-adds, {weights:.2f} times the weights"
    why = "Only Dense, with a weight for each place, gets more weights: they do not tell the time."
    return compare(near(answer, times, 0.08), answer, measured, why)


@exercise
def check_ten_faces(answer: str, experiment: Callable[[], tuple[float, Frechet]]) -> str:
    """Exercise 2: the spread (1 is real) and the distance of ten real faces, repeated."""
    spread, distance = experiment()
    sizes = {"a": 0.1, "b": 0.5, "c": 0.9}
    nearest = min(sizes, key=lambda choice: abs(sizes[choice] - spread))
    why = (
        "k faces have about the share 1 - 1/k of the variance, the spread is nearly its root. So a "
        "spread near 1 does not exclude a collapse; the Frechet distance notices it."
    )
    return compare(nearest, answer, f"spread {spread:.2f}, Frechet distance {distance}", why)


@exercise
def check_one_at_a_time(answer: str, experiment: Callable[[bool], np.ndarray]) -> str:
    """Exercise 3: whether fakes that were made one by one differ.

    `experiment(training)` returns them, (n, side, side, 3), with `training` given to the generator.
    """
    alone, usual = ((experiment(training) + 1) * 127.5 for training in (True, False))
    apart = [float(np.ptp(fakes, axis=0).max()) for fakes in (alone, usual)]
    same = np.abs(alone - usual).max() < 1
    measured = "pixels differ by up to {:.1f} of 255 with training=True, else {:.1f}".format(*apart)
    why = "In a batch of one nothing is left of the noise; training=False takes kept averages."
    return compare("b" if apart[0] < 1 else "a" if same else "c", answer, measured, why)


@exercise
def check_larger_generator(create: Callable, create_old: Callable, preset, noise) -> str:
    """Exercise 4: the generator of `create_old` with one more doubling before its last layer.

    Both functions take `preset` and return a Keras model; `noise` is (n, latent_dim).
    """
    new, old = create(preset), create_old(preset)
    need(hasattr(new, "count_params"), "Your function has to return a Model.")
    size = 2 * preset.size
    need_same("Its pictures have the shape {}, not {}.", new.output.shape[1:], (size, size, 3))
    limit = float(np.abs(new(1000 * noise, training=False)).max())
    need(limit <= 1, "Its pixels are not in [-1, 1]: which activation has to be at the end?")
    kinds = [[type(layer).__name__ for layer in network.layers] for network in (old, new)]
    for kind in ("Conv2DTranspose", "BatchNormalization", "LeakyReLU"):
        before, after = (found.count(kind) for found in kinds)
        need_same(f"It has {{}} layers {kind}, not {{}}.", after, before + 1)
    n, weights = old.layers[-1].input.shape[-1], old.count_params()
    added = new.count_params() - weights
    told = "It has {:,} weights more, not {:,}: filters 16 n x n without a bias, normalisation 4 n."
    need_same(told, added, 16 * n**2 + 4 * n)
    return f"Four times the pixels for {added / weights:.0%} more weights."
