import collections
import hashlib
import io
import json
import random
import shutil
import socket
import sys
import threading
import types
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from helpers import faces, kaggle_source, pictures
from helpers.base.errors import CourseError
from helpers.data.faces import load_faces

INSIDE = "img_align_celeba/img_align_celeba/"  # where Kaggle's archive has the pictures
N, SIZE = 30, 16  # enough for the tests of the network
TOKEN, NAME, KEY = "token-that-nobody-may-see", "somebody", "key-that-nobody-may-see"


def portrait(seed):
    """A JPEG of 178 x 218 pixels, each seed another one."""
    noise = np.random.default_rng(seed).integers(0, 256, (11, 9, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((178, 218)).save(file, "JPEG", quality=80)
    return file.getvalue()


def zipped(jpegs, padding=0):
    """The pictures as Kaggle packs them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("list_bbox_celeba.csv", b"image_id,x_1\n" + bytes(padding))
        for i, jpeg in enumerate(jpegs):
            archive.writestr(f"{INSIDE}{i + 1:06d}.jpg", jpeg)
    return file.getvalue()


@pytest.fixture(scope="module")
def thousand():
    return [portrait(seed) for seed in range(1000)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder named by GAN_FACES."""
    monkeypatch.setenv("GAN_FACES", str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


@pytest.fixture(autouse=True)
def no_account(tmp_path, monkeypatch):
    """Neither the account of whoever runs the tests nor the way to the real Kaggle."""
    for name in ("GAN_FACES", "KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
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
            self.send_response(302)
            self.send_header("Location", "http://localhost/blob.zip")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self):
        whole = self.server.blob
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.server.ranges.append(start)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Length", str(len(whole) - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"one"')
        self.send_header("Last-Modified", "Mon, 02 Jan 2017 03:04:05 GMT")
        self.end_headers()
        cut = self.server.cuts > 0
        self.server.cuts -= cut
        # The first cut leaves half, a later one nothing.
        stop = (0 if asked else len(whole) // 2) if cut else len(whole)
        self.wfile.write(whole[start:stop])
        self.close_connection = True

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def kaggle(monkeypatch, thousand):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Kaggle)
    server.blob, server.status, server.cuts, server.silent = zipped(thousand[:40]), 200, 0, False
    server.requests, server.ranges, server.stopped = [], [], threading.Event()
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(kaggle_source, "ARCHIVE_BYTES", 10**6)
    yield server
    server.stopped.set()
    server.shutdown()
    server.server_close()


def fetch(tmp_path, patience=30.0, count=N):
    return load_faces(count, SIZE, store=tmp_path / "store", patience=patience)


def expected(jpegs, size=SIZE):
    return np.stack([pictures.to_square(jpeg, size) for jpeg in jpegs])


def only_drawn(tmp_path, capsys, sentence, **options):
    """Load; drawn faces must come, with one sentence why, and nothing of CelebA's be left."""
    found = fetch(tmp_path, **options)
    printed = capsys.readouterr().out
    assert found.source == "drawn" and "not CelebA" in found.description
    reasons = [line for line in printed.splitlines() if line.startswith("CelebA is not used")]
    assert len(reasons) == 1 and sentence in reasons[0], printed
    assert TOKEN not in printed and KEY not in printed
    assert not list((tmp_path / "store").glob("kaggle*.npy"))
    assert found.images.shape == (N, SIZE, SIZE, 3) and found.images.std() > 20


# Kaggle: what works


def test_anonymous(kaggle, thousand, tmp_path, capsys, monkeypatch):
    found = fetch(tmp_path)
    printed = capsys.readouterr().out
    assert found.source == "kaggle" and "CelebA (Kaggle)" in found.description
    assert np.array_equal(found.images, expected(thousand[:N]))
    assert isinstance(found.images, np.memmap) and not found.images.flags.writeable
    request, authorization = kaggle.requests[0]
    assert (request["ownerSlug"], request["datasetSlug"]) == ("jessicali9530", "celeba-dataset")
    assert authorization == ""
    assert printed.index("not commercial") < printed.index("Downloading")
    notes = json.loads(found.path.with_suffix(".json").read_text())
    assert notes["count"] == N and notes["order"]["source"] == "kaggle"
    assert notes["sha256"] == hashlib.sha256(found.path.read_bytes()).hexdigest()
    # Prepared: nothing is fetched again. Another size comes from the archive on the disk.
    monkeypatch.setattr(kaggle_source, "_watch", None)
    assert np.array_equal(fetch(tmp_path).images, found.images)
    other = load_faces(N, 20, network=False, store=tmp_path / "store")
    assert other.source == "kaggle" and other.images.shape == (N, 20, 20, 3)


@pytest.mark.parametrize("way", ["token", "key", "secret token", "secret key"])
def test_account(way, kaggle, tmp_path, capsys, monkeypatch):
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
    assert kaggle.requests[0][1].startswith("Bearer " + TOKEN if "token" in way else "Basic ")
    out, err = capsys.readouterr()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (TOKEN, KEY):
        assert secret not in out + err and secret.encode() not in written


PADDING = 3 * 2**20  # the client keeps whole MiB of what it has received


def test_cut_stream_is_continued(kaggle, thousand, tmp_path):
    kaggle.blob, kaggle.cuts = zipped(thousand[:40], PADDING), 1
    assert np.array_equal(fetch(tmp_path).images, expected(thousand[:N]))
    assert kaggle.ranges == [0, 2**20]


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
def test_refused(status, sentence, kaggle, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    kaggle.status = status
    only_drawn(tmp_path, capsys, sentence)
    assert len(kaggle.requests) == 1


def test_no_network(tmp_path, capsys):
    only_drawn(tmp_path, capsys, "cannot be reached")


def test_silent_server(kaggle, tmp_path, capsys):
    kaggle.silent = True
    only_drawn(tmp_path, capsys, "sent nothing for 2 seconds", patience=2.0)


def test_cut_for_good_goes_on_in_the_next_run(kaggle, thousand, tmp_path, capsys):
    kaggle.blob, kaggle.cuts = zipped(thousand[:40], PADDING), 99
    only_drawn(tmp_path, capsys, "sent nothing for 4 seconds", patience=4.0)
    if not kaggle.ranges:
        pytest.skip("this machine is too slow to start the client in 4 seconds")
    kaggle.cuts, kaggle.ranges = 0, []
    assert np.array_equal(fetch(tmp_path).images, expected(thousand[:N]))
    assert kaggle.ranges[-1] == 2**20


def half_overwritten(blob):
    return blob[:100] + bytes(len(blob) // 2) + blob[100 + len(blob) // 2 :]


@pytest.mark.parametrize(
    ("blob", "sentence"),
    [
        (lambda jpegs: b"<!doctype html><title>Log in</title>", "a web page instead"),
        (lambda jpegs: b"PK\3\4" + bytes(5000), "damaged and was removed"),
        (lambda jpegs: zipped(jpegs)[:-3000], "damaged and was removed"),
        (lambda jpegs: zipped(jpegs).replace(b"PK\1\2", b"PK\0\0"), "nor a sound zip file"),
        (lambda jpegs: half_overwritten(zipped(jpegs)), "Of 40 pictures"),
        (lambda jpegs: zipped(jpegs[:20]), "Of 20 pictures 20 can be used, but 29 are needed"),
        (lambda jpegs: zipped([]), "Of 0 pictures"),
    ],
    ids=["page", "garbage", "short", "contents", "overwritten", "few", "none"],
)
def test_bad_archive(blob, sentence, request, kaggle, thousand, tmp_path, capsys, monkeypatch):
    kaggle.blob = blob(thousand[:40])
    if request.node.callspec.id not in ("page", "few"):  # save time: go without the client
        monkeypatch.setattr(
            kaggle_source, "_watch", lambda _, archive, __: not archive.write_bytes(kaggle.blob)
        )
    only_drawn(tmp_path, capsys, sentence)
    assert not (tmp_path / "store/celeba-dataset.zip").exists()


def free(monkeypatch, *answers):
    """Let the disk have so many free bytes, answer after answer, the last one for ever."""
    usage = collections.namedtuple("usage", "total used free")
    left = list(answers)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: usage(0, 0, left.pop(0) if len(left) > 1 else left[0])
    )


def test_no_space(kaggle, tmp_path, capsys, monkeypatch):
    free(monkeypatch, 900_000)
    only_drawn(tmp_path, capsys, "needs 0.0 GB on the disk")
    assert not kaggle.requests
    free(monkeypatch, 10**9, 10)  # enough for the archive, but not for any array
    with pytest.raises(CourseError, match=r"need 0\.00 GB on the disk"):
        fetch(tmp_path, count=N + 1)


def test_disk_runs_full(kaggle, folder, thousand, tmp_path, monkeypatch):
    kaggle.silent = True  # the client tries again and again; the file stops growing
    free(monkeypatch, 10**9, 0)
    with pytest.raises(CourseError, match="the disk is full"):
        kaggle_source.fetch_archive(tmp_path / "store", patience=1)
    assert kaggle_source._kind(OSError(28, "No space left on device")) == "disk"
    free(monkeypatch, 10**9)
    (folder / "a.jpg").write_bytes(thousand[0])

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pictures.os, "fsync", full)
    for choice in (str(folder), "drawn"):
        monkeypatch.setenv("GAN_FACES", choice)
        with pytest.raises(CourseError, match="No space left"):
            fetch(tmp_path)
    assert not list((tmp_path / "store").glob("*.npy"))


def test_without_network_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "fetch_archive", None)
    monkeypatch.setattr(kaggle_source.subprocess, "Popen", None)
    assert load_faces(N, SIZE, network=False, store=tmp_path).source == "drawn"
    monkeypatch.setenv("GAN_FACES", "drawn")
    assert load_faces(N, SIZE, store=tmp_path).source == "drawn"


# A folder or an archive of one's own


def test_folder_and_zip_give_the_same(folder, thousand, tmp_path, monkeypatch):
    inside = folder / INSIDE
    inside.mkdir(parents=True)
    for i, jpeg in enumerate(thousand):
        (inside / f"{i + 1:06d}.jpg").write_bytes(jpeg)
    one = load_faces(1000, 128, store=tmp_path / "store")
    archive = tmp_path / "celeba-dataset.zip"
    archive.write_bytes(zipped(thousand))
    monkeypatch.setenv("GAN_FACES", str(archive))
    other = load_faces(1000, 128, store=tmp_path / "store")
    assert one.path != other.path and one.source == other.source == "folder"
    assert one.images.shape == (1000, 128, 128, 3) and one.images.dtype == np.uint8
    assert one.path.read_bytes() == other.path.read_bytes()
    assert np.array_equal(one.images[::100], expected(thousand[::100], 128))
    # Fewer are the first ones; a changed folder is read again.
    monkeypatch.setenv("GAN_FACES", str(folder))
    assert np.array_equal(load_faces(7, 128, store=tmp_path / "store").images, one.images[:7])
    (inside / "000001.jpg").write_bytes(thousand[5])
    changed = load_faces(7, 128, store=tmp_path / "store")
    assert np.array_equal(changed.images[0], one.images[5])


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def test_square_is_the_middle_and_smooth():
    striped = np.zeros((218, 178, 3), np.uint8)
    striped[:20], striped[-20:], striped[20:-20] = (255, 0, 0), (255, 0, 0), (0, 0, 255)
    blue = np.broadcast_to(np.uint8([0, 0, 255]), (128, 128, 3))
    assert np.array_equal(pictures.to_square(png(striped), 128), blue)
    assert np.array_equal(pictures.to_square(png(striped.transpose(1, 0, 2)), 128), blue)
    checkers = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    assert abs(pictures.to_square(png(checkers), 32).astype(int) - 127).max() < 10


def test_turned_and_transparent_pictures(tmp_path):
    picture = Image.new("RGB", (60, 60))
    picture.paste("white", (0, 0, 60, 30))  # the upper half; a phone notes "turn by 90 degrees"
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    square = pictures.to_square((tmp_path / "turned.jpg").read_bytes(), 20).mean(axis=(0, 2))
    assert square[:9].max() < 20 and square[11:].min() > 235
    clear = np.zeros((40, 40, 4), np.uint8)
    assert pictures.to_square(png(clear), 20).min() == 255


def bad_pictures():
    """One of each kind: file name -> contents."""
    cmyk, deep = io.BytesIO(), io.BytesIO()
    Image.new("CMYK", (64, 64)).save(cmyk, "JPEG")
    Image.fromarray(np.full((64, 64), 40_000, np.uint16)).save(deep, "PNG")
    bomb = bytearray(png(np.zeros((64, 64), np.uint8)))
    bomb[16:24] = (30_000).to_bytes(4, "big") * 2
    bomb[29:33] = zipfile.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    return {
        "text.jpg": b"Not a picture\n" * 50,
        "empty.jpg": b"",
        "truncated.jpg": portrait(1)[:1500],
        "cmyk.jpg": cmyk.getvalue(),
        "deep.png": deep.getvalue(),
        "pixel.png": png(np.zeros((1, 1), np.uint8)),
        "huge.png": png(np.zeros((6400, 6400), np.uint8)),
        "bomb.png": bytes(bomb),
        "heavy.jpg": portrait(2) + bytes(2**26),
    }


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_bad_pictures_are_counted_and_replaced(kind, folder, thousand, tmp_path, monkeypatch):
    files = {**bad_pictures(), **{f"x{i}.JPG": thousand[i] for i in range(5)}}
    files.update({"notes.txt": b"x", ".hidden.jpg": b"x", "__MACOSX/x1.jpg": b"x"})
    if kind == "folder":
        (folder / "__MACOSX").mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        (folder / "z-nowhere.jpg").symlink_to("nowhere.jpg")
    else:
        monkeypatch.setenv("GAN_FACES", str(tmp_path / "mine.zip"))
        with zipfile.ZipFile(tmp_path / "mine.zip", "w", zipfile.ZIP_DEFLATED, True, 1) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    found = load_faces(4, SIZE, store=tmp_path / "store")
    assert np.array_equal(found.images, expected(thousand[:4]))
    notes = json.loads(found.path.with_suffix(".json").read_text())
    assert notes["skipped"] == {
        "damaged or no picture": 3,
        "colours other than 8-bit RGB or grey": 2,
        "too small": 1,
        "too large": 3,
    }
    assert "3 too large" in found.description


def test_nothing_useful_in_gan_faces(folder, thousand, tmp_path, monkeypatch):
    def refused(match):
        with pytest.raises(CourseError, match=match) as caught:
            fetch(tmp_path)
        assert len(str(caught.value).splitlines()) == 1

    refused("Of 0 pictures 0 can be used")
    for i in range(3):
        (folder / f"{i}.jpg").write_bytes(b"text")
    refused("Of 3 pictures 0 can be used")
    monkeypatch.setenv("GAN_FACES", str(folder / "0.jpg"))
    refused("neither a folder of pictures nor a sound zip file")
    monkeypatch.setenv("GAN_FACES", str(folder / "nowhere"))
    refused("There is no folder")
    for count, size in ((0, 16), (5, 0)):
        with pytest.raises(CourseError, match="at least 1"):
            load_faces(count, size, store=tmp_path)


def test_resumed_after_being_cut_off(folder, thousand, tmp_path, monkeypatch):
    for i, jpeg in enumerate(thousand):
        (folder / f"{i:04d}.jpg").write_bytes(b"bad" if i % 100 == 50 else jpeg)
    whole = load_faces(None, SIZE, store=tmp_path / "at once")
    assert len(whole.images) == 990
    read, names = pictures._read, []

    def stopped_at_600(source, name, size):
        names.append(name)
        if name == "0600.jpg":
            raise KeyboardInterrupt
        return read(source, name, size)

    monkeypatch.setattr(pictures, "_read", stopped_at_600)
    store = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        load_faces(None, SIZE, store=store)
    assert not list(store.glob("*.npy")) and not list(store.glob("*.json"))
    copy = tmp_path / "copy"
    shutil.copytree(store, copy)
    names.clear()
    monkeypatch.setattr(
        pictures, "_read", lambda source, name, size: names.append(name) or read(source, name, size)
    )
    resumed = load_faces(None, SIZE, store=store)
    assert min(names) == "0512.jpg" and len(names) == 488
    assert resumed.path.read_bytes() == whole.path.read_bytes()
    assert resumed.description == whole.description
    assert not list(store.glob("*.part"))
    # A part that is shorter than was noted is not trusted.
    with open(next(copy.glob("*.npy.part")), "r+b") as part:
        part.truncate(1000)
    again = load_faces(None, SIZE, store=copy)
    assert again.path.read_bytes() == whole.path.read_bytes()


@pytest.mark.parametrize("harm", ["flip", "cut", "no notes", "other notes"])
def test_damaged_array_is_made_again(harm, tmp_path):
    found = load_faces(N, SIZE, network=False, store=tmp_path)
    sound = found.path.read_bytes()
    notes = found.path.with_suffix(".json")
    if harm == "flip":
        found.path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    elif harm == "cut":
        found.path.write_bytes(sound[:-1])
    elif harm == "no notes":
        notes.unlink()
    else:
        notes.write_text("[1]")
    again = load_faces(N, SIZE, network=False, store=tmp_path)
    assert again.path.read_bytes() == sound and again.source == "drawn"


# The drawn faces


def test_drawn_faces():
    data = faces.DRAWN.read_bytes()
    assert hashlib.sha256(data).hexdigest() == faces.DRAWN_SHA256
    assert len(data) < 12_000_000
    with zipfile.ZipFile(faces.DRAWN) as archive:
        names = archive.namelist()
        assert len(names) >= 2000 and archive.testzip() is None
        assert len({archive.getinfo(name).CRC for name in names}) == len(names)
        some = random.Random(0).sample(names, 100)
        drawn = [np.asarray(Image.open(archive.open(name)).convert("RGB")) for name in some]
    assert {picture.shape for picture in drawn} == {(128, 128, 3)}
    corners = np.stack([picture[0, 0] for picture in drawn])
    assert len(np.unique(corners, axis=0)) == 1  # the plain background
    middle = np.stack(drawn)[:, 40:100, 40:90]
    assert middle.std(axis=0).mean() > 25  # plainly different people


def test_drawn_faces_damaged(tmp_path, monkeypatch):
    (tmp_path / "drawn_faces.zip").write_bytes(b"PK")
    monkeypatch.setattr(faces, "DRAWN", tmp_path / "drawn_faces.zip")
    with pytest.raises(CourseError, match="missing or damaged"):
        load_faces(N, SIZE, network=False, store=tmp_path)
