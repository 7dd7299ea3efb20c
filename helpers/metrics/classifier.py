"""The small network through which the measures look at digits or clothes."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from helpers.base.arrays import finite
from helpers.base.errors import CourseError
from helpers.data.weights import load_weights

NAMES = ("digits", "clothes")
FEATURES, CLASSES = 64, 10


def build_network() -> nn.Sequential:
    """Return the untrained network: (n, 1, 28, 28) in [-1, 1] to (n, 11) scores.

    The eleventh score is that of "no picture at all". All layers but the last make 64 features.
    Pooling comes before normalisation because that needs a quarter of the work.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):  # 28 -> 14 -> 7 -> 3 pixels wide
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
    layers += [nn.Flatten(), nn.Linear(64 * 3 * 3, FEATURES), nn.ReLU(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(FEATURES, CLASSES + 1))


@dataclass(frozen=True)
class Classifier:
    """A trained network, and its share of right answers on the 10,000 test pictures."""

    network: nn.Sequential
    accuracy: float

    def __call__(self, images: object) -> tuple[np.ndarray, np.ndarray]:
        """Return features (n, 64) and probabilities (n, 11) of pictures as float64 arrays.

        Column 10 of the probabilities is that of no picture at all, such as noise. `images`:
        (n, 1, 28, 28) in [-1, 1]. Another shape or range, and NaN, raise CourseError.
        """
        pictures = finite(images, "pictures", np.float32, "(n, 1, 28, 28)")
        low, high = pictures.min(), pictures.max()
        if low < -1.001 or high > 1.001 or low >= 0 or low == high:
            raise CourseError(f"Pixels have to go from -1 to 1, not from {low:.3g} to {high:.3g}.")
        with torch.inference_mode():
            features = [self.network[:-1](batch) for batch in torch.from_numpy(pictures).split(500)]
            scores = torch.cat([self.network[-1](seen) for seen in features])
        return torch.cat(features).double().numpy(), scores.double().softmax(1).numpy()


def load_classifier(name: str) -> Classifier:
    """Return the classifier "digits" or "clothes" that the course ships in `data/`.

    Its features are scaled so that their variances over real pictures sum to 1,000. Another name,
    and a file that is missing or not the course's own, raise CourseError.
    """
    if name not in NAMES:
        raise CourseError(f"{name} is not a classifier: choose one of {', '.join(NAMES)}.")
    network = build_network()
    facts = load_weights(network, f"{name}_classifier")
    return Classifier(network.eval().requires_grad_(False), facts["accuracy"])
