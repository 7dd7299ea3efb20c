"""Pictures as squares, and as one array that is never used by half."""

import json
import os
import shutil
import zipfile
from collections import Counter, namedtuple

import numpy as np
import pytest
from PIL import Image

from helpers.base.errors import CourseError
from helpers.data import squares
from helpers.data.squares import NotEnough, Order, open_pictures, prepare, stored, to_square
from tests.data.pictures import bad_files, encoded, noise, plain, portrait, turned, write, zipped
from tests.toys import damage

SIZE = 16
ORDER = Order("toy", "these pictures", None, SIZE)


def make(place, store, order=ORDER, **options):
    """Return the array of the pictures at `place`, and its notes."""
    with open_pictures(place) as pictures:
        notes = stored(order, store) or prepare(order, pictures, store, **options)
    return np.load(order.path(store))[: notes["count"]], notes


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "mine", {f"{i:04d}.png": encoded(noise(i)) for i in range(5)})


# Squares


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
    ):
        assert np.array_equal(to_square(content, 20), grey[:20, :20])


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_bad_pictures_are_counted_and_replaced(kind, tmp_path):
    files = {name: content for name, (content, _) in bad_files().items()}
    files |= {f"x{i}.JPG": portrait(i) for i in range(5)}
    files |= {"notes.txt": b"x", ".hidden.jpg": b"x", "__MACOSX/x1.jpg": b"x"}
    place = tmp_path / "mine"
    if kind == "folder":
        write(place, files)
        (place / "z-nowhere.jpg").symlink_to("nowhere.jpg")
    else:
        place.write_bytes(zipped(files))
    array, notes = make(place, tmp_path / "store", Order("toy", "x", 4, SIZE))
    assert np.array_equal(array, [to_square(portrait(i), SIZE) for i in range(4)])
    assert notes["skipped"] == Counter(reason for _, reason in bad_files().values())
    with open_pictures(place) as pictures:  # each by its own reason
        names = sorted(bad_files())
        found = dict(zip(names, squares.squares(pictures, names, SIZE), strict=True))
    assert found == {name: reason for name, (_, reason) in bad_files().items()}


# The array


def interrupted(*_):
    raise KeyboardInterrupt


def test_array_is_kept_and_made_again_where_something_is_wrong(folder, tmp_path, monkeypatch):
    array, _ = make(folder, tmp_path)
    assert array.shape == (5, SIZE, SIZE, 3) and array.dtype == np.uint8
    path = ORDER.path(tmp_path)
    sound, noted = path.read_bytes(), path.with_suffix(".json").read_bytes()
    assert json.loads(noted)["order"]["origin"] == "these pictures"
    shutil.rmtree(folder)
    folder.mkdir()
    assert np.array_equal(make(folder, tmp_path)[0], array)  # nothing is read again
    write(folder, {f"{i:04d}.png": encoded(noise(i)) for i in range(5)})
    for file, how in [(path, "cut"), (path, "flipped"), (path, "empty"), (path, "missing")]:
        damage(file, how)
        assert np.array_equal(make(folder, tmp_path)[0], array) and path.read_bytes() == sound
    for harm in (b"[1]", b'{"order": 1}', b"\xff", b""):
        path.with_suffix(".json").write_bytes(harm)
        assert np.array_equal(make(folder, tmp_path)[0], array) and path.read_bytes() == sound
    # Cut off before the first note on the array that is made again.
    damage(path, "cut")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(squares, "_fill", interrupted)
        make(folder, tmp_path)
    assert np.array_equal(make(folder, tmp_path)[0], array)
    # Cut off between the last note and the last move.
    path.rename(path.with_suffix(".npy.part"))
    assert np.array_equal(make(folder, tmp_path)[0], array)
    assert sorted(p.name for p in tmp_path.glob("toy*")) == [f"{path.stem}.json", path.name]


