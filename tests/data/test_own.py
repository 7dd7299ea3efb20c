"""A folder of one's own pictures as a data set: what is good is taken, what is bad is counted."""

import io
import os
import re
import warnings
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import data, pictures
from helpers.base.errors import CourseError
from helpers.data.own import load_images
from notebooks.tools.lesson import code_cells
from tests.samples import sample
from tests.sentences import is_one_sentence


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


def write(folder, files):
    """Write files, whose names may have folders; return the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def good(count=20):
    return {f"good{i:02d}.png": encoded(noise(i)) for i in range(count)}


def refused(match, *arguments, **options):
    with pytest.raises(CourseError, match=match) as caught:
        load_images(*arguments, **options)
    assert is_one_sentence(str(caught.value))


# What comes out


def test_grey_and_colour(tmp_path, capsys):
    write(tmp_path / "pets", good())
    grey, colour = load_images(tmp_path / "pets"), load_images(str(tmp_path / "pets"), 20, 3)
    assert (grey.images.shape, grey.test_images.shape) == ((18, 28, 28), (2, 28, 28))
    assert (colour.images.shape, colour.test_images.shape) == ((18, 20, 20, 3), (2, 20, 20, 3))
    assert grey.images.dtype == colour.images.dtype == torch.uint8
    assert grey.labels.dtype == torch.int64 and grey.labels.tolist() == [0] * 18
    assert grey.test_labels.tolist() == [0, 0] and grey.class_names == ("pets",)
    first, *_ = capsys.readouterr().out.splitlines()
    assert (
        first
        == grey.source
        == (
            "Data: 18 pictures for training and 2 for testing from pets, 28 x 28 pixels, "
            "1 class (pets)"
        )
    )
    # The same pictures in the same order, grey as the eye sees it.
    weights = torch.tensor([0.299, 0.587, 0.114])
    seen = load_images(tmp_path / "pets", 28, 3).images.float() @ weights
    assert (seen - grey.images.float()).abs().max() <= 1


def test_subfolders_are_the_classes(tmp_path):
    levels = {"dog": 200, "cat": 100, "cat/kittens": 101, "emu": 50}
    files = {f"{kind}/{i}.png": plain(level) for kind, level in levels.items() for i in range(10)}
    write(tmp_path / "a", files)
    found = load_images(tmp_path / "a", 16)
    assert found.class_names == ("cat", "dog", "emu")
    for images, labels in (
        (found.images, found.labels),
        (found.test_images, found.test_labels),
    ):
        levels = images[:, 0, 0].tolist()
        wanted = {100: 0, 101: 0, 200: 1, 50: 2}
        assert [wanted[level] for level in levels] == labels.tolist()
    assert len(found.images) == 36 and len(found.test_images) == 4
    assert found.labels[:18].unique().numel() == 3  # shuffled: lessons take the first ones
    # Loose pictures are a class, too; folders around all of the pictures do not count.
    write(tmp_path / "a", {"loose.png": plain(1), "loose2.png": plain(1)})
    assert load_images(tmp_path / "a").class_names == ("a", "cat", "dog", "emu")
    write(tmp_path / "b", {f"x/y/{name}": content for name, content in files.items()})
    assert load_images(tmp_path / "b").class_names == ("cat", "dog", "emu")
    write(tmp_path / "c", {f"emu/{i}.png": plain(1) for i in range(3)})
    assert load_images(tmp_path / "c").class_names == ("emu",)


def test_the_choice_of_test_pictures_depends_on_nothing_but_names(tmp_path):
    files = good(40)
    one = load_images(write(tmp_path / "one", files))
    other = load_images(write(tmp_path / "two", dict(reversed(files.items()))))
    assert torch.equal(one.images, other.images)
    assert torch.equal(one.test_images, other.test_images)
    everything = torch.cat([one.images, one.test_images]).flatten(1)
    assert len(everything.unique(dim=0)) == 40  # none in both parts
    # A bad picture changes the place of no other one.
    (tmp_path / "two" / "good07.png").write_bytes(b"")
    fewer = load_images(tmp_path / "two")
    both = torch.cat([fewer.test_images, fewer.images]), torch.cat([one.test_images, one.images])
    missing = [i for i, row in enumerate(both[1]) if not (both[0] == row).flatten(1).all(1).any()]
    assert len(missing) == 1
    kept = [i for i in range(40) if i not in missing]
    assert torch.equal(both[0], both[1][kept])


def test_zip_file_gives_the_same(tmp_path):
    files = {f"pets/{kind}/{i}.png": encoded(noise(i)) for kind in ("cat", "dog") for i in range(5)}
    write(tmp_path, files)
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    one, other = load_images(tmp_path / "pets"), load_images(tmp_path / "pets.zip")
    assert one.class_names == other.class_names == ("cat", "dog")
    assert {(p.numpy().tobytes(), int(label)) for p, label in pairs(one)} == {
        (p.numpy().tobytes(), int(label)) for p, label in pairs(other)
    }


def pairs(found):
    return [
        *zip(found.images, found.labels, strict=True),
        *zip(found.test_images, found.test_labels, strict=True),
    ]


def test_pictures_of_that_size_stay_as_they_are(tmp_path):
    """28 x 28 pictures written to files come back to the bit."""
    digits = ((sample("digits")["images"][:30, 0] + 1) * 127.5).round().to(torch.uint8)
    write(tmp_path, {f"{i}.png": encoded(d.numpy()) for i, d in enumerate(digits)})
    found = load_images(tmp_path)
    everything = torch.cat([found.images, found.test_images]).flatten(1).tolist()
    assert sorted(everything) == sorted(digits.flatten(1).tolist())


def test_the_cells_of_a_lesson_work_with_it(tmp_path, monkeypatch):
    """The cells of lesson 02 from the pictures to the measure, with such a set for the digits."""
    for name in ("GAN_PRESET", "GAN_DEVICE", "GAN_RUNS"):
        monkeypatch.setenv(
            name, {"GAN_PRESET": "smoke", "GAN_DEVICE": "cpu"}.get(name, str(tmp_path / "runs"))
        )
    digits, labels = sample("digits")["images"][:300, 0], sample("digits")["labels"]
    grey = ((digits + 1) * 127.5).round().to(torch.uint8).numpy()
    files = {f"{labels[i]}/{i}.png": encoded(picture) for i, picture in enumerate(grey)}
    write(tmp_path / "mine", files)
    names: dict = {"__name__": "__main__"}
    monkeypatch.chdir(tmp_path)
    for source in code_cells("02_mnist_gan")[2:]:
        changed = source.replace(
            'load_pictures("digits", preset)', f"load_images({str(tmp_path / 'mine')!r})"
        ).replace("import load_pictures", "import load_images")
        exec(compile(changed, "<cell>", "exec"), names)
        if "novelty(" in source:
            break
    assert names["data"].class_names == tuple("0123456789")
    assert names["images"].shape == (270, 1, 28, 28)
    assert names["images"].min() == -1 and names["images"].max() == 1
    assert names["run"].step == 5 and "270 pictures" in (tmp_path / "runs").joinpath(
        "02_mnist_gan", "run.json"
    ).read_text(encoding="utf-8")


# What is left out and counted


def bad_files():
    """File name -> contents and the reason that has to be given."""
    bomb = bytearray(plain(0))
    bomb[16:24] = (30_000).to_bytes(4, "big") * 2
    bomb[29:33] = zipfile.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    warned = bytearray(plain(0))  # not yet a bomb to Pillow, but enough for a warning
    warned[16:24] = (10_000).to_bytes(4, "big") * 2
    warned[29:33] = zipfile.crc32(bytes(warned[12:29])).to_bytes(4, "big")
    damaged, colours, large = (
        "damaged or no picture",
        "colours other than 8-bit RGB or grey",
        "too large",
    )
    return {
        "text.jpg": (b"Not a picture\n" * 50, damaged),
        "empty.jpg": (b"", damaged),
        "truncated.jpg": (encoded(noise(1), "JPEG")[:700], damaged),
        "truncated.png": (encoded(noise(1))[:2000], damaged),
        "cmyk.jpg": (encoded(Image.new("CMYK", (64, 64)), "JPEG"), colours),
        "deep.png": (encoded(np.full((64, 64), 40_000, np.uint16)), colours),
        "pixel.png": (plain(0, side=1), "too small"),
        "thin.png": (encoded(np.zeros((400, 3), np.uint8)), "too small"),
        "huge.png": (plain(0, side=6400), large),
        "warned.png": (bytes(warned), large),
        "bomb.png": (bytes(bomb), large),
        "heavy.jpg": (encoded(noise(2), "JPEG") + bytes(2**26), large),
    }


def test_bad_pictures_are_left_out_and_counted(tmp_path, capfd):
    bad = bad_files()
    files = good() | {name: content for name, (content, _) in bad.items()}
    write(tmp_path / "mine", files | {"notes.txt": b"x", ".hidden.jpg": b"x"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_images(tmp_path / "mine")
    out, err = capfd.readouterr()
    assert out.strip() == found.source and not err
    assert found.source.endswith(
        "; left out: 2 colours other than 8-bit RGB or grey, 4 damaged or no picture, "
        "4 too large, 2 too small"
    )
    alone = load_images(write(tmp_path / "alone", good()))
    assert torch.equal(found.images, alone.images)


@pytest.mark.parametrize("name", bad_files())
def test_each_bad_picture_by_itself(name, tmp_path):
    content, reason = bad_files()[name]
    write(tmp_path / "mine", {"a.png": plain(1), name: content})
    refused(f"1 can be used, at least 2 are needed; left out: 1 {reason}", tmp_path / "mine")


def test_palette_transparent_and_turned_pictures_are_taken(tmp_path):
    turned = Image.new("L", (60, 60))
    turned.paste(255, (0, 0, 60, 30))  # the upper half; a phone notes "turn by 90 degrees"
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = np.zeros((40, 40, 4), np.uint8)
    files = {
        "palette.png": encoded(Image.fromarray(np.full((40, 40, 3), 77, np.uint8)).quantize(8)),
        "clear.png": encoded(clear),
        "turned.jpg": encoded(turned, "JPEG", exif=exif, quality=95),
        "one.webp": encoded(np.full((40, 40, 3), 120, np.uint8), "WEBP", lossless=True),
        "one.BMP": encoded(np.full((40, 40), 30, np.uint8), "BMP"),
    }
    found = load_images(write(tmp_path, files), 20)
    everything = torch.cat([found.images, found.test_images]).float()
    means = everything.mean(dim=(1, 2)).round().int().tolist()
    assert sorted(m for m in means if not 120 < m < 135) == [30, 77, 120, 255]
    half = everything[[120 < m < 135 for m in means].index(True)].mean(dim=0)  # of each column
    assert half[:9].max() < 20 and half[11:].min() > 235
    assert "left out" not in found.source


def test_links_out_of_the_folder(tmp_path):
    secret = write(tmp_path / "secret", {"a.png": plain(1), "b.png": plain(1)})
    mine = write(tmp_path / "mine", good(4))
    sibling = write(tmp_path / "mine too", {"c.png": plain(1)})  # its name begins alike
    (mine / "file.png").symlink_to(secret / "a.png")
    (mine / "folder").symlink_to(secret)
    (mine / "up.png").symlink_to("../mine too/c.png")
    (mine / "nowhere.png").symlink_to(mine / "gone.png")
    (mine / "chain.png").symlink_to(mine / "file.png")
    (mine / "loop").symlink_to(mine)
    (mine / "inside.png").symlink_to(mine / "good01.png")
    found = load_images(mine)
    assert found.source.endswith("; left out: 5 links out of the folder or to nowhere")
    assert len(found.images) + len(found.test_images) == 5
    assert not any((image == 1).all() for image, _ in pairs(found))
    # The folder itself may be a link.
    (tmp_path / "link").symlink_to(mine)
    assert len(load_images(tmp_path / "link").images) == len(found.images)
    assert sibling.is_dir()


def test_a_file_that_cannot_be_opened(tmp_path, monkeypatch):
    write(tmp_path, good(5))
    opened = pictures.Folder.open

    def closed(self, name):
        if name == "good03.png":
            raise PermissionError(13, "Permission denied")
        return opened(self, name)

    monkeypatch.setattr(pictures.Folder, "open", closed)
    assert "left out: 1 damaged or no picture" in load_images(tmp_path).source


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_no_text_can_hold(tmp_path, capsys):
    for name in (b"caf\xe9", b"two\nlines"):
        folder = os.path.join(os.fsencode(tmp_path), name)
        os.mkdir(folder)
        for i in range(3):
            with open(os.path.join(folder, b"%d\xff.png" % i), "wb") as file:
                file.write(plain(i))
    assert load_images(tmp_path).class_names == ("caf?", "two lines")
    assert len(capsys.readouterr().out.splitlines()) == 1


# What is refused


def test_folders_that_do_not_work(tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(r"empty holds too few pictures: 0 can be used, .* looked for \.jpg", empty)
    refused("There is no folder", tmp_path / "nowhere")
    write(tmp_path, {"a.png": plain(1), "b.txt": b"text"})
    refused("neither a folder of pictures nor a sound zip file", tmp_path / "a.png")
    refused("neither a folder of pictures nor a sound zip file", tmp_path / "b.txt")
    refused("1 can be used, at least 2 are needed", tmp_path)
    refused("only text", write(tmp_path / "only text", {"a.jpg": b"a", "b.jpg": b"b"}))
    for wrong in (None, 3, "", "  ", ["a"]):
        refused("is not the name of a folder", wrong)

    def closed(place):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pictures.zipfile, "ZipFile", closed)
    refused(r"a.png cannot be read \(Permission denied\)", tmp_path / "a.png")


@pytest.mark.parametrize("size", [0, -28, 28.0, "28", None, True, 1025, (28, 28)])
def test_wrong_size(size, tmp_path):
    refused(f"{re.escape(f'size={size!r}')} does not work", write(tmp_path, good(2)), size)


@pytest.mark.parametrize("channels", [0, 2, 4, "1", None, 3.0, True])
def test_wrong_channels(channels, tmp_path):
    refused(f"channels={channels!r} does not work", write(tmp_path, good(2)), 28, channels)


def test_more_than_the_memory_holds(tmp_path, monkeypatch):
    write(tmp_path, good(10))
    monkeypatch.setattr(data, "MOST_OWN_BYTES", 10 * 28 * 28)
    assert len(load_images(tmp_path).images) == 9
    refused("10 pictures of 28 x 28 pixels .* choose a smaller size", tmp_path, 28, 3)
