"""Faces: the source that is wanted or works, CelebA by way of Kaggle's own client, drawn ones."""

import json
import random
import shutil
import socket
import sys
import types

import numpy as np
import pytest

from helpers.data import faces, kaggle
from helpers.data.faces import load_faces
from helpers.data.squares import to_square
from tests.data.pictures import portrait, write, zipped
from tests.data.server import Handler, serving
from tests.trouble import is_one_sentence, refused

INSIDE = "img_align_celeba/img_align_celeba/"  # where Kaggle's archive has the pictures
N, SIZE = 30, 16  # enough for the tests of the network
TOKEN, NAME, KEY = "token-that-nobody-may-see", "somebody", "key-that-nobody-may-see"
PADDING = 3 * 2**20  # the client keeps whole MiB of what it has received


def celeba(count=40, padding=0):
    """Some pictures as Kaggle packs them."""
    table = {"list_bbox_celeba.csv": random.Random(0).randbytes(padding)}
    return zipped(table | {f"{INSIDE}{i:06d}.jpg": portrait(i) for i in range(count)})


def expected(count=N):
    return np.stack([to_square(portrait(i), SIZE) for i in range(count)])


@pytest.fixture(autouse=True)
def no_account(tmp_path, monkeypatch):
    """Neither the account of whoever runs the tests nor the way to the real Kaggle."""
    account = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
    for name in ("GAN_FACES", *account, "no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home/.kaggle"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    with socket.socket() as free:  # a port at which nobody answers
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free.getsockname()[1]}")


class Kaggle(Handler):
    """Speaks as much of Kaggle's protocol as its client needs; as a proxy, so any address works."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "IntrospectToken" in self.path:
            active = request.get("token") == TOKEN
            return self.answer(200, json.dumps({"active": active, "username": NAME}).encode())
        self.server.requests.append((request, self.headers.get("Authorization", "")))
        if self.server.silent:
            self.server.ended.wait(30)
        elif self.server.status != 200:
            self.answer(self.server.status, b"{}")
        else:
            self.answer(302, Location="http://localhost/blob.zip")

    def do_GET(self):
        whole = self.server.blob
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.server.ranges.append(start)
        cut = self.server.cuts > 0
        self.server.cuts -= cut
        # The first cut leaves half, a later one nothing.
        stop = (0 if asked else len(whole) // 2) if cut else len(whole)
        headers = {"Accept_Ranges": "bytes", "Last_Modified": "Mon, 02 Jan 2017 03:04:05 GMT"}
        status, length = 206 if asked else 200, len(whole) - start
        self.answer(status, whole[start:stop], length, ETag='"one"', **headers)
        self.close_connection = True


@pytest.fixture
def server(monkeypatch):
    with serving(Kaggle) as server:
        server.blob, server.status, server.cuts, server.silent = celeba(), 200, 0, False
        server.requests, server.ranges = [], []
        monkeypatch.setenv("HTTP_PROXY", server.address)
        monkeypatch.setattr(kaggle, "ARCHIVE_BYTES", 10**6)
        yield server


def fetch(tmp_path, patience=30.0):
    return load_faces(N, SIZE, store=tmp_path / "store", patience=patience)


def is_celeba(found):
    return "CelebA (Kaggle)" in found.description and np.array_equal(found.images, expected())


def only_drawn(tmp_path, capsys, word, **options):
    """Load; drawn faces must come, with one sentence why, and nothing of CelebA's be left."""
    found = fetch(tmp_path, **options)
    printed = capsys.readouterr().out
    reasons = [line for line in printed.splitlines() if line.startswith("CelebA is not used")]
    assert len(reasons) == 1 and word in reasons[0] and is_one_sentence(reasons[0]), printed
    assert "not CelebA" in found.description and TOKEN not in printed
    assert not list((tmp_path / "store").glob("kaggle*.npy"))
    assert found.images.shape == (N, SIZE, SIZE, 3) and found.images.std() > 20


