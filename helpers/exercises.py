"""The checks of the exercises that need no framework: predictions, and the networks of lesson 04.

Every check prints a verdict that begins with one of the three words below. While the answer is None
nothing is run. An experiment comes from the notebook and is called without an argument, unless the
check says otherwise.
"""

import math
import textwrap
from collections.abc import Callable
from functools import wraps

import numpy as np

from helpers.metrics import Frechet, Judgement, Novelty

RIGHT, WRONG, OPEN = "Right.", "Not yet.", "Not answered yet."


class _Wrong(Exception):
    """Ends a check with the verdict that something is wrong."""


def need(condition: object, otherwise: str) -> None:
    """End the check that is running with the verdict `otherwise` unless the condition is true."""
    if not condition:
        raise _Wrong(otherwise)


def exercise(check: Callable) -> Callable:
    """Make a check run nothing while its first argument, the answer, is None."""

    @wraps(check)
    def checked(answer: object, *arguments: object) -> None:
        if answer is None:
            return print(OPEN)
        try:
            check(answer, *arguments)
        except _Wrong as wrong:
            tell(False, str(wrong))

    return checked


@exercise
def check_undecided_loss(answer: float, experiment: Callable[[], float]) -> None:
    """Lesson 01: the loss of an undecided discriminator if real examples have the label 0.9."""
    measured = float(experiment())
    at_best = -0.9 * math.log(0.45) - 1.1 * math.log(0.55)
    _compare(
        math.isclose(_number(answer), measured, abs_tol=0.01),
        answer,
        f"{measured:.4f}",
        "For the answer 0.5 both logarithms are the same, so each side costs "
        "-(t + 1 - t) ln 0.5 = ln 2, whatever the label t is. The label moves something else: the "
        "best answer. When fakes are as good as real examples it is not 0.5 but 0.45, with the "
        f"loss {at_best:.4f}.",
    )


@exercise
def check_same_again(answer: str, experiment: Callable[[], tuple[int, int]]) -> None:
    """Lesson 01: how many different results the same input gives 1,000 times, G and D."""
    points, answers = experiment()
    _compare(
        _which(points == 1, answers == 1),
        answer,
        f"number of different points {points:,}, of different answers {answers:,}",
        "A trained generator is an ordinary function: all chance is in the noise, so two fakes "
        "differ only if their noise does. The discriminator has dropout, which switches off other "
        "values each time while it trains. That is why judge() switches it off with eval().",
    )


@exercise
def check_small_noise(answer: str, experiment: Callable[[float], tuple[float, int]]) -> None:
    """Lesson 02: what noise of a tenth of its size gives.

    `experiment(scale)` returns the spread of 1,000 fakes and how many of them are no digit.
    """
    measured = {scale: experiment(scale) for scale in (0.1, 1.0, 10.0)}
    small, usual = measured[0.1][0], measured[1.0][0]
    _compare(
        "b" if small < 0.6 * usual else "c",
        answer,
        "; ".join(
            f"noise x {scale:g}: spread {spread:.3f}, {none} of 1,000 are no digit"
            for scale, (spread, none) in measured.items()
        ),
        "The noise decides which picture is made. Vectors near 0 are all alike, so the pictures "
        "are, too. And the generator has seen next to no such vectors in training: the length of "
        "100 normal numbers is close to 10 each time. Longer vectors do less harm, as the layers "
        "are nearly proportional to their input and Tanh cuts off what is too much.",
    )


@exercise
def check_even_digits(answer: float, experiment: Callable[[], float]) -> None:
    """Lesson 02: the entropy of pictures that show five of ten digits equally often."""
    measured = float(experiment())
    _compare(
        math.isclose(_number(answer), measured, abs_tol=0.15),
        answer,
        f"{measured:.2f} bits",
        "k equally frequent classes have log2(k) bits: 3.32 for ten, 2.32 for five (the "
        "classifier gives a few pictures the wrong name, so a little more is measured). Losing "
        "half of the digits costs one bit only: read the entropy together with the share of "
        "classes.",
    )


