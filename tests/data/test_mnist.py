"""The data chain: folders, download, built-in sample; nothing broken is used, nothing lost."""

import errno
import functools
import gzip
import hashlib
import http.server
import os
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from helpers.base import files
from helpers.base.errors import CourseError
from helpers.data import mnist
from helpers.data.mnist import load_pictures
from helpers.presets import PRESETS
from tests.sentences import is_one_sentence
from tests.toys import damage

LESSON, SMOKE = (PRESETS["02_mnist_gan"][level] for level in ("lesson", "smoke"))
FULL = "Data: all 6 training pictures of MNIST, "
SAMPLE = "Data: the built-in sample, 3 of the 60,000 training pictures of MNIST"


def idx(array: np.ndarray) -> bytes:
    """Return an array in the format of MNIST's files."""
    shape = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def toy_arrays(count: int) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.random.default_rng(count)
    pictures = numbers.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return pictures, np.arange(count, dtype=np.uint8)


PARTS = ("images", "labels", "test_images", "test_labels")
ARRAYS = dict(zip(PARTS, (*toy_arrays(6), *toy_arrays(4)), strict=True))
TOY_FILES = dict(zip(mnist.FILES, map(idx, ARRAYS.values()), strict=True))


def write_full_set(folder: Path) -> Path:
    """Write the toy data set as torchvision lays it out; return the folder of its files."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in TOY_FILES.items():
        (raw / name).write_bytes(content)
    return raw


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Fail a test that asks for a download without saying so."""
    monkeypatch.setattr(mnist, "_download", lambda *_: pytest.fail("a download was tried"))
    monkeypatch.delenv("GAN_DATA", raising=False)


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """Put a toy data set of six digits in place of MNIST, and an empty folder in that of data/."""
    folder = tmp_path / "course" / "data"
    folder.mkdir(parents=True)
    sample = folder / "digits_sample.npz"
    np.savez(sample, **{part: array[:3] for part, array in ARRAYS.items()})
    (folder / "SHA256SUMS").write_text(f"{files.sha256(sample)}  {sample.name}\n")
    hashes = tuple(hashlib.sha256(content).hexdigest() for content in TOY_FILES.values())
    toy = replace(mnist.CATALOGUES["digits"], hashes=hashes)
    monkeypatch.setitem(mnist.CATALOGUES, "digits", toy)
    for module in (mnist, files):
        monkeypatch.setattr(module, "DATA", folder)
    return folder


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(mnist, "_download", lambda *_: "no network")


@pytest.fixture
def delivery(monkeypatch):
    """Put the toy files where a download would put them."""
    monkeypatch.setattr(mnist, "_download", lambda _, folder: write_full_set(Path(folder)) and "")


def assert_is_full_set(pictures):
    assert pictures.source.startswith(FULL)
    assert all(getattr(pictures, part).tolist() == ARRAYS[part].tolist() for part in PARTS)
    assert pictures.images.dtype == torch.uint8 and pictures.labels.dtype == torch.int64


# --- folders


@pytest.mark.parametrize("where", [None, "data", "mine"])
def test_gan_data_comes_before_data(where, course, tmp_path, monkeypatch, capsys):
    write_full_set(course)
    (tmp_path / "mine").mkdir()
    if where:
        monkeypatch.setenv("GAN_DATA", str(tmp_path / "mine"))
    if where == "mine":
        write_full_set(tmp_path / "mine")
    assert_is_full_set(load_pictures("digits", LESSON))
    assert capsys.readouterr().out.splitlines()[-1] == f"{FULL}from {where or 'data'}"


@pytest.mark.parametrize("kind", ["not there", "a file"])
def test_wrong_gan_data_is_one_sentence(kind, course, tmp_path, monkeypatch):
    place = tmp_path / "place"
    if kind == "a file":
        place.touch()
    monkeypatch.setenv("GAN_DATA", str(place))
    with pytest.raises(CourseError, match=f"{place} is {kind}") as caught:
        load_pictures("digits", LESSON)
    assert is_one_sentence(str(caught.value))


# --- broken files


@pytest.mark.parametrize("how", ["cut", "flipped"])
@pytest.mark.parametrize("name", TOY_FILES)
def test_broken_file_is_moved_aside_and_the_next_source_taken(name, how, course, offline, capsys):
    raw = write_full_set(course)
    damage(raw / name, how)
    broken = (raw / name).read_bytes()
    assert load_pictures("digits", LESSON).source == SAMPLE
    assert not (raw / name).exists()
    assert (raw / f"{name}.broken").read_bytes() == broken
    told, *_, last = capsys.readouterr().out.splitlines()
    assert f"raw/{name} is damaged" in told and f"called {name}.broken." in told
    assert last == SAMPLE


