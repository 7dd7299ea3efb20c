"""Pictures as squares, and as one array that is never used by half."""

import io
import os
import shutil
import threading
import time
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, ImageOps

from helpers.data import prepared, squares
from helpers.data.prepared import prepare, stored
from helpers.data.squares import NotEnough, open_pictures, to_square
from tests.data.pictures import (
    DAMAGED,
    bad_files,
    encoded,
    exif,
    headers,
    linear,
    noise,
    plain,
    portrait,
    turned,
    write,
    zipped,
)
from tests.trouble import damage, refused

SIZE = 16


def make(place, path, count=None, least=1):
    """Return the array of the pictures at `place`, and what was left out."""
    with open_pictures(place) as pictures:
        notes = prepare(path, pictures, count, SIZE, least)
    return np.load(path)[: notes["count"]], notes["skipped"]


def interrupted(*_):
    raise KeyboardInterrupt


def test_square_is_the_middle_and_smooth():
    striped = np.zeros((218, 178, 3), np.uint8)
    striped[:20], striped[-20:], striped[20:-20] = (255, 0, 0), (255, 0, 0), (0, 0, 255)
    blue = np.broadcast_to(np.uint8([0, 0, 255]), (128, 128, 3))
    assert np.array_equal(to_square(encoded(striped), 128), blue)
    assert np.array_equal(to_square(encoded(striped.transpose(1, 0, 2)), 128), blue)
    checkers = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    assert abs(to_square(encoded(checkers), 32).astype(int) - 127).max() < 10


def test_palette_transparent_and_turned_pictures_are_taken():
    half = to_square(turned(), 20).mean(axis=(0, 2))  # of each column
    assert half[:9].max() < 20 and half[11:].min() > 235
    assert to_square(encoded(np.zeros((40, 40, 4), np.uint8)), 20).min() == 255
    grey = np.full((40, 40, 3), 77, np.uint8)
    for content in (
        encoded(Image.fromarray(grey).quantize(8)),
        encoded(grey, "WEBP", lossless=True),
        encoded(grey[..., 0], "BMP"),
        encoded(grey, "TIFF", compression="tiff_lzw"),
        encoded(grey, "PPM"),
        encoded(grey[..., 0], "GIF", save_all=True, append_images=[Image.new("L", (40, 40))]),
    ):
        assert np.array_equal(to_square(content, 20), grey[:20, :20])


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "GIF"])
def test_pictures_of_one_bit(kind):
    picture = Image.new("1", (40, 40))
    picture.paste(1, (20, 0, 40, 40))
    square = to_square(encoded(picture, kind), 40)
    assert square[:, :20].max() == 0 and square[:, 20:].min() == 255


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_turned_pictures_stand_upright(kind):
    for turn in range(1, 9):
        entries = exif(turn)
        if kind == "TIFF":  # its own entries
            entries = Image.Exif()
            entries[274] = turn
        content = encoded(noise(turn, 30)[:20], kind, exif=entries, lossless=True)
        with Image.open(io.BytesIO(content)) as picture:
            picture.info.pop("exif", None)  # or Pillow fails at the odd entry
            if kind != "TIFF":
                picture.getexif()[274] = turn
            middle = ImageOps.fit(ImageOps.exif_transpose(picture), (20, 20))
        assert np.array_equal(to_square(content, 20), middle), turn


def test_garbage_beside_the_pixels_does_not_matter():
    for kind in ("PNG", "JPEG", "WEBP"):
        sound = encoded(noise(1), kind)
        garbage = encoded(
            noise(1), kind, exif=b"Exif\0\0" + bytes(range(99)), icc_profile=b"x" * 99
        )
        assert np.array_equal(to_square(garbage, 20), to_square(sound, 20))


def test_colours_of_another_profile_become_those_of_a_screen():
    dark = Image.new("RGB", (40, 40), (55, 55, 55))
    for picture in (dark, dark.convert("RGBA"), dark.quantize(2), dark.convert("L")):
        profile = linear(b"GRAY" if picture.mode == "L" else b"RGB ")
        square = to_square(encoded(picture, icc_profile=profile), 20)
        assert abs(square.astype(int) - 128).max() <= 1, picture.mode
    named = linear().replace("line".encode("utf-16-be"), "sRGB".encode("utf-16-be"))
    for profile in (named, linear(b"CMYK")):  # nothing to do, or not of this picture's colours
        assert (to_square(encoded(dark, icc_profile=profile), 20) == 55).all()


