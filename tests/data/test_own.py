"""A folder of one's own pictures as a data set: what is good is taken, what is bad is counted."""

import os
import re
import warnings

import pytest
import torch

from helpers.data import own, squares
from helpers.data.own import load_images
from tests.data.pictures import bad_files, encoded, noise, plain, write, zipped
from tests.samples import sample
from tests.trouble import refused


def good(count=20):
    return {f"good{i:02d}.png": encoded(noise(i)) for i in range(count)}


def refuses(match, *arguments):
    with refused(match):
        load_images(*arguments)


def everything(found):
    """All pictures as one tensor, and all labels."""
    pictures = torch.cat([found.test_images, found.images])
    return pictures, torch.cat([found.test_labels, found.labels])


def test_grey_and_colour(tmp_path, capsys):
    folder = write(tmp_path / "pets", good())
    grey, colour = load_images(folder), load_images(str(folder), 20, 3)
    assert (grey.images.shape, grey.test_images.shape) == ((18, 28, 28), (2, 28, 28))
    assert (colour.images.shape, colour.test_images.shape) == ((18, 20, 20, 3), (2, 20, 20, 3))
    assert grey.images.dtype == colour.images.dtype == torch.uint8
    assert grey.labels.dtype == torch.int64 and grey.labels.tolist() == [0] * 18
    assert grey.test_labels.tolist() == [0, 0] and grey.class_names == ("pets",)
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == grey.source and "18 pictures for training and 2 for testing" in first
    # The same pictures in the same order, grey as the eye sees it.
    seen = load_images(folder, 28, 3).images.float() @ torch.tensor([0.299, 0.587, 0.114])
    assert (seen - grey.images.float()).abs().max() <= 1


def test_subfolders_are_the_classes(tmp_path):
    levels = {"dog": 200, "cat": 100, "cat/kittens": 101, "emu": 50}
    files = {f"{kind}/{i}.png": plain(level) for kind, level in levels.items() for i in range(10)}
    write(tmp_path / "a", files)
    found = load_images(tmp_path / "a", 16)
    assert found.class_names == ("cat", "dog", "emu")
    images, labels = everything(found)
    wanted = {100: 0, 101: 0, 200: 1, 50: 2}
    assert [wanted[level] for level in images[:, 0, 0].tolist()] == labels.tolist()
    assert len(found.images) == 36 and len(found.test_images) == 4
    assert found.labels[:18].unique().numel() == 3  # shuffled: lessons take the first ones
    # Loose pictures are a class, too; folders around all of the pictures do not count.
    write(tmp_path / "a", {"loose.png": plain(1), "loose2.png": plain(1)})
    assert load_images(tmp_path / "a").class_names == ("a", "cat", "dog", "emu")
    (tmp_path / "b.zip").write_bytes(zipped({f"x/y/{name}": files[name] for name in files}))
    assert load_images(tmp_path / "b.zip").class_names == ("cat", "dog", "emu")
    write(tmp_path / "c", {f"emu/{i}.png": plain(1) for i in range(3)})
    assert load_images(tmp_path / "c").class_names == ("emu",)


def test_the_choice_of_test_pictures_depends_on_nothing_but_names(tmp_path):
    files = good(40)
    one = load_images(write(tmp_path / "one", files))
    (tmp_path / "one.zip").write_bytes(zipped(dict(reversed(files.items()))))
    other = load_images(tmp_path / "one.zip")
    assert torch.equal(one.images, other.images)
    assert torch.equal(one.test_images, other.test_images)
    assert len(everything(one)[0].flatten(1).unique(dim=0)) == 40  # none in both parts
    # A bad picture changes the place of no other one.
    (tmp_path / "one" / "good07.png").write_bytes(b"")
    fewer, before = everything(load_images(tmp_path / "one"))[0], everything(one)[0]
    kept = [i for i, row in enumerate(before) if (fewer == row).flatten(1).all(1).any()]
    assert len(kept) == 39 and torch.equal(fewer, before[kept])


def test_pictures_of_that_size_stay_as_they_are(tmp_path):
    """28 x 28 pictures written to files come back to the bit."""
    digits = ((sample("digits")["images"][:30, 0] + 1) * 127.5).round().to(torch.uint8)
    write(tmp_path, {f"{i}.png": encoded(d.numpy()) for i, d in enumerate(digits)})
    found, _ = everything(load_images(tmp_path))
    assert sorted(found.tolist()) == sorted(digits.tolist())


def test_bad_pictures_are_left_out_and_counted(tmp_path, capfd):
    files = good() | {name: content for name, (content, _) in bad_files().items()}
    write(tmp_path / "mine", files | {"notes.txt": b"x", ".hidden.jpg": b"x"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_images(tmp_path / "mine")
    out, err = capfd.readouterr()
    assert out.strip() == found.source and not err
    assert "; left out: 2 colours" in found.source and "5 damaged" in found.source
    alone = load_images(write(tmp_path / "alone", good()))
    assert torch.equal(found.images, alone.images)


def test_a_class_does_not_vanish_in_silence(tmp_path):
    phone, _ = bad_files()["phone.HEIC"]
    write(tmp_path, good(3) | {f"cat/{i}.heic": phone for i in range(12)})
    assert load_images(tmp_path).source.endswith("; left out: 12 that cannot be opened (.heic)")


def test_links_out_of_the_folder(tmp_path):
    secret = write(tmp_path / "secret", {"a.png": plain(1), "b.png": plain(1)})
    mine = write(tmp_path / "mine", good(4))
    write(tmp_path / "mine too", {"c.png": plain(1)})  # its name begins alike
    links = {"file.png": secret / "a.png", "folder": secret, "up.png": "../mine too/c.png"}
    links |= {"nowhere.png": mine / "gone.png", "chain.png": mine / "file.png"}
    links |= {"loop": mine, "inside.png": mine / "good01.png"}  # these two stay inside
    for name, place in links.items():
        (mine / name).symlink_to(place)
    found = load_images(mine)
    assert found.source.endswith("; left out: 5 links out of the folder or to nowhere")
    pictures, _ = everything(found)
    assert len(pictures) == 5 and not (pictures == 1).flatten(1).all(1).any()
    # The folder itself may be a link.
    (tmp_path / "link").symlink_to(mine)
    assert len(load_images(tmp_path / "link").images) == len(found.images)


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


def test_folders_that_do_not_work(tmp_path, monkeypatch):
    refuses("too few pictures: 0 can be used, at least 2", write(tmp_path, {"b.txt": b"text"}))
    refuses("1 damaged", write(tmp_path, {"a.png": b"text"}))
    refuses("no folder", tmp_path / "nowhere")
    refuses("zip file", tmp_path / "b.txt")
    refuses("in which folder", "")

    def closed(place):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(squares.zipfile, "ZipFile", closed)
    refuses(r"b.txt cannot be read \(Permission denied\)", tmp_path / "b.txt")


@pytest.mark.parametrize("wrong", [(0, 1), (14.0, 1), ("28", 1), (1025, 1), (28, 0), (28, "1")])
def test_wrong_size_or_channels(wrong, tmp_path):
    refuses(re.escape("size={!r}, channels={!r}".format(*wrong)), tmp_path, *wrong)


def test_more_than_the_memory_holds(tmp_path, monkeypatch):
    write(tmp_path, good(10))
    monkeypatch.setattr(own, "MOST_OWN_BYTES", 10 * 28 * 28)
    assert len(load_images(tmp_path).images) == 9
    refuses("smaller size", tmp_path, 28, 3)