def test_broken_file_in_gan_data_leads_to_data(course, tmp_path, monkeypatch):
    write_full_set(course)
    raw = write_full_set(tmp_path / "mine")
    damage(raw / "t10k-labels-idx1-ubyte", "flipped")
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "mine"))
    assert load_pictures("digits", LESSON).source == f"{FULL}from data"


def test_broken_file_that_cannot_be_moved_is_not_used_either(course, offline, monkeypatch, capsys):
    raw = write_full_set(course)
    damage(raw / "train-images-idx3-ubyte", "flipped")
    refuse(monkeypatch, os, "replace")
    assert load_pictures("digits", LESSON).source == SAMPLE
    assert "is damaged and is not used.\n" in capsys.readouterr().out


def test_broken_set_is_replaced_by_a_download(course, delivery):
    raw = write_full_set(course)
    damage(raw / "train-images-idx3-ubyte", "cut")
    assert load_pictures("digits", LESSON).source == f"{FULL}downloaded"
    assert load_pictures("digits", LESSON).source == f"{FULL}from data"


# --- what came, and where it goes


def refuse(monkeypatch, module, call: str, problem: int = errno.EACCES) -> None:
    """Let a function fail as on a disk that cannot be written (root writes everywhere)."""

    def fail(*arguments, **options):
        raise OSError(problem, os.strerror(problem))

    monkeypatch.setattr(module, call, fail)


@pytest.mark.parametrize("problem", [errno.EACCES, errno.ENOSPC])
@pytest.mark.parametrize("call", [(os, "replace"), (mnist.shutil, "copyfile")])
def test_download_is_used_though_it_cannot_be_kept(
    call, problem, course, delivery, monkeypatch, capsys
):
    refuse(monkeypatch, *call, problem)
    assert_is_full_set(load_pictures("digits", LESSON))
    assert f"could not be kept in data ({os.strerror(problem)}).\n" in capsys.readouterr().out
    assert not list((course / "MNIST" / "raw").iterdir())


def test_download_is_used_though_its_place_is_taken(course, delivery, capsys):
    (course / "MNIST").touch()
    assert_is_full_set(load_pictures("digits", LESSON))
    assert "It could not be kept in data (" in capsys.readouterr().out


def test_download_of_something_else_is_not_kept(course, delivery, monkeypatch, capsys):
    name = "train-labels-idx1-ubyte"
    monkeypatch.setitem(TOY_FILES, name, TOY_FILES[name][:-1] + b"\0")
    assert load_pictures("digits", LESSON).source == SAMPLE
    assert "did not work (what came is not the data set).\n" in capsys.readouterr().out
    assert not (course / "MNIST").exists()


# --- servers


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends the toy files in several ways, chosen by the first folder of the address."""

    def do_HEAD(self):
        self.send(b"")

    def do_GET(self):
        _, way, name = self.path.split("/")
        self.server.asked.add(way)
        if way == "silent":
            self.server.ended.wait(30)
        elif way == "drip":
            self.send(b"", 10**6)
            while not self.server.ended.wait(0.1):
                self.wfile.write(b"x")
        elif way == "missing":
            self.send_error(404)
        elif way == "page":
            self.send(b"<!DOCTYPE html><title>Please sign in</title>")
        elif way == "cut":
            content = packed(name)
            self.send(content[: len(content) // 2], len(content))
        else:
            self.send(packed(name))

    def send(self, content, length=None):
        self.send_response(200)
        self.send_header("Content-Length", str(length or len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


def packed(name: str) -> bytes:
    return gzip.compress(TOY_FILES[name.removesuffix(".gz")], mtime=0)


@pytest.fixture
def server():
    """Serve on the loopback interface; `asked` lists the ways in which files were asked for."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.ended = set(), threading.Event()
        server.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.ended.set()
        server.shutdown()


REAL_DOWNLOAD = mnist._download


