"""The checks of lesson 02."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from helpers.exercises.verdicts import compare, count_weights, exercise, near, need, need_same
from helpers.metrics.images import Judgement, Novelty
from helpers.training.pytorch import Players


@exercise
def check_small_noise(answer: str, experiment: Callable[[float], tuple[float, int]]) -> str:
    """Exercise 1: what noise of a thousandth of its size gives.

    `experiment(scale)` returns the spread of 1,000 fakes and how many of them are no digit.
    """
    found = {scale: experiment(scale) for scale in (0.001, 1.0, 1000.0)}
    measured = "; ".join(
        f"noise x {scale:g}: spread {spread:.3f}, {none} of 1,000 are no digit"
        for scale, (spread, none) in found.items()
    )
    why = (
        "Vectors near 0 are alike, and training has next to none: 100 normal numbers have a length "
        "near 10. Long ones do less harm: layers scale them, and Tanh cuts off what is too much."
    )
    return compare("b" if found[0.001][0] < 0.1 * found[1.0][0] else "c", answer, measured, why)


@exercise
def check_even_digits(answer: float, experiment: Callable[[], float]) -> str:
    """Exercise 2: the entropy of pictures that show five of ten digits equally often."""
    entropy = float(experiment())
    why = "Read it beside the share of classes. (Errors of the classifier make it a little larger.)"
    return compare(near(answer, entropy, 0.15), answer, f"{entropy:.2f} bits", why)


@exercise
def check_thief(answer: str, experiment: Callable[[], tuple[Judgement, Novelty]]) -> str:
    """Exercise 3: which measure notices a generator that hands out training pictures."""
    judged, news = experiment()
    precision, recall = judged.precision, judged.recall
    nearest, fresh = float(np.median(news.distance)), float(np.median(news.fresh))
    worse = {
        "a": judged.frechet.value > 1.5 * judged.frechet.floor,
        "b": min(precision - judged.real_precision, recall - judged.real_recall) < -0.1,
        "c": nearest < 0.5 * fresh,
    }
    measured = (
        f"Frechet distance {judged.frechet}; precision {precision:.2f} and recall {recall:.2f} "
        f"(real: {judged.real_precision:.2f}, {judged.real_recall:.2f}); "
        f"median distance to the nearest training picture {nearest:.2f} (real: {fresh:.2f})"
    )
    why = "Every measure that compares two crowds is content: stolen pictures are real ones."
    return compare("".join(key for key in worse if worse[key]) or "d", answer, measured, why)


@exercise
def check_two_steps(step: Callable, gan: Players, real: Tensor, noise: Tensor) -> str:
    """Exercise 4: a training step that trains the discriminator twice, the generator once.

    Watched are both optimizers, the noise, and the answers to `real` and to the fakes of `noise`.
    """
    generator, discriminator = gan.generator, gan.discriminator
    moments: list[tuple[str, float, float]] = []
    batches: set[str] = set()

    @torch.no_grad()
    def note(name: str) -> None:
        discriminator.eval()
        on_real, on_fake = (discriminator(x).mean().item() for x in (real, generator(noise)))
        discriminator.train()
        moments.append((name, on_real, on_fake))

    note("start")
    gan.optimizer_d.register_step_post_hook(lambda *_: note("discriminator"))
    gan.optimizer_g.register_step_post_hook(lambda *_: note("generator"))
    generator.register_forward_pre_hook(lambda _, seen: batches.add(str(seen[0].tolist())))
    step(gan, real)
    order = ", ".join(name for name, *_ in moments[1:]) or "nobody"
    need_same("Trained were: {}; wanted: {}.", order, "discriminator, discriminator, generator")
    fresh = len(batches) - 1  # without `noise`
    need(fresh >= 3, f"There were {fresh} different batches of noise, not 3, one for each step.")
    (_, real_0, fake_0), _, (_, real_2, fake_2), (_, _, fake_3) = moments
    seen = (
        f"the answer on real went from {real_0:.3f} to {real_2:.3f} and on fake from {fake_0:.3f} "
        f"to {fake_2:.3f} in the discriminator's steps, then to {fake_3:.3f} in the generator's"
    )
    right = real_2 > real_0 and fake_2 - fake_0 <= 0.02 * (real_2 - real_0)  # 0.05 with label 1
    need(right, f"The discriminator learns with a wrong label: {seen}.")
    need(fake_3 > fake_2, f"The generator helps the discriminator: {seen}. Look at its label.")
    return f"Two against one, as the first paper allows (Goodfellow et al. 2014): {seen}."


@exercise
def check_unit_generator(new_generator: Callable, old: nn.Module, noise: Tensor) -> str:
    """Exercise 5: a generator whose pixels lie in [0, 1], with the layers of `old` but the last.

    Measured with `noise` (n, latent_dim) and with 1,000 times that, which brings out the limits.
    """
    generator = new_generator().to(noise.device)
    with torch.no_grad():
        pictures, limits, wanted = generator(noise), generator(1000 * noise), old(noise).shape
    need_same("Its pictures have the shape {}, not {}.", tuple(pictures.shape), tuple(wanted))
    need_same("It has {:,} weights, not {:,}.", count_weights(generator), count_weights(old))
    low, high = limits.min().item(), limits.max().item()
    need(low >= 0 and high <= 1, f"Its pixels go from {low:.2f} to {high:.2f}: not in [0, 1].")
    black, white = (limits < 0.01).float().mean(), (limits > 0.99).float().mean()
    made = f"Noise 1,000 times as large makes {black:.0%} of its pixels black and {white:.0%} white"
    need(min(black, white) >= 0.1, f"{made}: it cannot make every pixel any grey from 0 to 1.")
    stuck = ((pictures == 0) | (pictures == 1)).float().mean()
    need(stuck <= 0.05, f"{stuck:.0%} of its pixels are cut off at 0 or 1: their gradient is 0.")
    return f"Its pixels go from {low:.2f} to {high:.2f}, as the real ones do, and none is cut off."
