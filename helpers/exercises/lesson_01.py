"""The checks of lesson 01."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from helpers.exercises.verdicts import compare, exercise, letter, near, need
from helpers.metrics.points import coverage, distance_to_curve

TryOut = Callable[..., tuple[Tensor, Tensor]]


@exercise
def check_undecided_loss(answer: float, experiment: Callable[[], float]) -> str:
    """Exercise 1: the loss of an undecided discriminator if real examples have the label 0.9."""
    loss = float(experiment())
    why = "What the label moves is the best answer: if fakes are as good as real ones it is 0.45."
    return compare(near(answer, loss, 0.01), answer, f"{loss:.4f}", why)


@exercise
def check_same_again(answer: str, experiment: Callable[[], tuple[int, int]]) -> str:
    """Exercise 2: how many different results the same input gives 1,000 times, G and D."""
    points, answers = experiment()
    measured = f"number of different points {points:,}, of different answers {answers:,}"
    why = "Dropout is chance within the discriminator: judge() switches it off with eval()."
    return compare(letter(points == 1, answers == 1), answer, measured, why)


@exercise
def check_saturating_loss(loss: Callable, early_logits: Callable[[], Tensor]) -> str | None:
    """Exercise 3: mean of log(1 - a) over logits (n, 1), measured by its values and gradients.

    `early_logits` returns the logits of fakes whose discriminator is ahead.
    """
    logits = torch.linspace(-6, 4, 25).view(-1, 1)
    if loss(logits) is None:
        return None
    value, slopes = _value_and_slopes(loss, logits)
    wanted = -softplus(logits).mean()
    mistakes = {
        "That is the sum: the losses of the lesson are means of the batch.": wanted * len(logits),
        "The sign is wrong: so the generator would help the discriminator.": -wanted,
        "That is the loss of the lesson, -log(a).": softplus(-logits).mean(),
    }
    for mistake, result in mistakes.items():
        need(not torch.isclose(value, result, rtol=1e-3), mistake)
    right = torch.isclose(value, wanted, rtol=1e-3)
    right &= torch.allclose(slopes, -logits.sigmoid() / len(logits), atol=1e-5)
    need(right, f"For 25 logits from -6 to 4 it gives {value:.4f}; wanted is {wanted:.4f}.")
    large, slopes = _value_and_slopes(loss, torch.tensor([[20.0]]))
    exact = near(large, -20, 0.02) and near(slopes, -1, 1e-3)
    need(exact, f"For the logit 20 it gives {large:.1f}, not -20: which loss needs no sigmoid?")
    early = early_logits().detach()
    _, usual = _value_and_slopes(lambda z: softplus(-z).mean(), early)
    _, slopes = _value_and_slopes(loss, early)
    times = usual.abs().mean() / slopes.abs().mean()
    return (
        f"On average the discriminator gives early fakes {early.sigmoid().mean():.3f}, and there "
        f"the gradient of your loss is {times:,.0f} times smaller than that of -log(a). This is "
        "why the lesson does not use it."
    )


def _value_and_slopes(loss: Callable, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return a loss and its gradient with respect to logits; end the check if there is none."""
    logits = logits.clone().requires_grad_()
    value = loss(logits)
    is_loss = isinstance(value, Tensor) and value.numel() == 1 and value.requires_grad
    need(is_loss, "It has to return one number that depends on the logits.")
    return value.detach().squeeze(), torch.autograd.grad(value.sum(), logits)[0]


@exercise
def check_swapped_labels(step: Callable, try_out: TryOut) -> str:
    """Exercise 4: a training step with the labels of real and fake swapped for both players.

    `try_out(steps, step)` trains a new GAN: fakes (n, 2), mean answers (steps, 2) on real, fake.
    """
    fakes, answers = try_out(500, step)
    on_real, on_fake = answers.mean(dim=0).tolist()
    covered = coverage(fakes)
    seen = (
        f"over 500 steps the mean answer was {on_real:.2f} on real and {on_fake:.2f} on fake, and "
        f"the fakes covered {covered:.0%} of the bins"
    )
    need(on_real < on_fake, f"The discriminator still learns 1 for real: {seen}.")
    need(covered >= 0.5, f"The generator runs away, still aiming at the label of real: {seen}.")
    return f"Now 0 means real, and the GAN learns as before: {seen}."


@exercise
def check_own_curve(points: Tensor, try_out: TryOut) -> str:
    """Exercise 5: points (n, 2) of another curve, and whether the same GAN finds them.

    `try_out(steps, data=points)` trains a new GAN on them and returns fakes and answers.
    """
    is_table = isinstance(points, Tensor) and points.shape[1:] == (2,)
    need(is_table, "Make a tensor of the shape (n, 2): one row for each point.")
    points = points.detach().float().cpu()
    usable = len(points) >= 200 and points.abs().max() <= 20  # false for NaN, too
    need(usable, "Take at least 200 points whose numbers lie between -20 and 20.")
    need(points.std(dim=0).max() >= 0.5, "All points lie in one spot: make the curve larger.")
    need(distance_to_curve(points) >= 0.05, "They lie on the sine: choose another curve.")
    before, after = (
        torch.cdist(points, try_out(steps, data=points)[0].cpu()).amin(dim=1).mean().item()
        for steps in (0, 1000)
    )
    seen = f"on average the nearest fake was {before:.2f} away before training, {after:.2f} after"
    need(after <= before / 2, f"Try a simpler curve, in one piece and not closed: {seen}.")
    return f"Only the data changed, and the GAN went after it: {seen}."
