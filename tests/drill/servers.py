"""Servers that break off, fall silent or send something else."""

import contextlib
import gzip
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

from torchvision import datasets

from helpers.base import files
from helpers.base.files import sha256
from helpers.data import faces, kaggle, mnist
from helpers.presets import PRESETS
from tests.data.pictures import portrait, write, zipped
from tests.data.server import Handler, serving
from tests.drill.trials import Kind, end_of, expect, folder, variables

LESSON = PRESETS["02_mnist_gan"]["lesson"]
SIZES = {"train-images": (60, 28, 28), "train-labels": (60,)}
SIZES |= {"t10k-images": (20, 28, 28), "t10k-labels": (20,)}
WAYS = ("good", "cut", "silent", "drip", "page", "other", "garbage", "empty", "gone", "error")
WAYS += ("round", "long", "no http", "closed", "bomb", "half")


def files_of_mnist(packed: bool = False) -> dict[str, bytes]:
    """Return four small files in the format of MNIST's."""
    found = {}
    for name in mnist.FILES:
        shape = next(size for kind, size in SIZES.items() if name.startswith(kind))
        chance, count = Random(name), 1
        for length in shape:
            count *= length
        highest = 9 if len(shape) == 1 else 255
        body = bytes(chance.randint(0, highest) for _ in range(count))
        head = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
        found[f"{name}.gz" if packed else name] = (
            gzip.compress(head + body) if packed else head + body
        )
    return found


FILES = files_of_mnist()


def lay_out(data: Path) -> None:
    """Make a folder `data/` whose checksums are those of the small files, with the real sample."""
    write(data, {f"MNIST/raw/{name}": content for name, content in FILES.items()})
    sums = "".join(f"{sha256(data / 'MNIST/raw' / n)}  MNIST/raw/{n}\n" for n in FILES)
    shutil.rmtree(data / "MNIST")
    real = Path(mnist.__file__).parents[2] / "data"
    shutil.copy(real / "digits_sample.npz", data)
    sums += f"{sha256(data / 'digits_sample.npz')}  digits_sample.npz\n"
    (data / "SHA256SUMS").write_text(sums)


def is_right(found: mnist.PictureSet) -> bool:
    """Tell whether pictures and labels are those of the small set, or of the sample."""
    if "the 60,000" in found.source:
        return len(found.images) == 10_000
    raw = [
        FILES[name][-array.numel() :]
        for name, array in zip(mnist.FILES, tensors(found), strict=True)
    ]
    return raw == [array.byte().numpy().tobytes() for array in tensors(found)]


def tensors(found: mnist.PictureSet) -> list:
    return [found.images, found.labels, found.test_images, found.test_labels]


