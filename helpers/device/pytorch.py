"""Which device to train on, what it is in words, and seeding."""

import platform
import random

import numpy as np
import torch

from helpers.base.errors import CourseError
from helpers.base.variables import variable


def pick_device(small_network: bool = False) -> torch.device:
    """Return the device to train on: `GAN_DEVICE` if set, else CUDA, else Apple's GPU, else CPU.

    Small networks (lesson 01) get the CPU, which is faster with them. A device that `GAN_DEVICE`
    names but this machine lacks raises CourseError.
    """
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    # On other kinds (Intel's, for one) nobody has tried yet whether a resumed run is the same.
    fastest = found.type if found and found.type in ("cuda", "mps") else "cpu"
    wanted = variable("GAN_DEVICE")
    if not wanted:
        return torch.device("cpu" if small_network else fastest)
    try:
        torch.zeros(1, device=wanted)
    except (RuntimeError, AssertionError, ImportError):
        known = f"choose {' or '.join(sorted({'cpu', fastest}))}, or leave it unset"
        raise CourseError(f"GAN_DEVICE={wanted} is not available here: {known}.") from None
    return torch.device(wanted)


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