def test_anonymous(server, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = load_faces(N, SIZE, store=(tmp_path / "store").relative_to(tmp_path), patience=30.0)
    assert is_celeba(found)
    assert isinstance(found.images, np.memmap) and not found.images.flags.writeable
    request, authorization = server.requests[0]
    assert (request["ownerSlug"], request["datasetSlug"]) == ("jessicali9530", "celeba-dataset")
    assert authorization == "" and "not commercial" in capsys.readouterr().out
    # Prepared: nothing is fetched again. Another size comes from the archive on the disk.
    monkeypatch.setattr(kaggle, "_watch", None)
    assert is_celeba(fetch(tmp_path))
    other = load_faces(N, 20, network=False, store=tmp_path / "store")
    assert "CelebA (Kaggle)" in other.description and other.images.shape == (N, 20, 20, 3)


@pytest.mark.parametrize("way", ["token", "key", "secret token", "secret key"])
def test_account(way, server, tmp_path, capsys, monkeypatch):
    secrets = {"KAGGLE_API_TOKEN": TOKEN} if "token" in way else {}
    secrets = secrets or {"KAGGLE_USERNAME": NAME, "KAGGLE_KEY": KEY}
    if "secret" in way:  # as in Colab: get() raises for what is not there
        colab = types.ModuleType("google.colab")
        colab.userdata = types.SimpleNamespace(get=secrets.__getitem__)
        monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
        monkeypatch.setitem(sys.modules, "google.colab", colab)
    else:
        for name, value in secrets.items():
            monkeypatch.setenv(name, f" {value}\n")  # as it comes with copying
    assert is_celeba(fetch(tmp_path))
    assert server.requests[0][1].startswith("Bearer " + TOKEN if "token" in way else "Basic ")
    out, err = capsys.readouterr()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (TOKEN, KEY):
        assert secret not in out + err and secret.encode() not in written


def test_cut_stream_is_continued(server, tmp_path):
    server.blob, server.cuts = celeba(padding=PADDING), 1
    assert is_celeba(fetch(tmp_path))
    assert server.ranges == [0, 2**20]


@pytest.mark.parametrize(("status", "word"), [(401, "token"), (403, "terms"), (500, "(500)")])
def test_refused(status, word, server, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    server.status = status
    only_drawn(tmp_path, capsys, word)
    assert len(server.requests) == 1


def test_no_network(tmp_path, capsys):
    only_drawn(tmp_path, capsys, "cannot be reached")


def test_silent_server(server, tmp_path, capsys):
    server.silent = True
    only_drawn(tmp_path, capsys, "nothing came for 2 seconds", patience=2.0)


def test_cut_for_good_goes_on_in_the_next_run(server, tmp_path, capsys):
    server.blob, server.cuts = celeba(padding=PADDING), 99
    only_drawn(tmp_path, capsys, "nothing came for 4 seconds", patience=4.0)
    if not server.ranges:
        pytest.skip("this machine is too slow to start the client in 4 seconds")
    server.cuts, server.ranges = 0, []
    assert is_celeba(fetch(tmp_path))
    assert server.ranges[-1] == 2**20


def half_overwritten(blob):
    return blob[:100] + bytes(len(blob) // 2) + blob[100 + len(blob) // 2 :]


@pytest.mark.parametrize(
    ("blob", "word"),
    [
        (b"<!doctype html><title>Log in</title>", "log in there"),
        (celeba()[:-3000], "no sound zip file"),
        (celeba().replace(b"PK\1\2", b"PK\0\0"), "nor a sound zip file"),
        (half_overwritten(celeba()), "Of 40 pictures"),
        (celeba(20), "Of 20 pictures 20 can be used, but 29 are needed"),
    ],
    ids=["page", "short", "contents", "overwritten", "few"],
)
def test_bad_archive(blob, word, request, server, tmp_path, capsys, monkeypatch):
    server.blob = blob
    if request.node.callspec.id != "page":  # save time: go without the client
        monkeypatch.setattr(kaggle, "_watch", lambda archive, _: not archive.write_bytes(blob))
    only_drawn(tmp_path, capsys, word)
    assert not (tmp_path / "store/celeba-dataset.zip").exists()


def test_disk_is_full(server, tmp_path, capsys, monkeypatch):
    usage = types.SimpleNamespace(free=900_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    only_drawn(tmp_path, capsys, "needs 0.0 GB on the disk")
    assert not server.requests


def test_without_network_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "fetch_archive", None)
    assert "drawn" in load_faces(N, SIZE, network=False, store=tmp_path).description
    monkeypatch.setenv("GAN_FACES", "drawn")
    assert "drawn" in load_faces(N, SIZE, store=tmp_path).description


def test_folder_and_zip_give_the_same(tmp_path, monkeypatch):
    content = {f"{i:03d}.jpg": portrait(i) for i in range(8)} | {"bad.jpg": b"bad"}
    folder, archive = write(tmp_path / "mine", content), tmp_path / "mine.zip"
    archive.write_bytes(zipped(content))
    for place in (archive, folder):
        monkeypatch.setenv("GAN_FACES", str(place))
        found = load_faces(None, SIZE, store=tmp_path / "store")
        assert np.array_equal(found.images, expected(8))
        assert str(place) in found.description and "left out: 1 damaged" in found.description
    # Fewer are the first ones; a changed folder is read again.
    few = load_faces(7, SIZE, store=tmp_path / "store")
    assert np.array_equal(few.images, expected(7))
    write(folder, {"000.jpg": portrait(5)})
    assert np.array_equal(fetch(tmp_path).images[0], expected(8)[5])


@pytest.mark.parametrize(
    ("place", "word"), [("nowhere", "no folder"), ("text.jpg", "zip"), ("", "2 pictures 0 can")]
)
def test_nothing_useful_in_gan_faces_is_one_sentence(place, word, tmp_path, monkeypatch):
    folder = write(tmp_path / "mine", {"text.jpg": b"text", "empty.jpg": b""})
    monkeypatch.setenv("GAN_FACES", str(folder / place))
    with refused(f"GAN_FACES=.*{word}"):
        fetch(tmp_path)
