"""The checks of the exercises in lessons 01 and 02: each measures what the student made.

Every check prints a verdict that begins with one of the three words below. While the answer is None
nothing is run. An experiment that comes from the notebook is called without an argument, unless the
check says otherwise.
"""

import math
import textwrap
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

from helpers.metrics import Judgement, Novelty, coverage

RIGHT, WRONG, OPEN = "Right.", "Not yet.", "Not answered yet."

Points = torch.Tensor
TryOut = Callable[..., tuple[Points, torch.Tensor]]


def check_undecided_loss(answer: float | None, experiment: Callable[[], float]) -> None:
    """Lesson 01: the loss of an undecided discriminator if real examples have the label 0.9."""
    if _is_open(answer):
        return
    measured, best = float(experiment()), math.log(0.45 / 0.55)
    at_best = bce(torch.tensor(best), torch.tensor(0.9)) + softplus(torch.tensor(best))
    _compare(
        math.isclose(_number(answer), measured, abs_tol=0.01),
        answer,
        f"{measured:.4f}",
        "For the answer 0.5 both logarithms are the same, so each side costs "
        "-(t + 1 - t) ln 0.5 = ln 2, whatever the label t is. The label moves something else: the "
        "best answer. When fakes are as good as real examples it is not 0.5 but 0.45, with the "
        f"loss {at_best:.4f}.",
    )


def check_same_again(answer: str | None, experiment: Callable[[], tuple[int, int]]) -> None:
    """Lesson 01: how many different results the same input gives 1,000 times, G and D."""
    if _is_open(answer):
        return
    points, answers = experiment()
    _compare(
        _letter(answer)
        == {(True, True): "a", (True, False): "b", (False, True): "c"}.get(
            (points == 1, answers == 1), "d"
        ),
        answer,
        f"number of different points {points:,}, of different answers {answers:,}",
        "A trained generator is an ordinary function: all chance is in the noise, so two fakes "
        "differ only if their noise does. The discriminator has dropout, which switches off other "
        "values each time while it trains. That is why judge() switches it off with eval().",
    )


def check_saturating_loss(
    loss: Callable[[torch.Tensor], torch.Tensor], early_logits: Callable[[], torch.Tensor]
) -> None:
    """Lesson 01: mean of log(1 - a) over logits (n, 1), measured by its values and gradients.

    `early_logits` returns the logits of fakes whose discriminator is ahead.
    """
    logits = torch.linspace(-6, 4, 25).view(-1, 1)
    value = loss(logits)
    if _is_open(value):
        return
    slopes = _slopes(loss, logits)
    if slopes is None:
        return _tell(False, "It has to return one number that depends on the logits.")
    wanted, n = -softplus(logits).mean(), len(logits)
    if torch.allclose(value, wanted * n, rtol=1e-3):
        return _tell(False, "That is the sum. The losses of the lesson are means over the batch.")
    if torch.allclose(value, -wanted, rtol=1e-3):
        return _tell(
            False,
            "The sign is wrong: this is the discriminator's loss on fakes, so the generator would "
            "help the discriminator.",
        )
    if torch.allclose(value, softplus(-logits).mean(), rtol=1e-3):
        return _tell(False, "That is the loss of the lesson, -log(a). The new one has log(1 - a).")
    if not (
        torch.allclose(value, wanted, rtol=1e-3)
        and torch.allclose(slopes, -torch.sigmoid(logits) / n, atol=1e-5)
    ):
        return _tell(
            False,
            f"For 25 logits from -6 to 4 it gives {value.item():.4f}; the mean of log(1 - a) is "
            f"{wanted.item():.4f}.",
        )
    large = torch.full((4, 1), 20.0)
    slopes = _slopes(loss, large)
    if not math.isclose(loss(large).item(), -20, rel_tol=1e-3) or not torch.allclose(
        slopes, torch.full_like(slopes, -0.25), atol=1e-3
    ):
        return _tell(
            False,
            f"Right on paper, but for the logit 20 it gives {loss(large).item():.1f} and not -20. "
            "Sigmoid and logarithm have to be done in one go: which loss of the lesson does that?",
        )
    early = early_logits().detach()
    used = _slopes(lambda z: bce(z, torch.ones_like(z)), early)
    times = (used.abs().mean() / _slopes(loss, early).abs().mean()).item()
    _tell(
        True,
        "And this is why the lesson does not use it: early fakes, with a discriminator that is "
        f"ahead, are answered with {early.sigmoid().mean().item():.3f} on average. There the "
        f"gradient of your loss is {times:,.0f} times smaller than that of -log(a).",
    )


