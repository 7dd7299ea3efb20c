"""Faces: the source that is wanted or works, CelebA by way of Kaggle's own client, drawn ones."""

import json
import random
import shutil
import socket
import sys
import threading
import types
import zipfile
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from helpers.base import files
from helpers.base.errors import CourseError
from helpers.data import faces, kaggle
from helpers.data.faces import load_faces
from helpers.data.squares import to_square
from tests.data.pictures import bad_files, portrait, write, zipped
from tests.sentences import is_one_sentence
from tests.toys import damage

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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder named by GAN_FACES."""
    monkeypatch.setenv("GAN_FACES", str(tmp_path / "mine"))
    return write(tmp_path / "mine", {f"{i:03d}.jpg": portrait(i) for i in range(8)})


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


class Kaggle(BaseHTTPRequestHandler):
    """Speaks as much of Kaggle's protocol as its client needs; as a proxy, so any address works."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "IntrospectToken" in self.path:
            active = request.get("token") == TOKEN
            return self.answer(200, json.dumps({"active": active, "username": NAME}).encode())
        self.server.requests.append((request, self.headers.get("Authorization", "")))
        if self.server.silent:
            self.server.stopped.wait(30)
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
        headers = {"Accept-Ranges": "bytes", "ETag": '"one"'}
        headers["Last-Modified"] = "Mon, 02 Jan 2017 03:04:05 GMT"
        self.answer(206 if asked else 200, whole[start:stop], len(whole) - start, **headers)
        self.close_connection = True

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        headers["Content-Length"] = str(len(body) if length is None else length)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Kaggle)
    server.blob, server.status, server.cuts, server.silent = celeba(), 200, 0, False
    server.requests, server.ranges, server.stopped = [], [], threading.Event()
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(kaggle, "ARCHIVE_BYTES", 10**6)
    yield server
    server.stopped.set()
    server.shutdown()
    server.server_close()


def fetch(tmp_path, patience=30.0):
    return load_faces(N, SIZE, store=tmp_path / "store", patience=patience)


def only_drawn(tmp_path, capsys, sentence, **options):
    """Load; drawn faces must come, with one sentence why, and nothing of CelebA's be left."""
    found = fetch(tmp_path, **options)
    printed = capsys.readouterr().out
    assert found.source == "drawn" and "not CelebA" in found.description
    reasons = [line for line in printed.splitlines() if line.startswith("CelebA is not used")]
    assert len(reasons) == 1 and sentence in reasons[0], printed
    assert is_one_sentence(reasons[0]) and TOKEN not in printed and KEY not in printed
    assert not list((tmp_path / "store").glob("kaggle*.npy"))
    assert found.images.shape == (N, SIZE, SIZE, 3) and found.images.std() > 20


# Kaggle: what works


def test_anonymous(server, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = load_faces(N, SIZE, store=(tmp_path / "store").relative_to(tmp_path), patience=30.0)
    printed = capsys.readouterr().out
    assert found.source == "kaggle" and "CelebA (Kaggle)" in found.description
    assert np.array_equal(found.images, expected())
    assert isinstance(found.images, np.memmap) and not found.images.flags.writeable
    request, authorization = server.requests[0]
    assert (request["ownerSlug"], request["datasetSlug"]) == ("jessicali9530", "celeba-dataset")
    assert authorization == ""
    assert printed.index("not commercial") < printed.index("Downloading")
    # Prepared: nothing is fetched again. Another size comes from the archive on the disk.
    monkeypatch.setattr(kaggle, "_watch", None)
    assert np.array_equal(fetch(tmp_path).images, found.images)
    other = load_faces(N, 20, network=False, store=tmp_path / "store")
    assert other.source == "kaggle" and other.images.shape == (N, 20, 20, 3)


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
            monkeypatch.setenv(name, value)
    assert fetch(tmp_path).source == "kaggle"
    assert server.requests[0][1].startswith("Bearer " + TOKEN if "token" in way else "Basic ")
    out, err = capsys.readouterr()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (TOKEN, KEY):
        assert secret not in out + err and secret.encode() not in written


def test_cut_stream_is_continued(server, tmp_path):
    server.blob, server.cuts = celeba(padding=PADDING), 1
    assert np.array_equal(fetch(tmp_path).images, expected())
    assert server.ranges == [0, 2**20]


# Kaggle: what does not


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not accept the token or key (401)"),
        (403, "accept the data set's terms"),
        (404, "(404)"),
        (429, "too many requests (429)"),
        (500, "the error 500"),
    ],
)
def test_refused(status, sentence, server, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    server.status = status
    only_drawn(tmp_path, capsys, sentence)
    assert len(server.requests) == 1


def test_no_network(tmp_path, capsys):
    only_drawn(tmp_path, capsys, "cannot be reached")


def test_silent_server(server, tmp_path, capsys):
    server.silent = True
    only_drawn(tmp_path, capsys, "sent nothing for 2 seconds", patience=2.0)


def test_cut_for_good_goes_on_in_the_next_run(server, tmp_path, capsys):
    server.blob, server.cuts = celeba(padding=PADDING), 99
    only_drawn(tmp_path, capsys, "sent nothing for 4 seconds", patience=4.0)
    if not server.ranges:
        pytest.skip("this machine is too slow to start the client in 4 seconds")
    server.cuts, server.ranges = 0, []
    assert np.array_equal(fetch(tmp_path).images, expected())
    assert server.ranges[-1] == 2**20


def half_overwritten(blob):
    return blob[:100] + bytes(len(blob) // 2) + blob[100 + len(blob) // 2 :]


@pytest.mark.parametrize(
    ("blob", "sentence"),
    [
        (b"<!doctype html><title>Log in</title>", "a web page instead"),
        (b"PK\3\4" + bytes(5000), "damaged and was removed"),
        (celeba()[:-3000], "damaged and was removed"),
        (celeba().replace(b"PK\1\2", b"PK\0\0"), "nor a sound zip file"),
        (half_overwritten(celeba()), "Of 40 pictures"),
        (celeba(20), "Of 20 pictures 20 can be used, but 29 are needed"),
        (celeba(0), "Of 0 pictures"),
    ],
    ids=["page", "garbage", "short", "contents", "overwritten", "few", "none"],
)
def test_bad_archive(blob, sentence, request, server, tmp_path, capsys, monkeypatch):
    server.blob = blob
    if request.node.callspec.id not in ("page", "few"):  # save time: go without the client
        monkeypatch.setattr(kaggle, "_watch", lambda archive, _: not archive.write_bytes(blob))
    only_drawn(tmp_path, capsys, sentence)
    assert not (tmp_path / "store/celeba-dataset.zip").exists()


def test_disk_is_full(server, tmp_path, capsys, monkeypatch):
    usage, left = namedtuple("usage", "free"), [900_000]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(left.pop(0) if left else 10**9))
    only_drawn(tmp_path, capsys, "needs 0.0 GB on the disk")
    assert not server.requests
    server.silent = True  # the client tries again and again; the file stops growing
    left[:] = [10**9, 0]
    with pytest.raises(CourseError, match="the disk is full"):
        kaggle.fetch_archive(tmp_path / "store", patience=1)
    assert kaggle._kind(OSError(28, "No space left on device")) == "disk"


def test_without_network_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "fetch_archive", None)
    monkeypatch.setattr(kaggle.subprocess, "Popen", None)
    assert load_faces(N, SIZE, network=False, store=tmp_path).source == "drawn"
    monkeypatch.setenv("GAN_FACES", "drawn")
    assert load_faces(N, SIZE, store=tmp_path).source == "drawn"


