"""Real pictures for the tests: the built-in samples of the course."""

from functools import cache
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).resolve().parent.parent / "data"


@cache
def sample(name: str) -> dict[str, torch.Tensor]:
    """Return images, test_images (n, 1, 28, 28) in [-1, 1], labels and test_labels."""
    with np.load(FOLDER / f"{name}_sample.npz") as file:
        arrays = {key: torch.from_numpy(file[key]) for key in file.files}
    return {
        key: value[:, None].float() / 127.5 - 1 if value.ndim == 3 else value.long()
        for key, value in arrays.items()
    }
