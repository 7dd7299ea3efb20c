"""Which device to train on, what it is in words, and seeding."""

import os
import platform
import random
import time
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from helpers.base.errors import CourseError


def available_devices() -> list[str]:
    """Return the names of the devices PyTorch can use here, the fastest kind first."""
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    # On other kinds (Intel's, for one) nobody has tried yet whether a resumed run is the same.
    return [found.type, "cpu"] if found and found.type in ("cuda", "mps") else ["cpu"]


def pick_device(small_network: bool = False) -> torch.device:
    """Return the device to train on: `GAN_DEVICE` if set, else CUDA, else Apple's GPU, else CPU.

    With `small_network` a GPU has to earn its place: a step of a network as small as that of
    lesson 01 is timed on both, and the faster one is taken. A device that `GAN_DEVICE` names but
    this machine lacks raises CourseError.
    """
    available = available_devices()
    wanted = os.environ.get("GAN_DEVICE", "").strip()
    if wanted:
        if wanted.split(":")[0] not in available or not _works(wanted):
            raise CourseError(
                f"GAN_DEVICE={wanted} is not to be had here: choose one of "
                f"{', '.join(available)}, or leave it unset."
            )
        return torch.device(wanted)
    if small_network and len(available) > 1:
        return torch.device(min((available[0], "cpu"), key=seconds_per_small_step))
    return torch.device(available[0])


def _works(name: str) -> bool:
    """Tell whether a tensor can be made on the device (`cuda:7` names a GPU that may be absent)."""
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):
        return False
    return True


def seconds_per_small_step(device: str, steps: int = 50) -> float:
    """Return the seconds one training step of a small network (2-256-128-64-1, batch 32) takes.

    The random state of the caller is left as it was.
    """
    with torch.random.fork_rng():
        widths = (2, 256, 128, 64, 1)
        layers = [nn.Linear(n, m) for n, m in pairwise(widths)]
        network = nn.Sequential(*layers).to(device)
        optimizer = torch.optim.Adam(network.parameters())
        batch = torch.zeros(32, 2, device=device)
        for step in range(steps + 5):
            if step == 5:  # the first steps load libraries and are not counted
                start = time.perf_counter()
            optimizer.zero_grad()
            loss = network(batch).mean()
            loss.backward()
            optimizer.step()
        loss.item()  # waits until a GPU has really finished
    return (time.perf_counter() - start) / steps


def describe_device(device: torch.device) -> str:
    """Return the device in words, such as "NVIDIA T4, 15 GB" or "CPU, 2 threads"."""
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        maker = "AMD" if torch.version.hip else "NVIDIA"  # PyTorch calls both of them "cuda"
        name = properties.name if maker in properties.name else f"{maker} {properties.name}"
        return f"{name}, {properties.total_memory / 2**30:.0f} GB"
    if device.type == "mps":
        return f"Apple GPU ({platform.machine()})"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads != 1 else ''}"


def seed_everything(seed: int) -> int:
    """Seed Python, NumPy and PyTorch (all its devices) and return the seed."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return seed