# A folder or an archive of one's own


def test_folder_and_zip_give_the_same(folder, tmp_path, monkeypatch):
    write(folder, {"bad.jpg": b"bad"})
    one = load_faces(None, SIZE, store=tmp_path / "store")
    archive = tmp_path / "mine.zip"
    archive.write_bytes(zipped({path.name: path.read_bytes() for path in folder.iterdir()}))
    monkeypatch.setenv("GAN_FACES", str(archive))
    other = load_faces(None, SIZE, store=tmp_path / "store")
    assert one.path != other.path and one.source == other.source == "folder"
    assert np.array_equal(one.images, expected(8)) and np.array_equal(other.images, expected(8))
    assert "left out: 1 damaged" in one.description
    # Fewer are the first ones; a changed folder is read again.
    monkeypatch.setenv("GAN_FACES", str(folder))
    assert np.array_equal(fetch(tmp_path).images[:7], one.images[:7])
    write(folder, {"000.jpg": portrait(5)})
    assert np.array_equal(fetch(tmp_path).images[0], one.images[5])


def test_nothing_useful_in_gan_faces(folder, tmp_path, monkeypatch):
    def refused(match):
        with pytest.raises(CourseError, match=match) as caught:
            fetch(tmp_path)
        assert is_one_sentence(str(caught.value))

    shutil.rmtree(folder)
    folder.mkdir()
    refused("Of 0 pictures")
    write(folder, {name: content for name, (content, _) in bad_files().items()})
    refused("Of 12 pictures 0 can be used")
    monkeypatch.setenv("GAN_FACES", str(folder / "text.jpg"))
    refused("nor a sound zip file")
    monkeypatch.setenv("GAN_FACES", str(folder / "nowhere"))
    refused("There is no folder")
    for count, size in ((0, 16), (5, 0)):
        with pytest.raises(CourseError, match="at least 1"):
            load_faces(count, size, store=tmp_path)


# The drawn faces


def test_drawn_faces():
    with zipfile.ZipFile(files.shipped("drawn_faces.zip")) as archive:
        names = archive.namelist()
        assert len({archive.getinfo(name).CRC for name in names}) == len(names) >= 2000
        some = random.Random(0).sample(names, 100)
        drawn = np.stack([np.asarray(Image.open(archive.open(name))) for name in some])
    assert drawn.shape == (100, 128, 128, 3)
    assert len(np.unique(drawn[:, 0, 0], axis=0)) == 1  # the plain background
    assert drawn[:, 40:100, 40:90].std(axis=0).mean() > 25  # plainly different people


def test_drawn_faces_damaged(tmp_path, monkeypatch):
    for name in ("drawn_faces.zip", "SHA256SUMS"):
        shutil.copy(files.DATA / name, tmp_path)
    damage(tmp_path / "drawn_faces.zip", "flipped")
    monkeypatch.setattr(files, "DATA", tmp_path)
    with pytest.raises(CourseError, match="missing or damaged"):
        load_faces(N, SIZE, network=False, store=tmp_path)
