"""Trains a classifier that the measures use, and writes it to `data/`.

    python -m data.make.classifier digits     # or: clothes

The pictures (MNIST or Fashion-MNIST) are looked for in the folder `--data` and downloaded there
if they are absent. Takes two to three minutes on one CPU core and prints the accuracy on the 10,000
test pictures, measured on the very weights that are written.

Beside its ten classes it learns an eleventh, "no picture", from noise and pictures with shuffled
pixels, and has to be surer of it by a margin. Without it the features of clothes take noise for a
kind of shirt, and the measures would prefer noise to a generator that makes one good picture.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import nn
from torchvision import datasets

from helpers.base.files import DATA, write_sum
from helpers.data.weights import save_weights
from helpers.metrics.classifier import CLASSES, NAMES, Classifier, build_network

SETS = {"digits": datasets.MNIST, "clothes": datasets.FashionMNIST}
EPOCHS, BATCH, LEARNING_RATE = 8, 128, 4e-3
SHIFT = 2  # pixels that a picture is moved by
NO_PICTURES, MARGIN = 16, 5.0  # noise in each batch; what is taken off its right score
TOTAL_VARIANCE = 1000


def pictures(name: str, folder: Path, train: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Return all images (n, 1, 28, 28) in [-1, 1] and their labels (n,)."""
    data = SETS[name](folder, train=train, download=True)
    return data.data[:, None].float() / 127.5 - 1, data.targets


def shift(batch: torch.Tensor, pixels: int) -> torch.Tensor:
    """Return the batch moved by up to `pixels` both ways, with black coming in at the edges."""
    padded = nn.functional.pad(batch, (pixels,) * 4, value=-1)
    down, right = torch.randint(2 * pixels + 1, (2,)).tolist()
    return padded[:, :, down : down + 28, right : right + 28]


def no_pictures(images: torch.Tensor) -> torch.Tensor:
    """Return noise of many contrasts and shades, and as many of the images with shuffled pixels."""
    contrast = torch.rand(len(images), 1, 1, 1)
    shade = (2 * torch.rand(len(images), 1, 1, 1) - 1) * (1 - contrast)
    noise = shade + contrast * (2 * torch.rand(images.shape) - 1)
    shuffled = images.flatten(1)[:, torch.randperm(784)].view(images.shape)
    return torch.cat((noise, shuffled))


def train(images: torch.Tensor, labels: torch.Tensor, epochs: int) -> nn.Sequential:
    """Return the network trained on these pictures, in evaluation mode."""
    network = build_network().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    steps = epochs * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    loss_function = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(epochs):
        start = time.perf_counter()
        order = torch.randperm(len(images))
        for chosen in order[: len(order) // BATCH * BATCH].split(BATCH):
            batch = shift(images[chosen], SHIFT)
            batch = torch.cat((batch, no_pictures(batch[: NO_PICTURES // 2])))
            wanted = nn.functional.pad(labels[chosen], (0, NO_PICTURES), value=CLASSES)
            optimizer.zero_grad()
            scores = network(batch.to(memory_format=torch.channels_last))
            scores[BATCH:, CLASSES] -= MARGIN
            loss = loss_function(scores, wanted)
            loss.backward()
            optimizer.step()
            schedule.step()
        print(
            f"epoch {epoch + 1}: loss {loss:.3f}, {time.perf_counter() - start:.0f} s", flush=True
        )
    return network.eval()


def scale_features(network: nn.Sequential, images: torch.Tensor) -> None:
    """Make the variances of the features of these pictures sum to 1,000; the answers stay.

    A Frechet distance of 1,000 is then as much as all the variety of the real pictures, for digits
    and clothes alike. The factor goes into the layer before the ReLU and out of the layer after it.
    """
    with torch.inference_mode():
        features = torch.cat([network[:-1](batch) for batch in images.split(500)])
        factor = (TOTAL_VARIANCE / features.var(dim=0).sum()).sqrt()
        network[-4].weight.mul_(factor)
        network[-4].bias.mul_(factor)
        network[-1].weight.div_(factor)


def main() -> None:
    """Read the command line, train, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the full data sets")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    choice = parser.parse_args()

    torch.set_num_threads(1)  # the same sums in the same order on every machine of a kind
    torch.manual_seed(choice.seed)
    images, labels = pictures(choice.name, choice.data, train=True)
    network = train(images, labels, choice.epochs)
    scale_features(network, images[:10_000])
    network = network.half().float()  # the file holds half precision: measure what it holds
    images, labels = pictures(choice.name, choice.data, train=False)
    _, probabilities = Classifier(network, 0.0)(images)
    accuracy = float((probabilities.argmax(1) == labels.numpy()).mean())
    path = DATA / f"{choice.name}_classifier.safetensors"
    save_weights(path, network, {"name": choice.name, "accuracy": round(accuracy, 4)})
    write_sum(path, DATA)
    print(f"{path.name}: {path.stat().st_size:,} bytes, accuracy {accuracy:.2%}")


if __name__ == "__main__":
    main()
