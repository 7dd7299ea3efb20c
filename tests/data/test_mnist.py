"""The data chain: folders, download, built-in sample; nothing broken is used, nothing lost."""

import errno
import gzip
import hashlib
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from helpers.base import files
from helpers.data import mnist
from helpers.data.mnist import load_pictures
from helpers.presets import PRESETS
from tests.data.pictures import write
from tests.data.server import Handler, serving
from tests.trouble import damage, is_one_sentence, refused

SHIPPED = files.DATA
LESSON, SMOKE = (PRESETS["02_mnist_gan"][level] for level in ("lesson", "smoke"))
FULL, SAMPLE = "all 6 training pictures of MNIST", "3 of the 60,000 training pictures of MNIST"
TOLD = f"Data: {SAMPLE}, the built-in sample"


def idx(array: np.ndarray) -> bytes:
    """Return an array in the format of MNIST's files."""
    shape = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def toy_arrays(count: int) -> tuple[np.ndarray, np.ndarray]:
    pictures = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return pictures, np.arange(count, dtype=np.uint8)


PARTS = ("images", "labels", "test_images", "test_labels")
ARRAYS = dict(zip(PARTS, (*toy_arrays(6), *toy_arrays(4)), strict=True))
TOY_FILES = dict(zip(mnist.FILES, map(idx, ARRAYS.values()), strict=True))


def write_full_set(folder: Path) -> Path:
    """Write the toy data set as torchvision lays it out; return the folder of its files."""
    return write(folder / "MNIST" / "raw", TOY_FILES)


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch) -> Path:
    """Put a toy data set of six digits in place of MNIST, a folder with three in that of data/."""
    folder = tmp_path / "course" / "data"
    folder.mkdir(parents=True)
    np.savez(folder / "digits_sample.npz", **{part: array[:3] for part, array in ARRAYS.items()})
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in TOY_FILES.items()}
    lines = [f"{digest}  MNIST/raw/{name}" for name, digest in sums.items()]
    lines += [f"{files.sha256(folder / 'digits_sample.npz')}  digits_sample.npz"]
    (folder / "SHA256SUMS").write_text("\n".join(lines))
    for module in (mnist, files):
        monkeypatch.setattr(module, "DATA", folder)
    monkeypatch.setattr(mnist, "_download", lambda *_: pytest.fail("a download was tried"))
    monkeypatch.delenv("GAN_DATA", raising=False)
    return folder


@pytest.fixture
def delivery(monkeypatch):
    """Put the toy files where a download would put them."""
    monkeypatch.setattr(mnist, "_download", lambda _: TOY_FILES)


def assert_is_full_set(pictures):
    assert pictures.source == FULL
    assert all(getattr(pictures, part).tolist() == ARRAYS[part].tolist() for part in PARTS)
    assert pictures.images.dtype == torch.uint8 and pictures.labels.dtype == torch.int64


@pytest.mark.parametrize("mine", ["unset", "empty", "broken", "full"])
def test_gan_data_comes_before_data(mine, course, tmp_path, monkeypatch, capsys):
    write_full_set(course)
    folder = tmp_path / "mine"
    folder.mkdir()
    if mine != "unset":
        monkeypatch.setenv("GAN_DATA", str(folder))
    if mine in ("broken", "full"):
        write_full_set(folder)
    if mine == "broken":
        damage(folder / "MNIST/raw/t10k-labels-idx1-ubyte", "flipped")
    pictures = load_pictures("digits", LESSON)
    assert_is_full_set(pictures)
    place = "from mine" if mine == "full" else "from data"
    assert capsys.readouterr().out.splitlines()[-1] == f"Data: {FULL}, {place}"


