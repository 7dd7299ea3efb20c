"""Picture files for the tests of this room: good ones, and bad ones of every kind."""

import io
import re
import zipfile

import numpy as np
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import ImageFileDirectory_v2

DAMAGED, COLOURS = "damaged or no picture", "colours other than 8-bit RGB or grey"


def encoded(picture, kind="PNG", **options):
    """The bytes of a picture file; `picture` may be an array."""
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(seed, side=40):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def plain(grey, side=40):
    return encoded(np.full((side, side), grey, np.uint8))


def portrait(seed):
    """A JPEG of 178 x 218 pixels, as those of CelebA, each seed another one."""
    return encoded(Image.fromarray(noise(seed, 10)).resize((178, 218)), "JPEG", quality=80)


def turned():
    """A picture whose upper half is white, with a phone's note "turn by 90 degrees"."""
    picture, exif = Image.new("L", (60, 60)), Image.Exif()
    picture.paste(255, (0, 0, 60, 30))
    exif[0x0112] = 6
    return encoded(picture, "JPEG", exif=exif, quality=95)


def exif(turn):
    """EXIF whose resolution is a text, which Pillow reads but cannot write."""
    entries = ImageFileDirectory_v2()
    entries.tagtype[282] = 2
    entries[274], entries[282] = turn, "72 dpi"
    return b"Exif\0\0II*\0\x08\0\0\0" + entries.tobytes(8)


def linear(space=b"RGB "):
    """A colour profile in which 55 is as bright as 128 on a screen."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "line".encode("utf-16-be"))
    curve = b"curv\0\0\0\0\0\0\0\1\1\0"  # to the power of 1
    start = profile.index(b"para")
    profile = profile[:start] + curve + profile[start + len(curve) :]
    return profile.replace(b"rTRC", b"kTRC" if space == b"GRAY" else b"rTRC").replace(
        b"RGB ", space
    )


def claims(side):
    """A small PNG whose header tells of `side` x `side` pixels."""
    content = bytearray(plain(0))
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zipfile.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


def bad_files():
    """File name -> contents and the reason that has to be given."""
    return {
        "text.jpg": (b"Not a picture\n" * 50, DAMAGED),
        "empty.jpg": (b"", DAMAGED),
        "program.jpg": (encoded(noise(1), "EPS"), DAMAGED),
        "phone.HEIC": (b"\0\0\0\x18ftypheic" + bytes(99), "that cannot be opened (.heic)"),
        "no suffix": (b"Not a picture\n", "that cannot be opened"),
        "odd.suffix of mine": (b"Not a picture\n", "that cannot be opened"),
        "truncated.jpg": (encoded(noise(1), "JPEG")[:700], DAMAGED),
        "truncated.png": (encoded(noise(1))[:2000], DAMAGED),
        "cmyk.jpg": (encoded(Image.new("CMYK", (64, 64)), "JPEG"), COLOURS),
        "deep.png": (encoded(np.full((64, 64), 40_000, np.uint16)), COLOURS),
        "pixel.png": (plain(0, side=1), "too small"),
        "thin.png": (encoded(np.zeros((400, 3), np.uint8)), "too small"),
        "huge.png": (plain(0, side=6400), "too large"),
        "warned.png": (claims(10_000), "too large"),  # not yet a bomb to Pillow, but a warning
        "bomb.png": (claims(30_000), "too large"),
        "heavy.jpg": (encoded(noise(2), "JPEG") + bytes(2**26), "too large"),
    }


def write(folder, files):
    """Write files, whose names may have folders; return the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def zipped(files):
    """The bytes of a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, True, 1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def headers(archive, place, value):
    """A zip file with another byte in all headers: its flags are at `place` 6, its method at 8."""
    content = bytearray(archive)
    for signature, shift in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        for found in re.finditer(re.escape(signature), archive):
            content[found.start() + shift + place] = value
    return bytes(content)