class Mirror(Handler):
    """Sends MNIST's files in one of the ways, or at random in all of them."""

    def do_GET(self):
        content = gzip.compress(FILES[self.path.rsplit("/", 1)[-1].removesuffix(".gz")])
        way = self.server.way
        bodies = {"good": content, "page": b"<html>Sorry.</html>", "empty": b"", "long": content}
        bodies |= {
            "garbage": content[:20] + bytes(len(content)),
            "half": content[: len(content) // 2],
        }
        bodies |= {"other": gzip.compress(b"?"), "bomb": gzip.compress(bytes(2**26))}
        with contextlib.suppress(OSError):  # nobody listens any more
            if way == "cut":
                self.answer(200, content[:100], len(content))
            elif way == "long":
                self.answer(200, content, len(content) + 100)
            elif way == "silent":
                self.server.ended.wait(5)
            elif way == "drip":
                self.answer(200, b"", len(content))
                for byte in content[:10]:
                    self.wfile.write(bytes([byte]))
                    self.server.ended.wait(0.05)
            elif way in ("gone", "error"):
                self.answer({"gone": 404, "error": 503}[way], b"no")
            elif way == "round":
                self.answer(302, Location=self.path)
            elif way == "no http":
                self.wfile.write(b"\0\1\2 SSH-2.0\r\n")
            elif way == "closed":
                self.close_connection = True
            else:
                self.answer(200, bodies[way])
        self.close_connection = True


@contextlib.contextmanager
def toy_mnist(data: Path | None, way: str) -> Iterator[None]:
    """Put a server of the small set, and a folder `data/`, in the place of the real ones."""
    if data and not (data / "SHA256SUMS").exists():
        lay_out(data)
    before = datasets.MNIST.mirrors, mnist.SECONDS_OF_SILENCE, mnist.SECONDS_TO_DOWNLOAD
    before_data = files.DATA, mnist.DATA
    with serving(Mirror) as server:
        server.way = way
        datasets.MNIST.mirrors = [f"{server.address}/"]
        limits = (0.3, 0.5) if way in ("silent", "drip") else (10, 20)  # a busy machine is slow
        mnist.SECONDS_OF_SILENCE, mnist.SECONDS_TO_DOWNLOAD = limits
        if data:
            files.DATA = mnist.DATA = data
        try:
            yield
        finally:
            datasets.MNIST.mirrors, mnist.SECONDS_OF_SILENCE, mnist.SECONDS_TO_DOWNLOAD = before
            files.DATA, mnist.DATA = before_data


def download(data: Path, way: str) -> str:
    """Load the digits; twice, because what a bad server has left must not come to light then."""
    for each in (way, way):
        out = io.StringIO()
        with toy_mnist(data, each), contextlib.redirect_stdout(out):
            found = mnist.load_pictures("digits", LESSON)
        expect(is_right(found), "other digits")
    if "built-in" not in out.getvalue():
        return ""
    return next(
        line for line in out.getvalue().splitlines() if "not work" in line or "damaged" in line
    )


# --- Kaggle's own client

ARCHIVE = {f"img_align_celeba/img_align_celeba/{i:06d}.jpg": portrait(i) for i in range(30)}
KAGGLE_WAYS = ("good", "cut", "silent", "page", "flipped", "401", "403", "429", "500", "json")


class Kaggle(Handler):
    """Speaks as much of Kaggle's protocol as its client needs, in one of the ways."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        way = self.server.way
        if way == "silent":
            self.server.ended.wait(20)
        elif way == "json":
            self.answer(200, b"{not json")
        elif "Introspect" in self.path:
            self.answer(200, json.dumps({"active": False}).encode())
        elif way.isdigit():
            self.answer(int(way), b"{}")
        else:
            self.answer(302, Location="http://localhost/blob.zip")

    def do_GET(self):
        blob = bytearray(zipped(ARCHIVE))
        way, length = self.server.way, len(blob)
        if way == "flipped":
            blob[200] ^= 1
        body = {"page": b"<html>Log in.</html>", "cut": blob[: length // 2]}.get(way, blob)
        headers = {"Accept_Ranges": "bytes", "Last_Modified": "Mon, 02 Jan 2017 03:04:05 GMT"}
        self.answer(200, body, length if way == "cut" else len(body), **headers)
        self.close_connection = True


def fetch_celeba(store: Path, way: str) -> str:
    nobody = dict.fromkeys((*kaggle.MOUNTING, *kaggle.ACCOUNT, "no_proxy", "NO_PROXY"))
    with serving(Kaggle) as server:
        server.way, kaggle.ARCHIVE_BYTES = way, 10**6
        told = {"HTTP_PROXY": server.address, "https_proxy": "http://127.0.0.1:9"}
        told |= {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "GAN_FACES": "celeba"}
        with variables(**nobody, **told, HOME=str(store), KAGGLE_CONFIG_DIR=str(store / "none")):
            found = faces.load_faces(30, 16, store=store, patience=8.0).images
    expect(len(found) >= 29 and found.any(axis=(1, 2, 3)).all(), "other faces")
    return ""


def servers(chance: Random, short: bool) -> list[Kind]:
    kind = Kind("servers that are cut, silent, lying")
    for way in WAYS if short else WAYS * 3:
        with folder() as here:
            kind.add(*end_of(download, here, way), f"digits, {way}")
    for way in chance.sample(KAGGLE_WAYS, 1) if short else KAGGLE_WAYS:
        with folder() as here:
            kind.add(*end_of(fetch_celeba, here, way), f"CelebA, {way}")
    return [kind]
