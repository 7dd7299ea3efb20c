"""One frame of a recording: what both networks do with the same noise at one moment, as arrays."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.base.history import COLUMNS
from helpers.recording.sprites import change_sprite, sprite

MAP_SIDE, GRID_SIDE, ARROWS = 40, 20, 64
Network = Any  # a PyTorch module, or whatever else can be called with an array (a Keras model)


@dataclass(frozen=True)
class Eyes:
    """What can be asked of the two networks. All three take and return NumPy arrays."""

    draw: Callable[[np.ndarray], np.ndarray]  # noise -> fakes
    judge: Callable[[np.ndarray], np.ndarray]  # fakes -> the discriminator's answers, 0 to 1
    push: Callable[[np.ndarray], np.ndarray] | None  # fakes -> minus gradient of -log(answer)


@contextmanager
def open_eyes(generator: Network, discriminator: Network) -> Iterator[Eyes]:
    """Give the Eyes of two networks.

    Modules are in eval mode meanwhile; afterwards each layer has its mode back, and the random
    state of PyTorch is what it was.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(generator, torch.nn.Module):
        yield Eyes(
            draw=lambda noise: np.asarray(generator(noise), dtype=np.float32),
            judge=lambda fakes: np.asarray(discriminator(fakes), dtype=np.float32).reshape(-1),
            push=None,
        )
        return

    device = next(generator.parameters()).device

    def tensor(values: np.ndarray) -> Any:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    def array(values: Any) -> np.ndarray:
        return values.detach().float().cpu().numpy()

    def push(fakes: np.ndarray) -> np.ndarray:
        fakes = tensor(fakes).requires_grad_()
        with torch.enable_grad():
            loss = torch.nn.functional.softplus(-discriminator.logits(fakes)).sum()
        return -array(torch.autograd.grad(loss, fakes)[0])

    modes = [(m, m.training) for net in (generator, discriminator) for m in net.modules()]
    gpu = [device] if device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=gpu), torch.no_grad():
            generator.eval()
            discriminator.eval()
            yield Eyes(
                draw=lambda noise: array(generator(tensor(noise))),
                judge=lambda fakes: array(discriminator(tensor(fakes))).reshape(-1),
                push=push if hasattr(discriminator, "logits") else None,
            )
    finally:
        for module, training in modes:
            module.training = training


def square_of(low: np.ndarray, high: np.ndarray, side: int) -> np.ndarray:
    """Return side x side points (side ** 2, 2) between two corners, row by row from `low`."""
    x, y = (np.linspace(a, b, side, dtype=np.float32) for a, b in zip(low, high, strict=True))
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def look(
    eyes: Eyes, noise: np.ndarray, mesh: np.ndarray | None, grid: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return what the networks do now. `mesh`, where to ask for the map, is given for points only.

    `grid` holds noise whose fakes are wanted too.
    """
    fakes = eyes.draw(noise)
    seen = {"answers": eyes.judge(fakes)}
    if mesh is None:
        return {"pictures": fakes, **seen}
    seen["map"] = eyes.judge(mesh).reshape(MAP_SIDE, MAP_SIDE)
    if grid is not None:
        seen["landing"] = eyes.draw(grid)
    if eyes.push:
        seen["pushes"] = eyes.push(fakes[:ARROWS])
    return {"fakes": fakes, **seen}


def moment_of(before: dict, after: dict, eyes: Eyes) -> dict:
    """Return one iteration, of which the networks were seen before and after; `eyes` are after.

    "losses" are what COLUMNS names, in that order; they are known when the run is finished.
    """
    kind = "pictures" if "pictures" in before else "fakes"
    fakes, fakes_after = before[kind], after[kind]
    moment = {
        "step": before["step"],
        "losses": np.full(len(COLUMNS), np.nan, np.float32),
        "answers": before["answers"],
        "answers_between": eyes.judge(fakes),  # the new discriminator on the old fakes
        "answers_after": after["answers"],
    }
    if kind == "pictures":
        moment["sprite"] = sprite(fakes)
        moment["change"], moment["gain"] = change_sprite(fakes, fakes_after)
        return moment
    moment |= {"fakes": fakes, "fakes_after": fakes_after}
    moment |= {"map": before["map"], "map_after": after["map"]}
    if eyes.push:
        moment["pushes"] = eyes.push(fakes[:ARROWS])
    return moment
