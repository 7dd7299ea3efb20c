"""Plausible, varied, new: numbers for pictures. Arrays or tensors in, no framework needed.

Sources: Frechet distance, Heusel et al. 2017 (arXiv 1706.08500), here in the 64 features of a small
classifier and not in Inception's, so only to be compared within this course; its bias with few
samples, Chong and Forsyth 2020 (arXiv 1911.07023); precision and recall, Kynkaanniemi et al. 2019
(arXiv 1904.06991).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import linalg, stats
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from helpers.base.arrays import finite, to_array
from helpers.base.errors import CourseError

NEIGHBOURS = 3000  # fakes and reals, at most, for precision and recall
MEGABYTES, BATCH = 32, 1000  # of distances, and training pictures, that are in use at a time

_features = partial(finite, what="features", dtype=np.float64, shape="(samples, features)")
_pictures = partial(finite, what="pictures", dtype=np.float32, shape="(n, channels, height, width)")


@dataclass(frozen=True)
class Frechet:
    """A Frechet distance with its number of samples and its floor; 0 is best.

    `floor` is that of as many other real pictures: what a perfect generator would get. For the
    course's classifiers 1,000 is as much as all the variety of the reals.
    """

    value: float
    samples: int
    floor: float

    def __repr__(self) -> str:
        """Return the numbers as text."""
        return f"{self.value:.1f} ({self.samples:,} samples; real against real {self.floor:.1f})"


@dataclass(frozen=True)
class ClassCounts:
    """Samples per class and of no class, share of the classes covered, and entropy in bits.

    A fifth of its due covers a class, for ten 2 % of the samples. The entropy is that of `counts`:
    ten equal classes give log2(10) = 3.32 bits, a single one 0; without any it is not a number.
    """

    counts: tuple[int, ...]
    none: int
    covered: float
    entropy: float


@dataclass(frozen=True)
class Judgement:
    """Fakes against real pictures, and as many other real pictures in the place of the fakes."""

    compared: int  # pictures of each, for precision and recall
    frechet: Frechet
    precision: float
    recall: float
    classes: ClassCounts
    real_precision: float
    real_recall: float
    real_classes: ClassCounts

    def __repr__(self) -> str:
        """Return the numbers as text."""
        distance, fake, real = self.frechet, self.classes, self.real_classes
        return _table(
            (f"{distance.samples:,} pictures of each", "fake", "real"),
            ("Frechet distance (0 is best)", f"{distance.value:.1f}", f"{distance.floor:.1f}"),
            ("precision: fakes that look real", self.precision, self.real_precision),
            ("recall: reals it could make", self.recall, self.real_recall),
            ("share of classes covered", fake.covered, real.covered),
            (f"entropy, at most {np.log2(len(fake.counts)):.2f} bits", fake.entropy, real.entropy),
            ("share of no class at all", *(c.none / distance.samples for c in (fake, real))),
            (f"fakes per class: {' '.join(map(str, fake.counts))}; of none: {fake.none}",),
            (f"precision and recall: {self.compared:,} pictures of each",),
        )


@dataclass(frozen=True)
class Novelty:
    """The nearest training picture of each fake, and how near fresh real pictures come.

    `index` (n,) points into the training pictures; `distance` (n,) and `fresh` (m,) are root mean
    square differences per pixel, in the units of the pictures; 0 is a copy.
    """

    index: np.ndarray
    distance: np.ndarray
    fresh: np.ndarray

    @property
    def too_near(self) -> float:
        """Share of fakes nearer to a training picture than 99 % of fresh ones; due is 0.01.

        Copies raise it, but so do simple or blurred pictures: look at the pairs.
        """
        return float((self.distance < np.quantile(self.fresh, 0.01)).mean())

    def __repr__(self) -> str:
        """Return the numbers as text."""
        fake, real = self.distance, self.fresh
        return _table(
            ("to the nearest training picture", "fake", "real"),
            ("number of pictures", f"{len(fake):,}", f"{len(real):,}"),
            ("smallest distance", fake.min(), real.min()),
            ("median distance", np.median(fake), np.median(real)),
            ("nearer than 99 % of the real", self.too_near, 0.01),
        )


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Frechet distance of the normal distributions fitted to features (n, d) and (m, d).

    |mean a - mean b|^2 + trace(A + B - 2 (A B)^(1/2)), A and B the covariances. With A = Ra' Ra
    and B = Rb' Rb (QR of the centred features) the last trace is the sum of the singular values of
    Ra Rb': no matrix root, and constant features do no harm. At most d samples raise CourseError.
    """
    a, b = _features(a), _features(b)
    _check_two("The Frechet distance needs", a, b, least=a.shape[1] + 1)
    centred = ((x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (a, b))
    root_a, root_b = (np.asarray(np.linalg.qr(x, "r")) for x in centred)
    apart = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    spread = (root_a**2).sum() + (root_b**2).sum()
    return float(max(0.0, apart + spread - 2 * linalg.svdvals(root_a @ root_b.T).sum()))


def frechet(fake: np.ndarray, real: np.ndarray, samples: int | None = None) -> Frechet:
    """Return the Frechet distance of n fakes to n reals, and of n other reals to the same ones.

    Features (any, d) both; n is `samples`, else the number of fakes or half that of the reals,
    whichever is less. The reals are shuffled, always in the same way, before they are split.
    """
    n = samples or min(len(fake), len(real) // 2)
    if n > len(fake) or 2 * n > len(real):
        raise CourseError(f"{n:,} samples need {n:,} fake and {2 * n:,} real pictures.")
    reference, fresh = _two_parts(_features(real), n)
    value = frechet_distance(_features(fake)[:n], reference)
    return Frechet(value, n, floor=frechet_distance(fresh, reference))


def frechet_by_samples(fake: np.ndarray, real: np.ndarray, draws: int = 20) -> list[dict[str, str]]:
    """Return a row for each number of samples: mean and range of the distances of some `draws`.

    Features (n, d) and (m, d). All are distances to one half of the reals; drawn are fakes, and
    reals of the other half. Few samples make the distance too large, even that of real to real.
    """
    dice = np.random.default_rng(0)
    reference, others = np.array_split(_features(real)[dice.permutation(len(real))], 2)
    pools = {"fakes": _features(fake), "other real pictures": others}
    most, rows = min(len(fake), len(others)), []
    for size in [n for n in (250, 500, 1000, 2000, 5000, 10_000) if n <= most] or [most]:
        row = {"pictures": f"{size:,}"}
        for name, pool in pools.items():
            parts = (dice.choice(pool, size, replace=False) for _ in range(draws))
            found = [frechet_distance(part, reference) for part in parts]
            row[name] = f"{np.mean(found):.1f} ({min(found):.1f} to {max(found):.1f})"
        rows.append(row)
    return rows


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> tuple[float, float]:
    """Return precision and recall of features (n, d) and (m, d), shares from 0 to 1 (best).

    A sample is within reach of a set if it is no farther from some member than that member's k-th
    nearest neighbour in the set. Precision: share of the fakes within reach of the reals. Recall:
    share of the reals within reach of the fakes. Real against real does not give 1 either, and both
    depend on n: use as many of each (2,000 to 5,000).
    """
    real, fake = _features(real), _features(fake)
    _check_two("Precision and recall need", real, fake, least=k + 1)

    def within_reach(points: np.ndarray, members: np.ndarray) -> float:
        neighbours = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(members)
        reach = neighbours.kneighbors()[0][:, -1] + 1e-6  # room for the rounding of distances
        pieces = pairwise_distances_chunked(points, members, working_memory=MEGABYTES)
        return float(np.concatenate([(piece <= reach).any(axis=1) for piece in pieces]).mean())

    return within_reach(fake, real), within_reach(real, fake)


def class_counts(classes: np.ndarray, number: int = 10) -> ClassCounts:
    """Return how often each class from 0 to `number` - 1 occurs in n integers: see ClassCounts.

    `number` itself stands for "no class" (what the classifier takes for no picture).
    """
    classes = to_array(classes)
    known = np.isin(classes, range(number + 1)).all()
    if not (known and classes.ndim == 1 and len(classes) and classes.dtype.kind in "iu"):
        found = f"{classes.dtype} of the shape {classes.shape}"
        raise CourseError(f"Classes are one row of integers from 0 to {number}, not {found}.")
    *counts, none = np.bincount(classes, minlength=number + 1).tolist()
    covered = np.mean([count >= 0.2 * len(classes) / number for count in counts])
    entropy = stats.entropy(counts, base=2) if any(counts) else np.nan
    return ClassCounts(tuple(counts), none, float(covered), float(entropy))


def evaluate(classifier: Callable, fakes: np.ndarray, real_images: np.ndarray) -> Judgement:
    """Return all measures in feature space for fakes and real pictures, both (any, 1, 28, 28).

    `classifier` turns pictures into features (n, d) and probabilities (n, classes + 1) whose last
    column is "no picture"; `load_classifier` returns one. n is chosen as in `frechet`; precision
    and recall, whose cost grows with the square, take at most 3,000 of each.
    """
    n = min(len(fakes), len(real_images) // 2)
    chosen = np.random.default_rng(0).permutation(len(real_images))[: 2 * n]
    fake, fake_chances = classifier(fakes[:n])
    real, real_chances = classifier(real_images[chosen])
    reference, fresh = _two_parts(real, n)
    number = fake_chances.shape[1] - 1
    return Judgement(
        min(n, NEIGHBOURS),
        frechet(fake, real),
        *precision_recall(reference[:NEIGHBOURS], fake[:NEIGHBOURS]),
        class_counts(fake_chances.argmax(1), number),
        *precision_recall(reference[:NEIGHBOURS], fresh[:NEIGHBOURS]),
        class_counts(_two_parts(real_chances, n)[1].argmax(1), number),
    )


def nearest_training_images(
    fakes: np.ndarray, training_images: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return index (n,) of and distance (n,) to the nearest training picture of each fake.

    Pictures (n, channels, height, width) of one shape and one range; the training pictures may lie
    in a file on disk, as 1,000 are in use at a time. Distance: root mean square per pixel, in the
    units of the pictures, exactly 0 for a copy.
    """
    fakes = _pictures(fakes)
    if not len(training_images) or fakes.shape[1:] != training_images.shape[1:]:
        shapes = f"{fakes.shape} and {tuple(training_images.shape)}"
        raise CourseError(f"Fakes and training pictures differ in their shapes, {shapes}.")
    flat = fakes.reshape(len(fakes), -1)
    index, best = np.zeros(len(flat), int), np.full(len(flat), np.inf, np.float32)
    low, high = np.inf, -np.inf
    for start in range(0, len(training_images), BATCH):
        rows = _pictures(training_images[start : start + BATCH]).reshape(-1, flat.shape[1])
        low, high = min(low, rows.min()), max(high, rows.max())
        squares = (rows**2).sum(axis=1) - 2 * flat @ rows.T  # the square of the fake is left out
        found = squares.min(axis=1)
        index = np.where(found < best, start + squares.argmin(axis=1), index)
        best = np.minimum(best, found)
    scales = _scale(flat.min(), flat.max()), _scale(low, high)
    if scales[0] != scales[1]:
        ranges = "fakes go from {} and training pictures from {}".format(*scales)
        raise CourseError(f"As their pixels tell, {ranges}: scale them alike.")
    differences = flat - _pictures(training_images[index]).reshape(len(flat), -1)
    return index, np.sqrt((differences**2).mean(axis=1))


def _scale(low: float, high: float) -> str:
    """Return the scale that pixels from `low` to `high` are on; photographs need not fill it."""
    return "-1 to 1" if low < 0 else "0 to 255" if high > 1.01 else "0 to 1"


def novelty(fakes: np.ndarray, training_images: np.ndarray, fresh_images: np.ndarray) -> Novelty:
    """Return `nearest_training_images` of the fakes, beside that of real pictures never trained on.

    "New" means: about as far from the training pictures as fresh real ones are.
    """
    _, of_fresh = nearest_training_images(fresh_images, training_images)
    return Novelty(*nearest_training_images(fakes, training_images), of_fresh)


def _table(*rows: tuple) -> str:
    """Return lines for print, each of a name and columns of text or numbers."""
    return "\n".join(
        f"{name:<33}" + "".join(f"{v:>10}" if isinstance(v, str) else f"{v:>10.3f}" for v in values)
        for name, *values in rows
    )


def _check_two(measure: str, a: np.ndarray, b: np.ndarray, least: int) -> None:
    if min(len(a), len(b)) < least or a.shape[1] != b.shape[1]:
        wanted = f"at least {least} samples on either side, with equally many features"
        raise CourseError(f"{measure} {wanted}, not {a.shape} and {b.shape}.")


def _two_parts(real: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two times n rows without a common one, in an order that is always the same."""
    order = np.random.default_rng(0).permutation(len(real))
    return real[order[:n]], real[order[n : 2 * n]]
