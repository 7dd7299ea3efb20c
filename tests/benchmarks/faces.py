"""How long 10,000 pictures of CelebA's size take, and in how much memory.

    python -m tests.benchmarks faces            # or with a number

Measured on two cores: 10,000
take 11 s from a folder and 9 s from a zip file, and at most 107 MB. All 202,599 (smaller files)
into 9.96 GB, while other work ran: 8.4 minutes and 227 MB.
"""

import os
import resource  # not on Windows
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.data.faces import load_faces


def make_pictures(folder: Path, count: int) -> None:
    """Write `count` JPEGs of 178 x 218 pixels, about 13 kB each, with shapes and grain."""
    dice = np.random.default_rng(0)
    for i in range(count):
        coarse = Image.fromarray(dice.integers(0, 256, (27, 22, 3), dtype=np.uint8))
        grain = dice.integers(-6, 7, (218, 178, 1))
        picture = np.asarray(coarse.resize((178, 218))) + grain
        name = folder / f"{i + 1:06d}.jpg"
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(name, quality=85)


def main(number: str = "10000") -> None:
    """Make the pictures, prepare them from a folder and from a zip file, and print what it took."""
    count = int(number)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "img_align_celeba")
        folder.mkdir()
        make_pictures(folder, count)
        archive = Path(place, "pictures.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for picture in folder.iterdir():
                packed.write(picture, picture.name)
        for source in (folder, archive):
            os.environ["GAN_FACES"] = str(source)
            start = time.perf_counter()
            load_faces(count, 128, store=Path(place, "store"))
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            peak /= 2**20 if sys.platform == "darwin" else 2**10
            print(f"{source.name}: {seconds:.1f} s, at most {peak:.0f} MB so far")