@exercise
def check_thief(answer: str, experiment: Callable[[], tuple[Judgement, Novelty]]) -> None:
    """Lesson 02: which measure notices a generator that hands out training pictures."""
    judged, news = experiment()
    near, fresh = float(np.median(news.distance)), float(np.median(news.fresh))
    lost = judged.precision - judged.real_precision, judged.recall - judged.real_recall
    worse = {
        "a": judged.frechet.value > 1.5 * judged.frechet.floor,
        "b": min(lost) < -0.1,
        "c": near < 0.5 * fresh,
    }
    _compare(
        "".join(key for key, value in worse.items() if value) or "d",
        answer,
        f"Frechet distance {judged.frechet}; precision {judged.precision:.2f} and recall "
        f"{judged.recall:.2f} (real: {judged.real_precision:.2f}, {judged.real_recall:.2f}); "
        f"median distance to the nearest training picture {near:.2f} (real: {fresh:.2f})",
        "Stolen pictures are real pictures, so every measure that compares two crowds is content. "
        "Only a look at each fake and its nearest training picture finds the thief.",
    )


@exercise
def check_mirror_writing(answer: str, experiment: Callable[[], dict[str, float]]) -> None:
    """Lesson 03: which changed digits a discriminator of digits takes for digits.

    The experiment returns its mean answers on "digits", "mirrored", "negative" and "noise".
    """
    means = experiment()
    mirrored, negative = (means[k] > means["digits"] / 2 for k in ("mirrored", "negative"))
    _compare(
        _which(mirrored, negative),
        answer,
        ", ".join(f"{name} {mean:.2f}" for name, mean in means.items()),
        "It knows strokes, white on black. No fake ever gave itself away by being mirrored, so it "
        "has not learned which way round a digit is. A negative is bright where no digit is.",
    )


@exercise
def check_nine_of_ten(answer: str, experiment: Callable[[bool], Judgement]) -> None:
    """Lesson 03: which measure notices that one class of ten is missing.

    `experiment(missing)` judges real pictures, with or without that class.
    """
    nine, ten = experiment(True), experiment(False)
    lost = nine.precision < 0.95 * ten.precision, nine.recall < 0.95 * ten.recall
    _compare(
        _which(*lost),
        answer,
        "; ".join(
            f"{name} classes: precision {judged.precision:.2f}, recall {judged.recall:.2f}, "
            f"Frechet distance {judged.frechet.value:.0f}"
            for name, judged in {"ten": ten, "nine": nine}.items()
        ),
        "Precision asks about each fake, and they are all real. Recall asks about each real "
        "picture, and a tenth of them, the missing class, have hardly a fake near them. The "
        "Frechet distance grows too, but does not say what is wrong.",
    )


@exercise
def check_twice_the_side(answer: float, experiment: Callable[[], tuple[float, float]]) -> None:
    """Lesson 04: how many times the multiply-adds a picture of twice the side needs."""
    multiply_adds, weights = experiment()
    _compare(
        math.isclose(_number(answer), multiply_adds, rel_tol=0.02),
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
    _compare(
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
    _compare(
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
    got, wanted = new.output.shape[1:], (2 * preset.size, 2 * preset.size, 3)
    need(got == wanted, f"It makes pictures of the shape {got}, not {wanted}.")
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


def _number(answer: object) -> float:
    """Return an answer (a number, a tensor of one number, a text) as a float; NaN if it is none."""
    try:
        return float(answer)
    except (TypeError, ValueError, RuntimeError):
        return math.nan


def _which(one: bool, other: bool) -> str:
    """Return a for both, b for the one, c for the other, d for neither."""
    return "abcd"[2 * (not one) + (not other)]


def _compare(right: bool | str, answer: object, measured: str, why: str) -> None:
    """Say whether a prediction came true (or is the right letter), what was measured, and why."""
    if isinstance(right, str):
        right = str(answer).strip().lower() == right
    tell(right, f"You predicted {answer}. Measured: {measured}.\n{why}")


def tell(right: bool, text: str) -> None:
    """Print a verdict, in lines that need no scrolling."""
    lines = f"{RIGHT if right else WRONG} {text}".splitlines()
    print("\n".join(textwrap.fill(line, 100) for line in lines))