def test_no_program_is_run(monkeypatch):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.fail("was run"))
    with pytest.raises(Image.UnidentifiedImageError):
        to_square(encoded(noise(1), "EPS"), 20)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_bad_pictures_are_counted_and_replaced(kind, tmp_path):
    files = {name: content for name, (content, _) in bad_files().items()}
    files |= {f"x{i}.JPG": portrait(i) for i in range(5)}
    files |= {"notes.txt": b"x", "list.csv": b"x", "x.jpg/x.json": b"x"}
    files |= {".hidden.jpg": b"x", "__MACOSX/x1.jpg": b"x", ".git/x": b"x"}
    place = tmp_path / "mine"
    if kind == "folder":
        write(place, files)
        (place / "z-nowhere.jpg").symlink_to("nowhere.jpg")
    else:
        place.write_bytes(zipped(files))
    array, left_out = make(place, tmp_path / "store/toy.npy", 4)
    assert np.array_equal(array, [to_square(portrait(i), SIZE) for i in range(4)])
    assert left_out == Counter(reason for _, reason in bad_files().values())
    with open_pictures(place) as pictures:  # each by its own reason
        for name, (_, reason) in bad_files().items():
            found = Counter()
            assert not list(squares.squares(pictures, [name], SIZE, found))
            assert found == {reason: 1}, name


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_suffix_does_not_matter(kind, tmp_path):
    names = ["20.05.2019", "Photo", "a.JPG_large", "b.tif", "c.gif", "d.jfif"]
    files = {name: portrait(i) for i, name in enumerate(names)}
    place = tmp_path / "mine"
    if kind == "folder":
        write(place, files)
    else:  # a name that looks like an address
        place.write_bytes(zipped(files | {"folder.x/": b"", "data:,.jpg": portrait(6)}))
    array, left_out = make(place, tmp_path / "toy.npy")
    assert len(array) == len(names) + (kind == "zip") and not left_out
    assert np.array_equal(array, [to_square(portrait(i), SIZE) for i in range(len(array))])


ERRORS = [
    OSError(5, "Input/output error"),
    PermissionError(13, "Permission denied"),
    FileNotFoundError(2, "No such file"),
]


@pytest.mark.parametrize("problem", ERRORS)
def test_an_error_is_no_damaged_picture(problem, tmp_path, monkeypatch):
    folder = write(tmp_path / "mine", {f"{i}.jpg": portrait(i) for i in range(5)})
    broken, store = "3.jpg", tmp_path / "store"

    def fails(path, mode):
        if path.name == broken:
            raise problem
        return path.open(mode)

    monkeypatch.setattr(prepared, "BATCH", 1)
    monkeypatch.setattr(squares, "open", fails, raising=False)
    with refused(rf"3.jpg in .*mine cannot be read \({problem.strerror}\)"):
        make(folder, store / "toy.npy")
    assert not list(store.iterdir())
    broken = ""
    assert len(make(folder, store / "toy.npy")[0]) == 5


