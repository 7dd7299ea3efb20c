"""The checks of lesson 01."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

from helpers.exercises.verdicts import OPEN, compare, exercise, letter, need, number_in, tell
from helpers.metrics.points import coverage

TryOut = Callable[..., tuple[torch.Tensor, torch.Tensor]]


@exercise
def check_undecided_loss(answer: float, experiment: Callable[[], float]) -> None:
    """Lesson 01: the loss of an undecided discriminator if real examples have the label 0.9."""
    measured = float(experiment())
    at_best = -0.9 * math.log(0.45) - 1.1 * math.log(0.55)
    compare(
        math.isclose(number_in(answer), measured, abs_tol=0.01),
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
    compare(
        letter(points == 1, answers == 1),
        answer,
        f"number of different points {points:,}, of different answers {answers:,}",
        "A trained generator is an ordinary function: all chance is in the noise, so two fakes "
        "differ only if their noise does. The discriminator has dropout, which switches off other "
        "values each time while it trains. That is why judge() switches it off with eval().",
    )


@exercise
def check_saturating_loss(
    loss: Callable[[torch.Tensor], torch.Tensor], early_logits: Callable[[], torch.Tensor]
) -> None:
    """Lesson 01: mean of log(1 - a) over logits (n, 1), measured by its values and gradients.

    `early_logits` returns the logits of fakes whose discriminator is ahead.
    """
    logits = torch.linspace(-6, 4, 25).view(-1, 1)
    value = loss(logits)
    if value is None:
        return print(OPEN)
    slopes, wanted, n = _slopes(loss, logits), -softplus(logits).mean(), len(logits)

    def close(number: torch.Tensor) -> bool:
        return torch.allclose(value, number, rtol=1e-3)

    need(not close(wanted * n), "That is the sum. The losses of the lesson are means of the batch.")
    need(
        not close(-wanted),
        "The sign is wrong: this is the discriminator's loss on fakes, so the generator would help "
        "the discriminator.",
    )
    need(
        not close(softplus(-logits).mean()),
        "That is the loss of the lesson, -log(a). The new one has log(1 - a).",
    )
    need(
        close(wanted) and torch.allclose(slopes, -torch.sigmoid(logits) / n, atol=1e-5),
        f"For 25 logits from -6 to 4 it gives {value.item():.4f}; the mean of log(1 - a) is "
        f"{wanted.item():.4f}.",
    )
    large = torch.full((4, 1), 20.0)
    slopes = _slopes(loss, large)
    need(
        math.isclose(loss(large).item(), -20, rel_tol=1e-3)
        and torch.allclose(slopes, torch.full_like(slopes, -0.25), atol=1e-3),
        f"Right on paper, but for the logit 20 it gives {loss(large).item():.1f} and not -20. "
        "Sigmoid and logarithm have to be done in one go: which loss of the lesson does that?",
    )
    early = early_logits().detach()
    used = _slopes(lambda z: bce(z, torch.ones_like(z)), early)
    times = (used.abs().mean() / _slopes(loss, early).abs().mean()).item()
    tell(
        True,
        "And this is why the lesson does not use it: early fakes, with a discriminator that is "
        f"ahead, are answered with {early.sigmoid().mean().item():.3f} on average. There the "
        f"gradient of your loss is {times:,.0f} times smaller than that of -log(a).",
    )


@exercise
def check_swapped_labels(step: Callable, try_out: TryOut) -> None:
    """Lesson 01: a training step with the labels of real and fake swapped for both players.

    `try_out(steps, step)` trains a new GAN and returns fakes (n, 2) and the mean answers (steps,
    2) on real and on fake.
    """
    fakes, answers = try_out(500, step)
    on_real, on_fake = (float(value) for value in answers.mean(dim=0))
    covered = coverage(fakes.numpy())
    seen = (
        f"over 500 steps the mean answer was {on_real:.2f} on real and {on_fake:.2f} on fake, and "
        f"the fakes covered {covered:.0%} of the bins"
    )
    need(on_real < on_fake, f"The discriminator still learns 1 for real: {seen}.")
    need(
        covered >= 0.5,
        f"The generator runs away from the real points: {seen}. Its aim is still the label that "
        "now means fake.",
    )
    tell(
        True,
        f"Now 0 means real: {seen}. So the GAN learns as before. A label is only a name for a "
        "side; what counts is that the generator aims at the side of the real examples.",
    )


@exercise
def check_own_curve(points: torch.Tensor, try_out: TryOut) -> None:
    """Lesson 01: points (n, 2) of another curve, and whether the same GAN finds them.

    `try_out(steps, data=points)` trains a new GAN on them and returns fakes and answers.
    """
    need(
        isinstance(points, torch.Tensor) and points.ndim == 2 and points.shape[1] == 2,
        "Make a tensor of the shape (n, 2): one row for each point.",
    )
    points = points.detach().float()
    need(
        len(points) >= 200 and points.isfinite().all() and points.abs().max() <= 20,
        "Take at least 200 points whose numbers lie between -20 and 20.",
    )
    need(points.std(dim=0).max() >= 0.5, "All points lie in one spot: make the curve larger.")
    x, y = points.cpu().numpy().T
    off = np.abs(y - np.sin(x)).mean()
    need(off >= 0.05, "These points lie on the sine: choose another curve.")
    before, after = (
        float(torch.cdist(points.cpu(), try_out(steps, data=points)[0].cpu()).amin(dim=1).mean())
        for steps in (0, 1000)
    )
    seen = (
        "from a real point to the nearest of 1,000 fakes it is "
        f"{before:.2f} on average before training and {after:.2f} after 1,000 steps"
    )
    need(
        after <= before / 2,
        f"These points will do, but 1,000 steps do not: {seen}. Closed curves and curves in "
        "several parts take longer. Try a simpler one.",
    )
    tell(
        True,
        f"Only the data changed, and the GAN went after it: {seen}. Nothing in networks, losses or "
        "steps knows anything of a sine.",
    )


def _slopes(loss: Callable, logits: torch.Tensor) -> torch.Tensor:
    """Return the gradient of a loss with respect to logits; end the check if there is none."""
    logits = logits.clone().requires_grad_()
    value = loss(logits)
    is_loss = isinstance(value, torch.Tensor) and value.numel() == 1 and value.requires_grad
    need(is_loss, "It has to return one number that depends on the logits.")
    return torch.autograd.grad(value.sum(), logits)[0]