def check_swapped_labels(step: Callable | None, try_out: TryOut) -> None:
    """Lesson 01: a training step with the labels of real and fake swapped for both players.

    `try_out(steps, step)` trains new players and returns fakes (n, 2) and the mean answers (steps,
    2) on real and on fake.
    """
    if _is_open(step):
        return
    fakes, answers = try_out(500, step)
    on_real, on_fake = (float(value) for value in answers.mean(dim=0))
    covered = coverage(fakes)
    seen = (
        f"over 500 steps the mean answer was {on_real:.2f} on real and {on_fake:.2f} on fake, and "
        f"the fakes covered {covered:.0%} of the bins"
    )
    if on_real >= on_fake:
        return _tell(False, f"The discriminator still learns 1 for real: {seen}.")
    if covered < 0.5:
        return _tell(
            False,
            f"The generator runs away from the real points: {seen}. Its aim is still the label "
            "that now means fake.",
        )
    _tell(
        True,
        f"Now 0 means real: {seen}. So the GAN learns as before. A label is only a name for a "
        "side; what counts is that the generator aims at the side of the real examples.",
    )


def check_own_curve(points: Points | None, try_out: TryOut) -> None:
    """Lesson 01: points (n, 2) of another curve, and whether the same GAN finds them.

    `try_out(steps, None, points)` trains new players on them and returns fakes and answers.
    """
    if _is_open(points):
        return
    if not isinstance(points, torch.Tensor) or points.ndim != 2 or points.shape[1] != 2:
        return _tell(False, "Make a tensor of the shape (n, 2): one row for each point.")
    points = points.detach().float()
    if len(points) < 200 or not points.isfinite().all() or points.abs().max() > 20:
        return _tell(False, "Take at least 200 points whose numbers lie between -20 and 20.")
    if points.std(dim=0).max() < 0.5:
        return _tell(False, "All points lie in one spot: make the curve larger.")
    x, y = points.cpu().numpy().T
    if np.abs(y - np.sin(x)).mean() < 0.05:
        return _tell(False, "These points lie on the sine: choose another curve.")
    before, after = (
        float(torch.cdist(points.cpu(), try_out(steps, None, points)[0].cpu()).amin(dim=1).mean())
        for steps in (0, 1000)
    )
    seen = (
        "from a real point to the nearest of 1,000 fakes it is "
        f"{before:.2f} on average before training and {after:.2f} after 1,000 steps"
    )
    if after > before / 2:
        return _tell(
            False,
            f"These points will do, but 1,000 steps do not: {seen}. Closed curves and curves in "
            "several parts take longer. Try a simpler one.",
        )
    _tell(
        True,
        f"Only the data changed, and the GAN went after it: {seen}. Nothing in networks, losses or "
        "steps knows anything of a sine.",
    )


