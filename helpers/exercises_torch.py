"""The checks of the exercises that change PyTorch code: a loss, a training step, a network.

They say what those of `helpers.exercises` say, in the same words; lessons 01 to 03 use both.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

from helpers.exercises import OPEN, exercise, need, tell
from helpers.metrics import coverage

TryOut = Callable[..., tuple[torch.Tensor, torch.Tensor]]


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
    need(slopes is not None, "It has to return one number that depends on the logits.")

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

    `try_out(steps, step)` trains new players and returns fakes (n, 2) and the mean answers (steps,
    2) on real and on fake.
    """
    fakes, answers = try_out(500, step)
    on_real, on_fake = (float(value) for value in answers.mean(dim=0))
    covered = coverage(fakes)
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

    `try_out(steps, None, points)` trains new players on them and returns fakes and answers.
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
        float(torch.cdist(points.cpu(), try_out(steps, None, points)[0].cpu()).amin(dim=1).mean())
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


@exercise
def check_two_steps(
    step: Callable,
    networks: dict[str, nn.Module],
    optimizers: dict[str, torch.optim.Optimizer],
    real: torch.Tensor,
    noise: torch.Tensor,
) -> None:
    """Lesson 02: a training step that trains the discriminator twice, the generator once.

    It is called once, with new players under "generator" and "discriminator". Watched are the
    steps of both optimizers, the noise, and the discriminator's answers to `real` and to the fakes
    of `noise` before and after each step.
    """
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
    need(
        order == ["discriminator", "discriminator", "generator"],
        f"Trained were, in this order: {', '.join(order) or 'nobody'}.",
    )
    batches = {batch.detach().cpu().numpy().tobytes() for batch in used}
    need(
        len(batches) >= 3,
        f"The order is right, but there were {len(batches)} different batches of noise: each step "
        "of the discriminator wants fresh fakes, and so does the generator.",
    )
    (_, real_0, fake_0), _, (_, real_2, fake_2), (_, _, fake_3) = moments
    seen = (
        f"the answer on real went from {real_0:.3f} to {real_2:.3f} and on fake from {fake_0:.3f} "
        f"to {fake_2:.3f} in the discriminator's steps, then to {fake_3:.3f} in the generator's"
    )
    need(real_2 > real_0, f"The discriminator unlearns what is real: {seen}. Look at its labels.")
    need(
        fake_2 - fake_0 <= 0.02 * (real_2 - real_0),  # measured: 0 or less, and 0.05 with label 1
        f"The discriminator takes fakes for real: {seen}. Look at its labels.",
    )
    need(fake_3 > fake_2, f"The generator helps the discriminator: {seen}. Look at its label.")
    tell(
        True,
        f"Two steps against one: {seen}. The first paper on GANs (Goodfellow et al. 2014) allows "
        "any number of steps of the discriminator; its experiments took one.",
    )


@exercise
def check_unit_generator(
    new_generator: Callable[[], nn.Module], old: nn.Module, noise: torch.Tensor
) -> None:
    """Lesson 02: a generator whose pixels lie in [0, 1], with the layers of `old` but the last.

    Measured with `noise` (n, latent_dim) and with 1,000 times that, which brings out the limits.
    """
    generator = new_generator().to(noise.device)
    with torch.no_grad():
        pictures, limits, wanted = generator(noise), generator(1000 * noise), old(noise).shape
    need(pictures.shape == wanted, f"The shape is {tuple(pictures.shape)}, not {tuple(wanted)}.")
    now, before = _count(generator), _count(old)
    need(now == before, f"It has {now:,} weights, not {before:,} as before.")
    low, high = limits.min().item(), limits.max().item()
    need(low >= 0 and high <= 1, f"Its pixels go from {low:.2f} to {high:.2f}: not in [0, 1].")
    black, white = ((limits < 0.01).float().mean().item(), (limits > 0.99).float().mean().item())
    need(
        min(black, white) >= 0.1,
        f"Even from noise 1,000 times as large {black:.0%} of its pixels are black and "
        f"{white:.0%} white: it cannot make every pixel any grey from 0 to 1.",
    )
    stuck = ((pictures == 0) | (pictures == 1)).float().mean().item()
    need(
        stuck <= 0.05,
        f"{stuck:.0%} of the pixels of the untrained generator are exactly 0 or 1: they are cut "
        "off, so their gradient is 0 and nothing tells the generator how to change them.",
    )
    tell(
        True,
        f"Its pixels go from {low:.2f} to {high:.2f}, and none is cut off. The last layer and the "
        "range of the real pictures have to fit each other.",
    )