def test_array_of_the_version_before_is_used(folder, tmp_path):
    """Its notes stood in .json too; half of an array had no header yet and notes elsewhere."""
    array, notes = make(folder, tmp_path)
    path = ORDER.path(tmp_path)
    old = {"order": notes["order"], "read": 5, "count": 5, "skipped": {}}
    np.save(path, array)
    path.with_suffix(".json").write_text(json.dumps(old | {"sha256": squares.sha256(path)}))
    with open_pictures(folder) as pictures:
        assert stored(ORDER, tmp_path)["count"] == len(pictures.names)
    path.with_suffix(".npy.part").write_bytes(bytes(128) + array.tobytes()[:2000])
    path.with_suffix(".json.part").write_text(json.dumps(old))
    path.unlink()
    assert np.array_equal(make(folder, tmp_path)[0], array)


def test_resumed_after_being_cut_off(tmp_path, monkeypatch):
    files = {f"{i:04d}.jpg": b"bad" if i % 100 == 50 else portrait(i) for i in range(700)}
    folder = write(tmp_path / "mine", files)
    whole, notes = make(folder, tmp_path / "at once")
    assert len(whole) == notes["count"] == 693 and notes["skipped"] == {"damaged or no picture": 7}
    read, names = squares._read, []

    def stopped_at_600(source, name, size):
        names.append(name)
        if name == "0600.jpg":
            raise KeyboardInterrupt
        return read(source, name, size)

    monkeypatch.setattr(squares, "_read", stopped_at_600)
    store, copy = tmp_path / "store", tmp_path / "copy"
    with pytest.raises(KeyboardInterrupt):
        make(folder, store)
    assert not list(store.glob("*.npy")) and stored(ORDER, store) is None
    shutil.copytree(store, copy)
    names.clear()
    monkeypatch.setattr(
        squares, "_read", lambda source, name, size: names.append(name) or read(source, name, size)
    )
    resumed, again = make(folder, store)
    assert min(names) == "0512.jpg" and len(names) == 188
    assert np.array_equal(resumed, whole) and again == notes
    assert not list(store.glob("*.part"))
    # A part that is shorter than it should be is not trusted.
    damage(next(copy.glob("*.npy.part")), "cut")
    assert np.array_equal(make(folder, copy)[0], whole)


def test_too_few_pictures_do_not_spoil_the_next_attempt(tmp_path, monkeypatch):
    monkeypatch.setattr(squares, "BATCH", 1)
    good = portrait(1)
    (tmp_path / "broken.zip").write_bytes(zipped({f"{i}.jpg": b"bad" for i in range(5)}))
    (tmp_path / "sound.zip").write_bytes(zipped({f"{i}.jpg": good for i in range(5)}))
    with pytest.raises(NotEnough, match="5 pictures 0 can be used, but 2"):
        make(tmp_path / "broken.zip", tmp_path / "store", least=2)
    assert len(make(tmp_path / "sound.zip", tmp_path / "store", least=2)[0]) == 5


def test_disk_is_full(folder, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: namedtuple("usage", "free")(10))
        with pytest.raises(CourseError, match="GB on the disk"):
            make(folder, tmp_path / "store")
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full, raising=False)
        with pytest.raises(CourseError, match="No space left"):
            make(folder, tmp_path / "store")
    assert not list((tmp_path / "store").glob("*.npy"))
    with pytest.raises(CourseError, match="cannot be written"):
        make(folder, write(tmp_path, {"file": b""}) / "file" / "store")


def test_places_that_do_not_work(tmp_path):
    write(tmp_path, {"a.png": plain(1), "b.txt": b"text"})
    for name, match in [
        ("a.png", "nor a sound zip"),
        ("b.txt", "nor a sound zip"),
        ("c", "no fol"),
    ]:
        with pytest.raises(CourseError, match=match), open_pictures(tmp_path / name):
            pass
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(NotEnough, match="Of 0 pictures"):
        make(tmp_path / "empty.zip", tmp_path)
