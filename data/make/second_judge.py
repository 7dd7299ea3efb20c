"""The measures of the shipped generators, and their distance in the eyes of another classifier.

    GAN_DATA=FOLDER python -m data.make.second_judge digits clothes

A generator must not be good only for the classifier that its recipe was chosen with. This one has
other layers, knows no class "no picture", and is trained here, from one seed. Its 64 features are
taken as they are; the floor is that of the 10,000 test pictures against the training pictures.
"""

import os
import sys

import torch
from torch import nn

from helpers.base.files import DATA
from helpers.data.mnist import load_pictures
from helpers.data.weights import load_weights
from helpers.metrics.classifier import load_classifier
from helpers.metrics.images import evaluate, frechet_distance
from helpers.presets import PRESETS
from notebooks.tools.lesson import run_cells

EPOCHS, BATCH, SAMPLES = 3, 128, 10_000


def build() -> nn.Sequential:
    """Return the untrained classifier; its last two layers turn features into ten scores."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.25), nn.Linear(64 * 49, 64), nn.ReLU(),
        nn.Dropout(0.25), nn.Linear(64, 10),
    )  # fmt: skip


def train(images: torch.Tensor, labels: torch.Tensor) -> nn.Sequential:
    """Return the classifier trained on these pictures (n, 1, 28, 28)."""
    torch.manual_seed(0)
    network = build()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    return network.eval()


@torch.no_grad()
def main(*names: str) -> None:
    """Train the second judge of each data set and print its distances."""
    os.environ |= {"GAN_PRESET": "smoke", "GAN_DEVICE": "cpu"}  # its networks are what is needed
    lesson = run_cells("02_mnist_gan", until="class Generator")
    for name in names:
        data = load_pictures(name, PRESETS["02_mnist_gan"]["full"])
        images, test = (
            (pictures[:, None].float() / 127.5 - 1) for pictures in (data.images, data.test_images)
        )
        with torch.enable_grad():
            network = train(images, data.labels)

        def features(pictures: torch.Tensor, network: nn.Sequential = network):
            return torch.cat([network[:-2](batch) for batch in pictures.split(500)]).double()

        real = features(images)
        right = (network(test).argmax(1) == data.test_labels).float().mean()
        floor = frechet_distance(features(test), real)
        print(f"{name}: {right:.1%} of the test pictures right, real against real {floor:.2f}")
        for path in sorted(DATA.glob(f"{name}_generator_*.safetensors")):
            generator = lesson["Generator"]()
            load_weights(generator, path.stem)
            torch.manual_seed(0)
            made = generator(torch.randn(SAMPLES, generator.latent_dim))
            result = evaluate(load_classifier(name), made, images)
            print(
                f"{path.stem}: second judge {frechet_distance(features(made), real):.1f}, "
                f"the course's {result.frechet}, precision {result.precision:.2f}, recall "
                f"{result.recall:.2f}, fewest of a class {min(result.classes.counts)}",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
