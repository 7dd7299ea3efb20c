"""Pictures as squares, and as one array that is never used by half."""

import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from helpers.data import squares
from helpers.data.squares import NotEnough, open_pictures, prepare, stored, to_square
from tests.data.pictures import bad_files, encoded, noise, plain, portrait, turned, write, zipped
from tests.trouble import damage, refused

SIZE = 16


def make(place, path, count=None, least=1):
    """Return the array of the pictures at `place`, and what was left out."""
    with open_pictures(place) as pictures:
        notes = stored(path) or prepare(path, pictures, count, SIZE, least)
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
    array, left_out = make(place, tmp_path / "store/toy.npy", 4)
    assert np.array_equal(array, [to_square(portrait(i), SIZE) for i in range(4)])
    assert left_out == Counter(reason for _, reason in bad_files().values())
    with open_pictures(place) as pictures:  # each by its own reason
        for name, (_, reason) in bad_files().items():
            found = Counter()
            assert not list(squares.squares(pictures, [name], SIZE, found))
            assert found == {reason: 1}, name


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
        patch.setattr(squares, "_fill", interrupted)
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


def test_too_few_pictures_do_not_spoil_the_next_attempt(tmp_path, monkeypatch):
    monkeypatch.setattr(squares, "BATCH", 1)
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
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["toy.json"]
    with refused("cannot be written"):
        make(folder, folder / "a.png" / "toy.npy")