def test_too_little_memory_is_no_damaged_picture(tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(squares, "to_square", full)
    with refused("0.png does not fit into memory"):
        make(write(tmp_path / "mine", {"0.png": plain(1)}), tmp_path / "toy.npy")


def test_a_closed_folder_is_no_empty_one(tmp_path, monkeypatch):
    folder = write(tmp_path / "mine", {"a/1.png": plain(1), "b/1.png": plain(1), ".c/1.png": b""})
    scan, closed = os.scandir, ".c"

    def fails(path):
        if os.fspath(path).endswith(closed):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", fails)
    assert len(make(folder, tmp_path / "toy.npy")[0]) == 2  # what is hidden does not matter
    closed = "b"
    with refused(r"mine.b cannot be read \(Permission denied\)"):
        make(folder, tmp_path / "toy.npy")


@pytest.mark.parametrize(
    ("place", "value", "word"), [(6, 1, "password"), (8, 9, "method"), (4, 99, "version 9.9")]
)
def test_an_archive_that_python_cannot_unpack(place, value, word, tmp_path):
    (tmp_path / "mine.zip").write_bytes(headers(zipped({"1\n.jpg": portrait(1)}), place, value))
    with refused(rf"mine.zip cannot be read .*{word}"):
        make(tmp_path / "mine.zip", tmp_path / "store/toy.npy")
    assert not list((tmp_path / "store").glob("*"))


def test_an_archive_whose_list_is_cut_short(tmp_path):
    content = bytearray(zipped({f"{i}.jpg": portrait(i) for i in range(9)}))
    last = content.rfind(b"PK\1\2")
    content[content.rfind(b"PK\1\2", 0, last) + 33] = 128  # its comment swallows what follows
    (place := tmp_path / "mine.zip").write_bytes(content)
    assert len(zipfile.ZipFile(place).filelist) == 8
    with refused("nor a sound zip file"), open_pictures(place):
        pass


def test_an_archive_with_a_comment_or_with_something_behind_it(tmp_path):
    place = tmp_path / "mine.zip"
    place.write_bytes(zipped({f"{i}.jpg": portrait(i) for i in range(9)}))
    with zipfile.ZipFile(place, "a") as file:
        file.comment = b"Mine."
    for _ in range(2):
        with open_pictures(place) as pictures:
            assert len(pictures.marks) == 9
        place.write_bytes(place.read_bytes() + bytes(50))


def test_an_archive_with_garbage_for_a_name(tmp_path):
    content = zipped({"\xe9.jpg": portrait(1)}).replace("\xe9".encode(), b"\xff\xff")
    (tmp_path / "mine.zip").write_bytes(content)
    with refused("neither a folder nor a sound zip file"):
        make(tmp_path / "mine.zip", tmp_path / "toy.npy")


def test_a_disk_that_fails_is_no_damaged_archive(tmp_path, monkeypatch):
    def fails(_):
        raise OSError(5, "Input/output error")

    (tmp_path / "mine.zip").write_bytes(zipped({"1.jpg": portrait(1)}))
    monkeypatch.setattr(zipfile, "_EndRecData", fails)
    with refused("mine.zip cannot be read .*error"):
        make(tmp_path / "mine.zip", tmp_path / "toy.npy")


@pytest.mark.parametrize("method", ["STORED", "DEFLATED", "BZIP2", "LZMA"])
def test_damaged_members_of_an_archive_are_counted(method, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", getattr(zipfile, f"ZIP_{method}")) as archive:
        for i in range(4):
            archive.writestr(f"{i}.jpg", portrait(i))
    content = bytearray((tmp_path / "a.zip").read_bytes())
    first, second = archive.getinfo("1.jpg").header_offset, archive.getinfo("2.jpg").header_offset
    for place in range(first + 60, second - 60):
        content[place] ^= 255
    content[second] ^= 255  # the next one lacks its header
    (tmp_path / "a.zip").write_bytes(content)
    array, left_out = make(tmp_path / "a.zip", tmp_path / "toy.npy")
    assert len(array) == 2 and left_out == {DAMAGED: 2}


def test_array_is_kept_and_made_again_where_something_is_wrong(tmp_path, monkeypatch):
    folder = write(tmp_path / "mine", {f"{i}.png": encoded(noise(i)) for i in range(5)})
    path, notes = tmp_path / "toy.npy", tmp_path / "toy.json"
    array, _ = make(folder, path)
    assert array.shape == (5, SIZE, SIZE, 3) and array.dtype == np.uint8
    sound = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(squares, "_read", interrupted)
        assert np.array_equal(make(folder, path)[0], array)  # nothing is read again
    for how in ("cut", "flipped", "empty", "missing"):
        for file in (path, notes):
            damage(file, how)
            assert np.array_equal(make(folder, path)[0], array) and path.read_bytes() == sound
    # Cut off before the first note on the array that is made again.
    damage(path, "cut")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(prepared, "_fill", interrupted)
        make(folder, path)
    assert np.array_equal(make(folder, path)[0], array)
    # Cut off between the last note and the last move.
    path.rename(path.with_suffix(".npy.part"))
    assert np.array_equal(make(folder, path)[0], array)
    assert sorted(tmp_path.glob("toy*")) == [notes, path]


def test_resumed_after_being_cut_off(tmp_path, monkeypatch):
    files = {f"{i:04d}.jpg": b"bad" if i % 100 == 50 else portrait(i) for i in range(700)}
    folder = write(tmp_path / "mine", files)
    whole, left_out = make(folder, tmp_path / "at once" / "toy.npy")
    assert len(whole) == 693 and left_out == {"damaged or no picture": 7}
    read, names, stops, path = squares._read, [], ["0600.jpg"], tmp_path / "store" / "toy.npy"

    def watched(pictures, name, size):
        if name in stops:
            raise KeyboardInterrupt
        names.append(name)
        return read(pictures, name, size)

    monkeypatch.setattr(squares, "_read", watched)
    with pytest.raises(KeyboardInterrupt):
        make(folder, path)
    assert not path.exists() and stored(path) is None
    copy = tmp_path / "copy"
    shutil.copytree(path.parent, copy)
    names.clear()
    stops.clear()
    resumed, again = make(folder, path)
    assert min(names) == "0517.jpg" and np.array_equal(resumed, whole) and again == left_out
    assert not path.with_suffix(".npy.part").exists()
    # A part that is shorter than it should be is not trusted.
    damage(copy / "toy.npy.part", "cut")
    assert np.array_equal(make(folder, copy / "toy.npy")[0], whole)


def test_nothing_is_continued_with_other_pictures(tmp_path, monkeypatch):
    """As when an archive is replaced after a run with it was killed."""
    monkeypatch.setattr(prepared, "BATCH", 1)
    path, read = tmp_path / "store/toy.npy", squares._read
    for name, content in (("broken", b"bad"), ("sound", portrait(1))):
        files = {f"{i:02d}.jpg": content if i < 20 else portrait(i) for i in range(30)}
        (tmp_path / name).write_bytes(zipped(files))

    def killed(pictures, name, size):
        return interrupted() if name == "25.jpg" else read(pictures, name, size)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(squares, "_read", killed)
        make(tmp_path / "broken", path)
    assert path.with_suffix(".npy.part").exists()
    array, left_out = make(tmp_path / "sound", path)
    assert len(array) == 30 and not left_out


def test_too_few_pictures_do_not_spoil_the_next_attempt(tmp_path, monkeypatch):
    monkeypatch.setattr(prepared, "BATCH", 1)
    for name, content in (("broken", b"bad"), ("sound", portrait(1))):
        (tmp_path / name).write_bytes(zipped({f"{i}.jpg": content for i in range(5)}))
    with pytest.raises(NotEnough, match="5 pictures 0 can be used, but 2"):
        make(tmp_path / "broken", tmp_path / "toy.npy", least=2)
    assert len(make(tmp_path / "sound", tmp_path / "toy.npy", least=2)[0]) == 5


def test_disk_is_full_or_closed(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    folder = write(tmp_path / "mine", {"a.png": plain(1)})
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        with refused("No space left"):
            make(folder, tmp_path / "store/toy.npy")
    assert not list((tmp_path / "store").iterdir())
    with refused("cannot be written"):
        make(folder, folder / "a.png" / "toy.npy")


@pytest.mark.parametrize(("before", "after"), [('"count": 5', '"count": 4'), ("{}", '{"odd": 1}')])
def test_notes_that_were_changed_are_not_believed(before, after, tmp_path, capsys):
    folder = write(tmp_path / "mine", {f"{i}.png": encoded(noise(i)) for i in range(5)})
    path, notes = tmp_path / "toy.npy", tmp_path / "toy.json"
    make(folder, path)
    text = notes.read_text()
    assert before in text
    notes.write_text(text.replace(before, after))
    array, left_out = make(folder, path)
    assert len(array) == 5 and not left_out and "made again" in capsys.readouterr().out


def test_two_notebooks_prepare_the_same_array_one_after_the_other(tmp_path, monkeypatch, capsys):
    folder = write(tmp_path / "mine", {f"{i}.png": encoded(noise(i)) for i in range(5)})
    read, begun, go_on, names = squares._read, threading.Event(), threading.Event(), []

    def slow(pictures, name, size):
        names.append(name)
        begun.set()
        go_on.wait(30)
        return read(pictures, name, size)

    monkeypatch.setattr(squares, "_read", slow)
    with ThreadPoolExecutor() as pool:
        one = pool.submit(make, folder, tmp_path / "store/toy.npy")
        assert begun.wait(30)
        other = pool.submit(make, folder, tmp_path / "store/toy.npy")
        while "waiting until it is done" not in capsys.readouterr().out:
            time.sleep(0.01)
        go_on.set()
        assert np.array_equal(one.result()[0], other.result()[0])
    assert sorted(names) == sorted(f"{i}.png" for i in range(5))
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"toy.npy", "toy.json"}