@exercise
def check_rewired(
    rewired: nn.Module, network: nn.Module, pictures: torch.Tensor, order: torch.Tensor
) -> None:
    """Lesson 03: a discriminator that answers scrambled pictures as `network` answers `pictures`.

    Place i of a scrambled picture has the pixel of place order[i]. Only the places of the weights
    may differ.
    """
    need(rewired is not network, "This is the discriminator itself: change a copy of it.")
    weights = [[p.detach().flatten().sort()[0] for p in n.parameters()] for n in (network, rewired)]
    need(
        len(weights[0]) == len(weights[1]) and all(map(torch.equal, *weights)),
        "It has other weights: only their places may change.",
    )
    scrambled = pictures.flatten(1)[:, order].view_as(pictures)
    tried = (network, pictures), (network, scrambled), (rewired, scrambled)
    with torch.no_grad():
        plain, lost, found = (n.eval()(seen) for n, seen in tried)
    network.train()
    seen = (
        f"digits were answered with {plain.mean():.3f} on average, scrambled ones with "
        f"{lost.mean():.3f}, and by your copy with {found.mean():.3f}"
    )
    close = torch.allclose(found, plain, atol=1e-3)
    need(close, f"The right weights, but in the wrong places: {seen}.")
    tell(
        True,
        f"Each answer is the same again: {seen}. A Linear layer does not know which pixels are "
        "neighbours. New weights are random in any order, so this GAN would learn scrambled "
        "pictures just as well. Convolutions, in lesson 04, do know.",
    )


@exercise
def check_colour(
    new: tuple[Callable | None, Callable | None],
    old: tuple[nn.Module, nn.Module],
    noise: torch.Tensor,
) -> None:
    """Lesson 03: generator and discriminator for (n, 3, 28, 28), from those for (n, 1, 28, 28)."""
    if None in new:
        return print(OPEN)
    generator, discriminator = (create().to(noise.device).eval() for create in new)
    with torch.no_grad():
        pictures, limits = generator(noise), generator(1000 * noise)
    got, wanted = tuple(pictures.shape), (len(noise), 3, 28, 28)
    need(got == wanted, f"The generator makes {got}, not {wanted}.")
    need(limits.abs().max() <= 1, "The generator's pixels are not in [-1, 1].")
    grey = torch.allclose(pictures[:, 0], pictures[:, 1])
    need(not grey, "The generator's pictures are grey: its channels are all the same.")
    seen = torch.rand_like(pictures).requires_grad_()
    logits = discriminator.logits(seen)
    need(logits.shape == (len(noise), 1), "The discriminator has to give one logit a picture.")
    slopes = torch.autograd.grad(logits.sum(), seen)[0].abs().sum(dim=(0, 2, 3))
    need(slopes.min() > 0, "The discriminator does not look at all three colours.")
    alike = torch.allclose(slopes, slopes.mean())
    need(not alike, "The discriminator cannot tell the colours: all have the same weights.")
    counts, before = (list(map(_count, pair)) for pair in ((generator, discriminator), old))
    wanted = [before[0] + 2 * 784 * 1025, before[1] + 2 * 784 * 1024]
    need(
        counts == wanted,
        "The players have {:,} and {:,} weights, not {:,} and {:,}: ".format(*counts, *wanted)
        + "only the layers that touch the picture have to change.",
    )
    tell(
        True,
        "One layer of each player has changed, the one that touches the picture: now there are "
        "{:,} and {:,} weights instead of {:,} and {:,}. ".format(*counts, *before)
        + "Steps, losses and noise stay as they are.",
    )


def _count(network: nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def _slopes(loss: Callable, logits: torch.Tensor) -> torch.Tensor | None:
    """Return the gradient of a loss with respect to logits; None if there is none."""
    logits = logits.clone().requires_grad_()
    value = loss(logits)
    if not isinstance(value, torch.Tensor) or value.numel() != 1 or not value.requires_grad:
        return None
    return torch.autograd.grad(value.sum(), logits, allow_unused=True)[0]
