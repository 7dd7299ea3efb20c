"""Plausible and varied, for points of a sine: arrays or tensors (n, 2) in, one number out."""

from functools import partial

import numpy as np

from helpers.base.arrays import finite
from helpers.base.errors import CourseError

LEAST_BIN = 0.25  # share of its due that covers a bin: 1.25 % of the points for 20 bins

_points = partial(finite, what="points", dtype=np.float64, shape="(n, 2)")


def distance_to_curve(points: np.ndarray) -> float:
    """Return the mean of |y - sin x| over points (n, 2); 0 is best."""
    points = _points(points)
    return float(np.abs(points[:, 1] - np.sin(points[:, 0])).mean())


def share_inside(points: np.ndarray) -> float:
    """Return the share of points (n, 2) with x in [0, 2 pi]; 1 is best."""
    x = _points(points)[:, 0]
    return float(((x >= 0) & (x <= 2 * np.pi)).mean())


def coverage(points: np.ndarray, bins: int = 20) -> float:
    """Return the share of equal bins of x in [0, 2 pi] that hold a quarter of their due; 1 is best.

    The due of a bin is n / `bins`, so fewer than 4 x `bins` points raise CourseError.
    """
    points = _points(points)
    if len(points) * LEAST_BIN < bins:
        raise CourseError(
            f"{len(points)} points are too few for {bins} bins: "
            f"take at least {int(np.ceil(bins / LEAST_BIN))}."
        )
    return share_covered(points, (0, 2 * np.pi), bins)


def share_covered(points: np.ndarray, ends: tuple[float, float], bins: int = 20) -> float:
    """Return the share of equal bins of x between two `ends` that hold a quarter of their due.

    The due of a bin is the number of points (n, 2) divided by the number of bins; points that are
    no numbers are in none. `coverage` is this, with the ends of the sine.
    """
    x = np.asarray(points)[:, 0]
    counts, _ = np.histogram(x[np.isfinite(x)], bins=bins, range=ends)
    return float((counts >= LEAST_BIN * len(x) / bins).mean())
