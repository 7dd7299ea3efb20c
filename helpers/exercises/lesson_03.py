"""The checks of lesson 03."""

from collections.abc import Callable

import torch
from torch import nn

from helpers.exercises.verdicts import (
    OPEN,
    compare,
    count_weights,
    exercise,
    letter,
    need,
    tell,
)
from helpers.metrics.images import Judgement


@exercise
def check_mirror_writing(answer: str, experiment: Callable[[], dict[str, float]]) -> None:
    """Lesson 03: which changed digits a discriminator of digits takes for digits.

    The experiment returns its mean answers on "digits", "mirrored", "negative" and "noise".
    """
    means = experiment()
    mirrored, negative = (means[k] > means["digits"] / 2 for k in ("mirrored", "negative"))
    compare(
        letter(mirrored, negative),
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
    compare(
        letter(*lost),
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
    if new[0] is None or new[1] is None:
        return print(OPEN)
    generator, discriminator = (create().to(noise.device).eval() for create in new if create)
    with torch.no_grad():
        pictures, limits = generator(noise), generator(1000 * noise)
    made, asked = tuple(pictures.shape), (len(noise), 3, 28, 28)
    need(made == asked, f"The generator makes {made}, not {asked}.")
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
    counts, before = (list(map(count_weights, pair)) for pair in ((generator, discriminator), old))
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
