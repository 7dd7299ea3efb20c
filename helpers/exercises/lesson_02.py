"""The checks of lesson 02."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from helpers.exercises.verdicts import compare, count_weights, exercise, need, number_in, tell
from helpers.metrics.images import Judgement, Novelty
from helpers.training.pytorch import Players


@exercise
def check_small_noise(answer: str, experiment: Callable[[float], tuple[float, int]]) -> None:
    """Lesson 02: what noise of a tenth of its size gives.

    `experiment(scale)` returns the spread of 1,000 fakes and how many of them are no digit.
    """
    measured = {scale: experiment(scale) for scale in (0.1, 1.0, 10.0)}
    small, usual = measured[0.1][0], measured[1.0][0]
    compare(
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
    compare(
        math.isclose(number_in(answer), measured, abs_tol=0.15),
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
    compare(
        "".join(key for key, value in worse.items() if value) or "d",
        answer,
        f"Frechet distance {judged.frechet}; precision {judged.precision:.2f} and recall "
        f"{judged.recall:.2f} (real: {judged.real_precision:.2f}, {judged.real_recall:.2f}); "
        f"median distance to the nearest training picture {near:.2f} (real: {fresh:.2f})",
        "Stolen pictures are real pictures, so every measure that compares two crowds is content. "
        "Only a look at each fake and its nearest training picture finds the thief.",
    )


@exercise
def check_two_steps(step: Callable, gan: Players, real: torch.Tensor, noise: torch.Tensor) -> None:
    """Lesson 02: a training step that trains the discriminator twice, the generator once.

    It is called once, with a new `gan`. Watched are the steps of both optimizers, the noise, and
    the discriminator's answers to `real` and to the fakes of `noise` before and after each step.
    """
    generator, discriminator = gan.generator, gan.discriminator
    optimizers = {"discriminator": gan.optimizer_d, "generator": gan.optimizer_g}

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
        step(gan, real)
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
    now, before = count_weights(generator), count_weights(old)
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