def check_small_noise(answer: str | None, experiment: Callable[[float], tuple[float, int]]) -> None:
    """Lesson 02: what noise of a tenth of its size gives.

    `experiment(scale)` returns the spread of 1,000 fakes and how many of them are no digit.
    """
    if _is_open(answer):
        return
    measured = {scale: experiment(scale) for scale in (0.1, 1.0, 10.0)}
    small, usual = measured[0.1][0], measured[1.0][0]
    _compare(
        _letter(answer) == ("b" if small < 0.6 * usual else "c"),
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


def check_even_digits(answer: float | None, experiment: Callable[[], float]) -> None:
    """Lesson 02: the entropy of pictures that show five of ten digits equally often."""
    if _is_open(answer):
        return
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


def check_thief(answer: str | None, experiment: Callable[[], tuple[Judgement, Novelty]]) -> None:
    """Lesson 02: which measure notices a generator that hands out training pictures."""
    if _is_open(answer):
        return
    judged, news = experiment()
    near, fresh = float(np.median(news.distance)), float(np.median(news.fresh))
    worse = {
        "a": judged.frechet.value > 1.5 * judged.frechet.floor,
        "b": min(
            judged.precision - judged.real_precision,
            judged.recall - judged.real_recall,
        )
        < -0.1,
        "c": near < 0.5 * fresh,
    }
    _compare(
        _letter(answer) == ("".join(key for key, value in worse.items() if value) or "d"),
        answer,
        f"Frechet distance {judged.frechet}; precision {judged.precision:.2f} and recall "
        f"{judged.recall:.2f} (real: {judged.real_precision:.2f}, {judged.real_recall:.2f}); "
        f"median distance to the nearest training picture {near:.2f} (real: {fresh:.2f})",
        "Stolen pictures are real pictures, so every measure that compares two crowds is content. "
        "Only a look at each fake and its nearest training picture finds the thief.",
    )


def check_two_steps(
    step: Callable | None,
    networks: dict[str, torch.nn.Module],
    optimizers: dict[str, torch.optim.Optimizer],
    real: torch.Tensor,
    noise: torch.Tensor,
) -> None:
    """Lesson 02: a training step that trains the discriminator twice, the generator once.

    It is called once, with new players under "generator" and "discriminator". Watched are the
    steps of both optimizers, the noise, and the discriminator's answers to `real` and to the fakes
    of `noise` before and after each step.
    """
    if _is_open(step):
        return
    generator, discriminator = networks["generator"], networks["discriminator"]

    @torch.no_grad()
    def answers() -> tuple[float, float]:
        discriminator.eval()
        on_real, on_fake = (discriminator(x).mean().item() for x in (real, generator(noise)))
        discriminator.train()
        return on_real, on_fake

    moments, used = [("start", *answers())], []
    hooks = [
        optimizer.register_step_post_hook(lambda *_, name=name: moments.append((name, *answers())))
        for name, optimizer in optimizers.items()
    ]
    hooks.append(
        generator.register_forward_pre_hook(
            lambda _, inputs: used.append(inputs[0]) if inputs[0] is not noise else None
        )
    )
    try:
        step(real)
    finally:
        for hook in hooks:
            hook.remove()
    order = [name for name, *_ in moments[1:]]
    if order != ["discriminator", "discriminator", "generator"]:
        seen = ", ".join(order) or "nobody"
        return _tell(False, f"Trained were, in this order: {seen}.")
    batches = {batch.detach().cpu().numpy().tobytes() for batch in used}
    if len(batches) < 3:
        return _tell(
            False,
            f"The order is right, but there were {len(batches)} different batches of noise: each "
            "step of the discriminator wants fresh fakes, and so does the generator.",
        )
    (_, real_0, fake_0), _, (_, real_2, fake_2), (_, _, fake_3) = moments
    seen = (
        f"the answer on real went from {real_0:.3f} to {real_2:.3f} and on fake from {fake_0:.3f} "
        f"to {fake_2:.3f} in the discriminator's steps, then to {fake_3:.3f} in the generator's"
    )
    if real_2 <= real_0:
        return _tell(False, f"The discriminator unlearns what is real: {seen}. Look at its labels.")
    if fake_2 - fake_0 > 0.02 * (real_2 - real_0):  # measured: 0 or less, and 0.05 with the label 1
        return _tell(False, f"The discriminator takes fakes for real: {seen}. Look at its labels.")
    if fake_3 <= fake_2:
        return _tell(False, f"The generator helps the discriminator: {seen}. Look at its label.")
    _tell(
        True,
        f"Two steps against one: {seen}. The first paper on GANs (Goodfellow et al. 2014) allows "
        "any number of steps of the discriminator; its experiments took one.",
    )


def check_unit_generator(
    new_generator: Callable[[], torch.nn.Module] | None, old: torch.nn.Module, noise: torch.Tensor
) -> None:
    """Lesson 02: a generator whose pixels lie in [0, 1], with the layers of `old` but the last.

    Measured with `noise` (n, latent_dim) and with 1,000 times that, which brings out the limits.
    """
    if _is_open(new_generator):
        return
    generator = new_generator().to(noise.device)
    with torch.no_grad():
        pictures, limits, wanted = generator(noise), generator(1000 * noise), old(noise).shape
    if pictures.shape != wanted:
        return _tell(False, f"The shape is {tuple(pictures.shape)}, not {tuple(wanted)}.")
    numbers = [sum(p.numel() for p in network.parameters()) for network in (generator, old)]
    if numbers[0] != numbers[1]:
        return _tell(False, f"It has {numbers[0]:,} weights, not {numbers[1]:,} as before.")
    low, high = limits.min().item(), limits.max().item()
    if low < 0 or high > 1:
        return _tell(False, f"Its pixels go from {low:.2f} to {high:.2f}: not in [0, 1].")
    black, white = ((limits < 0.01).float().mean().item(), (limits > 0.99).float().mean().item())
    if min(black, white) < 0.1:
        return _tell(
            False,
            f"Even from noise 1,000 times as large {black:.0%} of its pixels are black and "
            f"{white:.0%} white: it cannot make every pixel any grey from 0 to 1.",
        )
    stuck = ((pictures == 0) | (pictures == 1)).float().mean().item()
    if stuck > 0.05:
        return _tell(
            False,
            f"{stuck:.0%} of the pixels of the untrained generator are exactly 0 or 1: they are "
            "cut off, so their gradient is 0 and nothing tells the generator how to change them.",
        )
    _tell(
        True,
        f"Its pixels go from {low:.2f} to {high:.2f}, and none is cut off. The last layer and the "
        "range of the real pictures have to fit each other.",
    )


def _slopes(loss: Callable, logits: torch.Tensor) -> torch.Tensor | None:
    """Return the gradient of a loss with respect to logits; None if there is none."""
    logits = logits.clone().requires_grad_()
    value = loss(logits)
    if not isinstance(value, torch.Tensor) or value.numel() != 1 or not value.requires_grad:
        return None
    return torch.autograd.grad(value.sum(), logits, allow_unused=True)[0]


def _is_open(answer: object) -> bool:
    """Tell whether there is no answer yet, and if so, say it."""
    if answer is None:
        print(OPEN)
    return answer is None


def _number(answer: object) -> float:
    """Return an answer (a number, a tensor of one number, a text) as a float; NaN if it is none."""
    try:
        return float(answer)
    except (TypeError, ValueError, RuntimeError):
        return math.nan


def _letter(answer: object) -> str:
    return str(answer).strip().lower()


def _compare(right: bool, answer: object, measured: str, why: str) -> None:
    """Say whether a prediction came true, what was measured, and why."""
    _tell(right, f"You predicted {answer}. Measured: {measured}.\n{why}")


def _tell(right: bool, text: str) -> None:
    """Print a verdict, in lines that need no scrolling."""
    lines = f"{RIGHT if right else WRONG} {text}".splitlines()
    print("\n".join(textwrap.fill(line, 100) for line in lines))
