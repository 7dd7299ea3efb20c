"""The small network through which the measures look at digits or clothes."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from helpers.base.errors import CourseError
from helpers.data.weights import load_weights

NAMES = ("digits", "clothes")
FEATURES, CLASSES = 64, 10


def build_network() -> nn.Sequential:
    """Return the untrained network: (n, 1, 28, 28) in [-1, 1] to (n, 11) scores.

    The eleventh score is that of "no picture at all". The last layer turns 64 features into
    scores; all layers before it make the features. Pooling comes before normalisation because
    that needs a quarter of the work.
    """
    layers = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):  # 28 -> 14 -> 7 -> 3 pixels wide
        layers += [
            nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    layers += [nn.Flatten(), nn.Linear(64 * 3 * 3, FEATURES), nn.ReLU(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(FEATURES, CLASSES + 1))


@dataclass(frozen=True)
class Classifier:
    """A trained network: `classifier(pictures)` returns (features, probabilities).

    `accuracy` is its share of right answers on the 10,000 test pictures of `name`.
    """

    name: str
    accuracy: float
    network: nn.Sequential

    def __call__(
        self, images: torch.Tensor, batch_size: int = 500
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return features (n, 64) and probabilities (n, 11) as float64 arrays.

        Column 10 of the probabilities is that of no picture at all, such as noise.

        `images`: a float tensor (n, 1, 28, 28) in [-1, 1] on any device; memory does not grow with
        n beyond the result. Another shape or range, NaN, or pictures without any contrast at all
        raise CourseError.
        """
        _check_images(images)
        device = next(self.network.parameters()).device
        features, probabilities = [], []
        with torch.inference_mode():
            for batch in images.split(batch_size):
                seen = self.network[:-1](batch.to(device, torch.float32))
                features.append(seen.double().cpu().numpy())
                probabilities.append(self.network[-1](seen).double().softmax(1).cpu().numpy())
        return np.concatenate(features), np.concatenate(probabilities)


def load_classifier(name: str, device: str | torch.device = "cpu") -> Classifier:
    """Return the classifier "digits" or "clothes" that the course ships in `data/`.

    Its features are scaled so that their variances over real pictures sum to 1,000. Another name,
    and a file that is missing or not the course's own, raise CourseError.
    """
    if name not in NAMES:
        raise CourseError(f"{name} is not a classifier: choose one of {', '.join(NAMES)}.")
    network = build_network()
    facts = load_weights(network, f"{name}_classifier")
    network.eval().requires_grad_(False)
    return Classifier(name, facts["accuracy"], network.to(device))


def _check_images(images: torch.Tensor) -> None:
    """Raise CourseError unless the classifier can look at these pictures."""
    if not isinstance(images, torch.Tensor) or not images.is_floating_point():
        raise CourseError("The classifier wants pictures as a tensor of floats in [-1, 1].")
    if images.ndim != 4 or tuple(images.shape[1:]) != (1, 28, 28) or len(images) == 0:
        raise CourseError(
            f"The classifier wants pictures of shape (n, 1, 28, 28), not {tuple(images.shape)}."
        )
    low, high = images.min().item(), images.max().item()  # NaN if there is one
    if not np.isfinite([low, high]).all():
        raise CourseError("Some pictures contain NaN or infinite values: the training went wrong.")
    if low < -1.001 or high > 1.001:
        raise CourseError(
            f"Pixels must lie in [-1, 1], these go from {low:.3g} to {high:.3g}: scale them first."
        )
    if low == high:
        raise CourseError(f"Every pixel of every picture is {low:.3g}: there is nothing to judge.")
    if low >= 0:
        raise CourseError(
            f"Pixels go from {low:.3g} to {high:.3g}, it seems in [0, 1]: scale them to [-1, 1]."
        )
