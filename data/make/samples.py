"""Makes the built-in samples of real pictures from the full data sets.

    python -m data.make.samples FOLDER      # FOLDER holds MNIST/raw and FashionMNIST/raw

Writes `data/digits_sample.npz` and `data/clothes_sample.npz`: 10,000 training and 2,000
test pictures each, drawn without replacement with a fixed seed; every class keeps its share.
"""

import sys
from zipfile import ZIP_LZMA, ZipFile

import numpy as np
from torchvision.datasets import MNIST, FashionMNIST

from helpers.base.files import DATA, write_sum


def draw(dataset, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` pictures (count, 28, 28) and their labels (count,), both uint8."""
    chosen = np.random.default_rng(seed=2026).choice(len(dataset.data), count, replace=False)
    return dataset.data.numpy()[chosen], dataset.targets.numpy().astype(np.uint8)[chosen]


def main(folder: str) -> None:
    """Write both samples, compressed with LZMA; `numpy.load` reads them."""
    for name, kind in (("digits", MNIST), ("clothes", FashionMNIST)):
        images, labels = draw(kind(folder, train=True), 10_000)
        test_images, test_labels = draw(kind(folder, train=False), 2_000)
        arrays = {
            "images": images,
            "labels": labels,
            "test_images": test_images,
            "test_labels": test_labels,
        }
        path = DATA / f"{name}_sample.npz"
        with ZipFile(path, "w", ZIP_LZMA) as archive:
            for key, array in arrays.items():
                with archive.open(f"{key}.npy", "w") as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)
        write_sum(path, DATA)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
