"""One frame of a recording: what both networks do with the same noise at one moment, as arrays."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from helpers.base.arrays import to_array
from helpers.base.history import COLUMNS
from helpers.recording.encoding import sprite

MAP_SIDE, GRID_SIDE, ARROWS = 40, 20, 64


class Eyes(NamedTuple):
    """What can be asked of the two networks. All three take and return NumPy arrays."""

    draw: Callable[[np.ndarray], np.ndarray]  # noise -> fakes
    judge: Callable[[np.ndarray], np.ndarray]  # fakes -> the discriminator's answers, 0 to 1
    push: Callable[[np.ndarray], np.ndarray] | None = None  # -> minus gradient of -log(answer)


@contextmanager
def open_eyes(generator: Any, discriminator: Any) -> Iterator[Eyes]:
    """Give the Eyes of two PyTorch modules, or of two others that are called with an array.

    Modules are in eval mode meanwhile; afterwards each layer has its mode back, and the random
    state of PyTorch is what it was.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(generator, torch.nn.Module):
        yield Eyes(
            draw=lambda noise: to_array(generator(noise), np.float32),
            judge=lambda fakes: to_array(discriminator(fakes), np.float32).reshape(-1),
        )
        return

    device = next(generator.parameters()).device

    def asked(function: Callable, values: np.ndarray) -> np.ndarray:
        tensor = torch.as_tensor(values, dtype=torch.float32, device=device)
        return to_array(function(tensor).float())

    def slope(fakes: Any) -> Any:
        with torch.enable_grad():
            logits = discriminator.logits(fakes.requires_grad_())
            loss = torch.nn.functional.softplus(-logits).sum()
        return -torch.autograd.grad(loss, fakes)[0]

    gpu = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpu), torch.no_grad(), ExitStack() as stack:
        for network in (generator, discriminator):
            for module in network.modules():
                stack.callback(setattr, module, "training", module.training)
            network.eval()
        yield Eyes(
            draw=partial(asked, generator),
            judge=lambda fakes: asked(discriminator, fakes).reshape(-1),
            push=partial(asked, slope) if hasattr(discriminator, "logits") else None,
        )


def look(eyes: Eyes, noise: np.ndarray, mesh=None, grid=None) -> dict[str, np.ndarray]:
    """Return what the networks do now; of points also their map at `mesh`, the fakes of `grid`."""
    fakes = eyes.draw(noise)
    seen = {"fakes": fakes, "answers": eyes.judge(fakes)}
    if mesh is not None:
        seen["map"] = eyes.judge(mesh).reshape(MAP_SIDE, MAP_SIDE)
        if eyes.push:
            seen["pushes"] = eyes.push(fakes[:ARROWS])
    if grid is not None:
        seen["landing"] = eyes.draw(grid)
    return seen


def moment_of(before: dict, after: dict, eyes: Eyes) -> dict:
    """Return one iteration, of which the networks were seen before and after; `eyes` are after."""
    fakes = before["fakes"]
    moment = {
        "step": before["step"],
        "losses": np.full(len(COLUMNS), np.nan, np.float32),  # known when the run is finished
        "answers": before["answers"],
        "answers_between": eyes.judge(fakes),  # the new discriminator on the old fakes
        "answers_after": after["answers"],
    }
    if "map" not in before:
        change = np.nan_to_num(after["fakes"] - fakes)
        # The greatest changes become black or white; gray is none.
        gain = 1 / max(float(np.quantile(np.abs(change), 0.998)), 1e-6)
        return moment | {"sprite": sprite(fakes), "change": sprite(change * gain), "gain": gain}
    for name in ("fakes", "map"):
        moment |= {name: before[name], f"{name}_after": after[name]}
    return moment | ({"pushes": eyes.push(fakes[:ARROWS])} if eyes.push else {})