@pytest.mark.parametrize("how", ["sound", "cut"])
def test_packed_files_are_taken_as_they_are_downloaded(how, course, tmp_path, monkeypatch, capsys):
    packed = {f"{name}.gz": gzip.compress(content) for name, content in TOY_FILES.items()}
    raw = write(tmp_path / "mine" / "MNIST" / "raw", packed)
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "mine"))
    monkeypatch.setattr(mnist, "_download", lambda _: {})
    if how == "cut":
        damage(raw / "t10k-labels-idx1-ubyte.gz", "cut")
    found = load_pictures("digits", LESSON)
    assert found.source == (FULL if how == "sound" else SAMPLE)
    assert ("ubyte.gz, from mine, is damaged" in capsys.readouterr().out) == (how == "cut")
    assert sorted(path.name for path in raw.iterdir()) == sorted(packed)


def test_a_sound_packed_file_takes_the_place_of_a_damaged_one(course, capsys):
    raw, name = write_full_set(course), "t10k-labels-idx1-ubyte"
    write(raw, {f"{name}.gz": gzip.compress(TOY_FILES[name])})
    damage(raw / name, "flipped")
    assert_is_full_set(load_pictures("digits", LESSON))
    assert f"{name}, from data, is damaged" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read")
def test_an_error_of_the_disk_is_no_damage(course, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "_download", lambda _: {})
    path = write_full_set(course) / "train-labels-idx1-ubyte"
    path.unlink()
    path.symlink_to("/proc/self/mem")  # "Input/output error"
    if not path.is_file():
        pytest.skip("not a file here")
    assert load_pictures("digits", LESSON).source == SAMPLE
    assert f"{path.name}, from data, cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize("packed", [True, False])
