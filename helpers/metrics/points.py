"""Plausible and varied, for points on a sine: arrays or tensors (n, 2) in, one number out."""

from functools import partial

import numpy as np

from helpers.base.arrays import finite, to_array
from helpers.base.errors import CourseError

BINS, LEAST_BIN = 20, 0.25  # a quarter of its due, 1.25 % of the points, covers a bin

_points = partial(finite, what="points", dtype=np.float64, shape="(n, 2)")


def distance_to_curve(points: object) -> float:
    """Return the mean of |y - sin x| over points (n, 2); 0 is best."""
    x, y = _points(points).T
    return float(np.abs(y - np.sin(x)).mean())


def share_inside(points: object) -> float:
    """Return the share of points (n, 2) with x in [0, 2 pi]; 1 is best."""
    x = _points(points)[:, 0]
    return float(((x >= 0) & (x <= 2 * np.pi)).mean())


def coverage(points: object) -> float:
    """Return the share of 20 bins of x in [0, 2 pi] that hold a quarter of their due; 1 is best.

    The due of a bin is n / 20, so fewer than 80 points raise CourseError.
    """
    n, least = len(_points(points)), int(BINS / LEAST_BIN)
    if n < least:
        raise CourseError(f"{n} points are too few for {BINS} bins: take at least {least}.")
    return share_covered(points, (0, 2 * np.pi))


def share_covered(points: object, ends: tuple[float, float]) -> float:
    """Return `coverage` between two other ends of x; points that are no numbers are in no bin."""
    x = to_array(points)[:, 0]
    counts, _ = np.histogram(x[np.isfinite(x)], bins=BINS, range=ends)
    return float((counts >= LEAST_BIN * len(x) / BINS).mean())
