"""Odd pictures, made at random, in a folder or a zip file: right in the array, or left out."""

import contextlib
import io
import warnings
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageCms

from helpers.data import faces, own
from tests.data.pictures import encoded, exif, linear, zipped
from tests.drill.trials import Kind, end_of, expect, folder, untouched, variables

SIZE = 8
MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F")
FORMATS = (
    "PNG",
    "JPEG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "PPM",
    "TGA",
    "ICO",
    "PCX",
    "JPEG2000",
    "AVIF",
)
CHECKED = ("PNG", "JPEG", "WEBP", "JPEG2000", "AVIF")  # formats that tell where they end
SIDES = (1, 2, 3, 15, 16, 17, 28, 40, 64, 131, 400)
SUFFIXES = (".png", ".jpg", ".JPEG", ".heic", ".txt", "", ".", ".tar.gz", ".p n g", ".jpg ")
NAMES = (
    "a",
    "two words",
    "ä ö",
    "..",
    "...",
    "-rf",
    "%s",
    "a" * 180,
    "\\\\",
    "a\nb",
    "~",
    "nul",
    "#",
)
PLACES = (
    "",
    "cat/",
    "cat/",
    "a/b/c/",
    "../",
    "/",
    "//",
    "./",
    "C:\\",
    "cat/../",
    "__MACOSX/",
    ".x/",
)


def picture(chance: Random) -> tuple[bytes, np.ndarray | None, str]:
    """Return a picture file, its four corners (None: not known), and in words what it is."""
    corners = np.array([[chance.choice((0, 255)) for _ in range(2)] for _ in range(2)], np.uint8)
    mode, kind = chance.choice(MODES), chance.choice(FORMATS)
    width = height = chance.choice(SIDES)
    if chance.random() < 0.3:
        height = chance.choice(SIDES)
    image = Image.fromarray(corners).resize((width, height), Image.Resampling.NEAREST)
    side = min(width, height)  # corners are those of the square in the middle
    options, turn = {}, chance.choice((1, 1, 1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 65535))
    what = f"{width} x {height} {mode} {kind}, turn {turn}"
    with contextlib.suppress(Exception):  # no picture can be every mode in every format
        image = image.convert("RGB").convert(mode) if mode != "I;16" else deep(image)
    if kind in ("JPEG", "WEBP", "PNG", "TIFF", "AVIF"):
        options["exif"] = exif(turn) if kind in ("JPEG", "WEBP", "AVIF") else exif(turn)[6:]
    if chance.random() < 0.2:
        garbage = chance.randbytes(200)
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        options["icc_profile"] = chance.choice((garbage, srgb, linear(), linear(b"GRAY")))
        what += ", profile"
    try:
        content = encoded(image, kind, **options)
    except Exception:  # such a picture cannot be saved
        image = image.convert("RGB")
        content, kind, turn = encoded(image, "PNG"), "PNG", 1
    turned = turn if kind in ("JPEG", "WEBP", "PNG", "TIFF", "AVIF") and "exif" in options else 1
    known = oriented(corners, turned) if side % 2 == 0 and kind not in ("ICO", "GIF") else None
    return content, known, what


def deep(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def oriented(corners: np.ndarray, turn: int) -> np.ndarray:
    """Return corners as they are seen, by the table of the EXIF standard."""
    ways = {2: lambda c: c[:, ::-1], 3: lambda c: c[::-1, ::-1], 4: lambda c: c[::-1]}
    ways |= {5: lambda c: c.T, 6: lambda c: np.rot90(c, -1)}
    ways |= {7: lambda c: c[::-1, ::-1].T, 8: lambda c: np.rot90(c)}
    return ways.get(turn, lambda c: c)(corners)


def spoiled(content: bytes, kind: str, chance: Random) -> tuple[bytes, str]:
    """Return a picture file with something wrong about it, and what."""
    how = chance.choice(("cut", "flipped", "text", "doubled", "zeros", "empty", "in front"))
    place = chance.randrange(len(content))
    flipped = content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]
    ways = {"cut": content[:place], "flipped": flipped, "text": b"Not a picture.\n" * 9}
    ways |= {"doubled": content * 2, "zeros": content[:place] + bytes(len(content) - place)}
    return (ways | {"empty": b"", "in front": b"\n" + content})[how], how


def trial(content: bytes, known: np.ndarray | None, name: str, as_zip: bool, here: Path) -> str:
    """Read the picture among two good ones, as pictures of one's own and as faces."""
    good = {"cat/1.png": plain(0), "cat/2.png": plain(255)}
    place = here / "mine"
    if as_zip:
        place.write_bytes(zipped(good | {name: content}))
    else:
        for path, data in (good | {name: content}).items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)
    with untouched(place), warnings.catch_warnings():
        warnings.simplefilter("error")
        with contextlib.redirect_stdout(out := io.StringIO()):
            found = own.load_images(place, SIZE)
        with variables(GAN_FACES=str(place)), contextlib.redirect_stdout(io.StringIO()):
            in_colour = faces.load_faces(3, SIZE, store=here / "store").images
    line = out.getvalue()
    expect(line.count("\n") == 1, f"not one line: {line!r}")
    images = np.concatenate((found.images, found.test_images))
    expect(len(images) == len(in_colour), "faces and own pictures are not the same")
    if len(images) == 2:
        return "" if "left out" not in line else line.strip().removeprefix("Data: ") + "."
    expect("left out" not in line, line)
    if known is not None:
        seen = [(image[:: SIZE - 1, :: SIZE - 1] > 127) * 255 for image in images]
        expect(any(np.array_equal(corners, known) for corners in seen), f"not {known.tolist()}")
    return ""


def plain(grey: int) -> bytes:
    return encoded(np.full((20, 20), grey, np.uint8))


def pictures(chance: Random, short: bool) -> list[Kind]:
    kind = Kind("odd pictures")
    faces.FEWEST = 2
    for _ in range(30 if short else 1000):
        content, known, what = picture(chance)
        if chance.random() < 0.35:
            content, how = spoiled(content, what, chance)
            known, what = None, f"{what}, {how}"
        as_zip = chance.random() < 0.5
        name = chance.choice(NAMES) + chance.choice(SUFFIXES)
        place = chance.choice(PLACES if as_zip else PLACES[:4])
        if not as_zip and name in (".", "..", "..."):
            name = "a.png"
        with folder() as here:
            end = end_of(trial, content, known, f"{place}{name}", as_zip, here)
        kind.add(*end, f"{what}, {place + name!r}, {'zip' if as_zip else 'folder'}")
    return [kind]
