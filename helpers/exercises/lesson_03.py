"""The checks of lesson 03."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.exercises.verdicts import compare, count_weights, exercise, letter, need, need_same
from helpers.metrics.images import Judgement


@exercise
def check_mirror_writing(answer: str, experiment: Callable[[], dict[str, float]]) -> str:
    """Exercise 1: which changed digits a discriminator of digits takes for digits.

    The experiment returns its mean answers on "digits", "mirrored", "negative" and "noise".
    """
    means = experiment()
    mirrored, negative = (means[k] > means["digits"] / 2 for k in ("mirrored", "negative"))
    measured = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
    why = "It knows strokes, white on black; which way round they are seems to matter little."
    return compare(letter(mirrored, negative), answer, measured, why)


@exercise
def check_nine_of_ten(answer: str, experiment: Callable[[bool], Judgement]) -> str:
    """Exercise 2: which measure notices that one class of ten is missing.

    `experiment(missing)` judges real pictures, with or without that class.
    """
    nine, ten = experiment(True), experiment(False)
    measured = "; ".join(
        f"{name} classes: precision {judged.precision:.2f}, recall {judged.recall:.2f}, "
        f"Frechet distance {judged.frechet.value:.0f}"
        for name, judged in {"ten": ten, "nine": nine}.items()
    )
    lost = nine.precision < 0.95 * ten.precision, nine.recall < 0.95 * ten.recall
    why = "The Frechet distance grows too, but does not say what is wrong."
    return compare(letter(*lost), answer, measured, why)


@exercise
def check_rewired(rewired: nn.Module, network: nn.Module, pictures: Tensor, order: Tensor) -> str:
    """Exercise 3: a discriminator that answers scrambled pictures as `network` answers `pictures`.

    Place i of a scrambled picture has pixel order[i]. Only the places of the weights may differ.
    """
    need(rewired is not network, "This is the discriminator itself: change a copy of it.")
    weights = [[p.detach().flatten().sort()[0] for p in n.parameters()] for n in (network, rewired)]
    alike = len(weights[0]) == len(weights[1]) and all(map(torch.equal, *weights))
    need(alike, "It has other weights: only their places may change.")
    scrambled = pictures.flatten(1)[:, order].view_as(pictures)
    tried = (network, pictures), (network, scrambled), (rewired, scrambled)
    with torch.no_grad():
        plain, lost, found = (n.eval()(seen) for n, seen in tried)
    network.train()
    seen = (
        f"digits got {plain.mean():.3f} on average, scrambled ones {lost.mean():.3f}, and from "
        f"your copy {found.mean():.3f}"
    )
    close = torch.allclose(found, plain, atol=1e-3)
    need(close, f"The right weights, but in the wrong places: {seen}.")
    return f"A Linear layer does not know which pixels are neighbours: {seen}."


@exercise
def check_colour(new: tuple, old: tuple[nn.Module, ...], noise: Tensor) -> str | None:
    """Exercise 4: generator and discriminator for (n, 3, 28, 28), from those for (n, 1, 28, 28)."""
    if None in new:
        return None
    players = [create().to(noise.device).eval() for create in new if create]
    generator, discriminator = players
    with torch.no_grad():
        pictures, limits = generator(noise), generator(1000 * noise)
    shape = len(noise), 3, 28, 28
    need_same("The generator's pictures have the shape {}, not {}.", tuple(pictures.shape), shape)
    need(limits.abs().max() <= 1, "The generator's pixels are not in [-1, 1].")
    grey = torch.allclose(pictures[:, 0], pictures[:, 1])
    need(not grey, "The generator's pictures are grey: its channels are all the same.")
    seen = torch.rand_like(pictures).requires_grad_()
    logits = discriminator.logits(seen)
    need(logits.shape == (len(noise), 1), "The discriminator has to give one logit a picture.")
    answers = discriminator(seen)
    need(torch.allclose(answers, logits.sigmoid()), "It has to answer with the sigmoid of a logit.")
    slopes = torch.autograd.grad(logits.sum(), seen)[0].abs().sum(dim=(0, 2, 3))
    need(slopes.min() > 0, "The discriminator does not look at all three colours.")
    alike = torch.allclose(slopes, slopes.mean())
    need(not alike, "The discriminator cannot tell the colours: all have the same weights.")
    added = [count_weights(now) - count_weights(was) for now, was in zip(players, old, strict=True)]
    wanted = [2 * 784 * 1025, 2 * 784 * 1024]
    need_same("They have {} weights more, not {}: change the layers at the picture.", added, wanted)
    return f"The layers at the picture have {added[0]:,} and {added[1]:,} weights more, no others."