def test_no_room_for_temporary_files(packed, course, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    if packed:
        raw = course / "MNIST" / "raw"
        write(raw, {f"{name}.gz": gzip.compress(content) for name, content in TOY_FILES.items()})
    else:
        monkeypatch.setattr(mnist, "_download", lambda _: TOY_FILES)
    assert_is_full_set(load_pictures("digits", LESSON))


@pytest.mark.parametrize("how", ["cut", "flipped"])
@pytest.mark.parametrize("name", TOY_FILES)
def test_broken_file_is_named_and_the_next_source_taken(name, how, course, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "_download", lambda _: {})
    damage(write_full_set(course) / name, how)
    assert load_pictures("digits", LESSON).source == SAMPLE
    told, *_, last = capsys.readouterr().out.splitlines()
    assert told == f"{name}, from data, is damaged and is not used." and last == TOLD


def test_broken_set_is_replaced_by_a_download(course, delivery, capsys):
    """A run knows its data by `source`: those just downloaded are those found the next time."""
    damage(write_full_set(course) / "train-images-idx3-ubyte", "cut")
    for place in ("downloaded", "from data"):
        assert load_pictures("digits", LESSON).source == FULL
        assert capsys.readouterr().out.splitlines()[-1] == f"Data: {FULL}, {place}"


@pytest.mark.parametrize("problem", [errno.EACCES, errno.ENOSPC])
@pytest.mark.parametrize("call", ["os.replace", "pathlib.Path.write_bytes"])
def test_download_may_not_be_kept(call, problem, course, delivery, monkeypatch, capsys):
    def fail(*_):  # as on a disk that cannot be written (root writes everywhere)
        raise OSError(problem, os.strerror(problem))

    monkeypatch.setattr(call, fail)
    assert_is_full_set(load_pictures("digits", LESSON))
    assert f"could not be kept in data ({os.strerror(problem)}).\n" in capsys.readouterr().out
    assert not list((course / "MNIST" / "raw").iterdir())


class Mirror(Handler):
    """Sends the toy files in several ways, chosen by the first folder of the address."""

    def do_GET(self):
        _, way, name = self.path.split("/")
        self.server.asked.add(way)
        content = TOY_FILES[name.removesuffix(".gz")]
        packed = gzip.compress(content[:-1] + b"?" if way == "other" else content)
        if way == "silent":
            self.server.ended.wait(30)
        elif way == "drip":
            self.answer(200, b"", 10**6)
            while not self.server.ended.wait(0.1):
                self.wfile.write(b"x")
        elif way == "missing":
            self.answer(404)
        elif way == "page":
            self.answer(200, b"<!DOCTYPE html><title>Please sign in</title>")
        else:
            self.answer(200, packed[: 100 if way == "cut" else None], len(packed))


DOWNLOAD = mnist._download


@pytest.fixture
def server(monkeypatch):
    """`asked` lists the ways in which files were asked for."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(mnist, "_download", DOWNLOAD)
    with serving(Mirror) as server:
        server.asked = set()
        yield server


def test_download_is_checked_kept_and_not_repeated(course, server, monkeypatch, capfd):
    mirrors = [f"{server.address}/{way}/" for way in ("missing", "good")]
    monkeypatch.setattr(datasets.MNIST, "mirrors", mirrors)
    assert_is_full_set(load_pictures("digits", LESSON))
    assert server.asked == {"missing", "good"}
    kept = {path.name: path.read_bytes() for path in (course / "MNIST" / "raw").iterdir()}
    assert kept == TOY_FILES
    out, err = capfd.readouterr()
    assert out.splitlines()[1:] == [f"Data: {FULL}, downloaded"] and not err
    server.asked.clear()
    assert load_pictures("digits", LESSON).source == FULL
    assert not server.asked


@pytest.mark.parametrize(
    ("way", "word"),
    [
        ("missing", "404"),
        ("page", "gzip"),
        ("cut", "ended"),
        ("other", "is damaged"),
        ("closed", "refused"),
        ("silent", "timed out"),
        ("drip", "not done after 2 s"),
    ],
)
def test_bad_servers_lead_to_the_sample(way, word, course, server, monkeypatch, capfd):
    monkeypatch.setattr(mnist, "SECONDS_OF_SILENCE", 1)
    monkeypatch.setattr(mnist, "SECONDS_TO_DOWNLOAD", 2)
    address = "http://127.0.0.1:1" if way == "closed" else server.address
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"{address}/{way}/"])
    began = time.monotonic()
    assert load_pictures("digits", LESSON).source == SAMPLE
    assert time.monotonic() - began < 10
    out, err = capfd.readouterr()
    _, problem, *_, last = out.splitlines()
    assert is_one_sentence(problem) and word in problem and last == TOLD and not err
    assert not (course / "MNIST").exists()


def test_smoke_takes_the_first_pictures_of_the_sample_and_says_so(course):
    write_full_set(course)
    pictures = load_pictures("digits", replace(SMOKE, images=2))
    assert pictures.source == f"the first 2 of {SAMPLE}"
    assert pictures.images.tolist() == ARRAYS["images"][:2].tolist()
    assert pictures.labels.tolist() == [0, 1] and len(pictures.test_images) == 3


@pytest.mark.parametrize(
    ("mine", "name", "preset", "words"),
    [
        ("nowhere", "digits", LESSON, "nowhere is no folder"),
        ("", "faces", LESSON, "digits, clothes"),
        ("", "digits", SMOKE, "digits_sample"),
    ],
)
def test_what_is_wrong_is_one_sentence(mine, name, preset, words, course, monkeypatch):
    damage(course / "digits_sample.npz", "flipped")
    monkeypatch.setenv("GAN_DATA", str(course / mine))
    with refused(words):
        load_pictures(name, preset)


@pytest.mark.parametrize("name", mnist.CATALOGUES)
def test_shipped_sample_is_what_it_says(name, monkeypatch):
    monkeypatch.setattr(files, "DATA", SHIPPED)
    pictures = load_pictures(name, replace(SMOKE, images=None))
    assert pictures.images.shape == (10_000, 28, 28)
    assert pictures.test_images.shape == (2_000, 28, 28)
    for labels in (pictures.labels, pictures.test_labels):
        shares = torch.bincount(labels, minlength=len(pictures.class_names)) / len(labels)
        assert len(shares) == 10 and shares.min() > 0.07 and shares.max() < 0.13