@pytest.fixture
def mirrors(course, monkeypatch):
    """Return a function that makes torchvision download the toy files from these addresses."""

    def use(*addresses):
        md5 = functools.partial(hashlib.md5, usedforsecurity=False)
        resources = [(f"{name}.gz", md5(packed(name)).hexdigest()) for name in TOY_FILES]
        monkeypatch.setattr(datasets.MNIST, "mirrors", addresses)
        monkeypatch.setattr(datasets.MNIST, "resources", resources)
        monkeypatch.setattr(mnist, "_download", REAL_DOWNLOAD)

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return use


def test_download_is_checked_kept_and_not_repeated(course, server, mirrors, capfd):
    mirrors(f"{server.address}/good/")
    assert_is_full_set(load_pictures("digits", LESSON))
    assert server.asked == {"good"}
    stored = {path.name: path.read_bytes() for path in (course / "MNIST" / "raw").iterdir()}
    assert stored == TOY_FILES
    out, err = capfd.readouterr()
    assert out.splitlines()[1:] == [f"{FULL}downloaded"] and not err
    server.asked.clear()
    assert load_pictures("digits", LESSON).source == f"{FULL}from data"
    assert not server.asked


def test_servers_that_refuse_or_send_rubbish_lead_to_the_sample(course, server, mirrors, capfd):
    ways = ["missing", "page", "cut"]
    closed = "http://127.0.0.1:1/"
    mirrors(*(f"{server.address}/{way}/" for way in ways), closed)
    assert load_pictures("digits", LESSON).source == SAMPLE
    assert server.asked == set(ways)
    out, err = capfd.readouterr()
    _, problem, last = out.splitlines()
    assert is_one_sentence(problem) and "refused" in problem and last == SAMPLE and not err
    assert not (course / "MNIST").exists()


@pytest.mark.parametrize(
    ("way", "silence", "seconds", "sentence"),
    [("silent", 1, 60, "timed out"), ("drip", 60, 1, "not done after 1 s")],
)
def test_slow_server_is_left(
    way, silence, seconds, sentence, course, server, mirrors, monkeypatch, capfd
):
    monkeypatch.setattr(mnist, "SECONDS_OF_SILENCE", silence)
    monkeypatch.setattr(mnist, "SECONDS_TO_DOWNLOAD", seconds)
    mirrors(f"{server.address}/{way}/", f"{server.address}/good/")
    before, began = set(threading.enumerate()), time.monotonic()
    assert load_pictures("digits", LESSON).source == SAMPLE
    assert time.monotonic() - began < 10
    assert server.asked == {way}
    assert socket.getdefaulttimeout() is None
    server.ended.set()  # a thread that was left alone ends without a word, and asks nobody else
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    out, err = capfd.readouterr()
    assert out.splitlines()[1:] == [f"The download did not work ({sentence}).", SAMPLE]
    assert not err and server.asked == {way}


# --- the built-in sample


def test_smoke_takes_the_sample_though_all_is_there(course):
    write_full_set(course)
    pictures = load_pictures("digits", SMOKE)
    assert pictures.source.startswith(SAMPLE)
    assert pictures.images.tolist() == ARRAYS["images"][:3].tolist()


def test_preset_takes_the_first_pictures_and_says_so(course):
    pictures = load_pictures("digits", replace(SMOKE, images=2))
    assert pictures.source == f"{SAMPLE}; the first 2 of them"
    assert pictures.images.tolist() == ARRAYS["images"][:2].tolist()
    assert pictures.labels.tolist() == [0, 1] and len(pictures.test_images) == 3


@pytest.mark.parametrize("how", ["cut", "flipped", "missing"])
def test_damaged_sample_is_one_sentence(how, course):
    damage(course / "digits_sample.npz", how)
    with pytest.raises(CourseError, match="digits_sample") as caught:
        load_pictures("digits", SMOKE)
    assert is_one_sentence(str(caught.value))


def test_unknown_data_set_is_one_sentence():
    with pytest.raises(CourseError, match="digits, clothes") as caught:
        load_pictures("faces", LESSON)
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize("name", mnist.CATALOGUES)
def test_shipped_sample_is_what_it_says(name, capsys):
    pictures = load_pictures(name, replace(SMOKE, images=None))
    assert pictures.images.shape == (10_000, 28, 28) and pictures.images.dtype == torch.uint8
    assert pictures.test_images.shape == (2_000, 28, 28)
    for labels in (pictures.labels, pictures.test_labels):
        shares = torch.bincount(labels, minlength=len(pictures.class_names)) / len(labels)
        assert len(shares) == 10 and shares.min() > 0.07 and shares.max() < 0.13
    assert "10,000 of the 60,000 training pictures" in capsys.readouterr().out
