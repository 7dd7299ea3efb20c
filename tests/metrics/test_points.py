"""The measures of points tell good from bad, and say in one sentence when they cannot."""

import numpy as np
import pytest

from helpers.metrics import points as m
from tests.trouble import refused


def test_points_are_told_apart():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2 * np.pi, 1000)
    real = np.column_stack((x, np.sin(x)))
    kinds = {
        "real": real,
        "near": real + rng.normal(0, 0.05, real.shape),
        "half": real * [0.5, 1],
        "one point": np.tile([np.pi / 2, 1.0], (1000, 1)),
        "noise": rng.normal(0, 3, (1000, 2)),
    }
    curve = {kind: m.distance_to_curve(points) for kind, points in kinds.items()}
    inside = {kind: m.share_inside(points) for kind, points in kinds.items()}
    bins = {kind: m.coverage(points) for kind, points in kinds.items()}
    assert curve["real"] < 1e-9 < curve["near"] < 0.1 < curve["half"] < curve["noise"]
    assert curve["one point"] < 1e-9  # plausible, only not varied
    assert inside["real"] == inside["one point"] == 1 > inside["near"] > 0.9 > inside["noise"]
    assert bins["real"] == bins["near"] == 1
    assert bins["half"] == pytest.approx(0.5, abs=0.05) and bins["one point"] == 0.05


def test_coverage_wants_a_quarter_of_the_due():
    centres = (np.arange(20) + 0.5) * 2 * np.pi / 20
    x = np.repeat(centres, [13, 12] + [54] * 17 + [57])  # 12.5 is the line
    assert len(x) == 1000 and m.coverage(np.column_stack((x, x))) == pytest.approx(0.95)


def test_bad_points():
    with refused(r"not as \(9, 3\)"):
        m.coverage(np.ones((9, 3)))
    with refused("at least 80"):
        m.coverage(np.ones((79, 2)))
