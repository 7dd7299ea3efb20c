"""Faces: those that are wanted or none; CelebA by way of Kaggle, Labeled Faces in the Wild."""

import json
import random
import re
import shutil
import socket
import sys
import types
from zipfile import ZipExtFile

import numpy as np
import pytest

from helpers.base.files import DATA
from helpers.data import faces, kaggle
from helpers.data.faces import load_faces
from helpers.data.squares import to_square
from notebooks.tools.lesson import cells_of
from tests.data.pictures import headers, portrait, write, zipped
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
    """Neither the account of whoever runs the tests nor the way to a real server."""
    account = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
    proxies = ("http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY")
    for name in (*kaggle.MOUNTING, *account, *proxies):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(kaggle, "ATTACHED", tmp_path / "input")
    monkeypatch.setenv("GAN_FACES", "celeba")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home/.kaggle"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    with socket.socket() as free:  # a port at which nobody answers
        free.bind(("127.0.0.1", 0))
        for name in ("HTTP_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{free.getsockname()[1]}")


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


def replaced(module, content, tmp_path, monkeypatch):
    """Put a module of our own in the place of a package's, in other processes too."""
    write(tmp_path / "modules", {"sklearn/__init__.py": b"", module: content.encode()})
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))


def no_celeba(tmp_path, capsys, word, **options):
    """Load; CelebA must be refused in one sentence, and no array be left."""
    with refused(f"GAN_FACES=celeba: .*{re.escape(word)}"):
        fetch(tmp_path, **options)
    assert TOKEN not in capsys.readouterr().out
    assert not list((tmp_path / "store").glob("*.npy*"))


def test_anonymous(server, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = load_faces(N, SIZE, store=(tmp_path / "store").relative_to(tmp_path), patience=30.0)
    assert is_celeba(found)
    assert isinstance(found.images, np.memmap) and not found.images.flags.writeable
    request, authorization = server.requests[0]
    assert (request["ownerSlug"], request["datasetSlug"]) == ("jessicali9530", "celeba-dataset")
    assert authorization == "" and kaggle.TERMS in capsys.readouterr().out
    # Prepared: nothing is fetched again. Another size comes from the archive on the disk.
    monkeypatch.setattr(kaggle, "apart", None)
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
            monkeypatch.setenv(name, f" {value[:4]}\n{value[4:]}\n")  # as it comes with copying
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
    no_celeba(tmp_path, capsys, word)
    assert len(server.requests) == 1


def test_silent_server(server, tmp_path, capsys):
    server.silent = True
    no_celeba(tmp_path, capsys, "nothing came for 2 seconds", patience=2.0)


def test_cut_for_good_goes_on_in_the_next_run(server, tmp_path, capsys):
    server.blob, server.cuts = celeba(padding=PADDING), 99
    no_celeba(tmp_path, capsys, "nothing came for 4 seconds", patience=4.0)
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
        (b"<!doctype html><title>Log in</title>", "nor a sound zip file"),
        (celeba()[:-3000], "nor a sound zip file"),
        (celeba().replace(b"PK\1\2", b"PK\0\0"), "nor a sound zip file"),
        (half_overwritten(celeba()), "Of 40 pictures"),
        (celeba(20), "Of 20 pictures 20 can be used, but 29 are needed"),
    ],
    ids=["page", "short", "contents", "overwritten", "few"],
)
def test_bad_archive(blob, word, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(kaggle, "ARCHIVE_BYTES", 10**6)  # save time: go without the client
    monkeypatch.setattr(kaggle, "apart", lambda _, archive, *__: archive.write_bytes(blob))
    with refused("GAN_FACES=celeba: .* enough sound pictures"):
        fetch(tmp_path)
    assert word in capsys.readouterr().out
    assert not list((tmp_path / "store").iterdir())


def test_a_damaged_archive_is_fetched_again(server, tmp_path, capsys):
    write(tmp_path / "store", {kaggle.ARCHIVE: half_overwritten(celeba())})
    assert is_celeba(fetch(tmp_path)) and "zip is removed" in capsys.readouterr().out


@pytest.mark.parametrize("trouble", ["password", "disk"])
def test_an_archive_that_cannot_be_read_is_kept(trouble, tmp_path, capsys, monkeypatch):
    archive = write(tmp_path / "store", {kaggle.ARCHIVE: celeba()}) / kaggle.ARCHIVE
    read = ZipExtFile.read

    def failing(file, *arguments):
        if file.name == f"{INSIDE}000007.jpg":
            raise OSError(5, "Input/output error")
        return read(file, *arguments)

    with monkeypatch.context() as patch:
        if trouble == "password":
            archive.write_bytes(headers(celeba(), 6, 1))
        else:
            patch.setattr(ZipExtFile, "read", failing)
        no_celeba(tmp_path, capsys, "cannot be read")
    assert archive.exists() and not list(archive.parent.glob("kaggle*"))
    archive.write_bytes(celeba())
    assert is_celeba(fetch(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read")
def test_an_archive_on_a_failing_disk_is_no_bad_archive(server, tmp_path, capsys):
    archive = tmp_path / "store" / kaggle.ARCHIVE
    archive.parent.mkdir()
    archive.symlink_to("/proc/self/mem")  # "Input/output error"
    no_celeba(tmp_path, capsys, "cannot be read")
    assert archive.is_symlink() and not server.requests


def test_disk_is_full(server, tmp_path, capsys, monkeypatch):
    usage = types.SimpleNamespace(free=900_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    no_celeba(tmp_path, capsys, "needs 0.0 GB on the disk")
    assert not server.requests


@pytest.mark.parametrize("place", ["celeba-dataset", "datasets/somebody/celeba-dataset"])
def test_attached_on_kaggle(place, tmp_path, monkeypatch):
    monkeypatch.setattr(kaggle, "apart", None)
    attached = write(tmp_path / "input", {"other/1.jpg": portrait(99), f"{place}/2.jpg": b"bad"})
    write(attached / place, {f"{INSIDE}{i:06d}.jpg": portrait(i) for i in range(40)})
    before = set(attached.rglob("*"))
    assert is_celeba(fetch(tmp_path)) and set(attached.rglob("*")) == before


MOUNTED = """
import os, time
def dataset_download(name):
    print("words that nobody needs")
    assert name == "jessicali9530/celeba-dataset"
    assert os.environ["KAGGLEHUB_CACHE"].endswith("kagglehub")
    HOW
"""


@pytest.mark.parametrize("variable", kaggle.MOUNTING)
def test_mounted(variable, tmp_path, monkeypatch):
    write(tmp_path / "mounted", {f"{INSIDE}{i:06d}.jpg": portrait(i) for i in range(40)})
    answer = MOUNTED.replace("HOW", f"return {str(tmp_path / 'mounted')!r}")
    replaced("kagglehub.py", answer, tmp_path, monkeypatch)
    monkeypatch.setenv(variable, "something")
    assert is_celeba(fetch(tmp_path))
    assert {path.suffix for path in (tmp_path / "store").iterdir()} == {".npy", ".json"}


@pytest.mark.parametrize(
    ("how", "word"), [("time.sleep(99)", "for 2 seconds"), ("raise OSError(5, 'broken')", "broken")]
)
def test_what_cannot_be_mounted_is_downloaded(how, word, server, tmp_path, capsys, monkeypatch):
    def apart(task, place, _, **variables):
        impatient = how.startswith("time") and task is kaggle._mount
        return run(task, place, 2.0 if impatient else 30.0, **variables)

    run = kaggle.apart
    monkeypatch.setattr(kaggle, "apart", apart)
    replaced("kagglehub.py", MOUNTED.replace("HOW", how), tmp_path, monkeypatch)
    monkeypatch.setenv(kaggle.MOUNTING[0], "something")
    assert is_celeba(fetch(tmp_path))
    (line,) = (line for line in capsys.readouterr().out.splitlines() if word in line)
    assert is_one_sentence(line)


WILD = """
import pathlib, time
from tests.data.pictures import portrait
def fetch_lfw_people(data_home, **_):
    for i in range(40):
        person = pathlib.Path(data_home, "lfw_home/lfw_funneled", f"Person_{i:02d}")
        person.mkdir(parents=True)
        person.joinpath("1.jpg").write_bytes(portrait(i))
        HOW
"""


def wild(how, tmp_path, monkeypatch):
    replaced("sklearn/datasets.py", WILD.replace("HOW", how), tmp_path, monkeypatch)


def test_labeled_faces_in_the_wild(tmp_path, monkeypatch):
    wild("pass", tmp_path, monkeypatch)
    monkeypatch.setenv("GAN_FACES", "LFW")
    found = load_faces(N, SIZE, network=False, store=tmp_path / "store")
    middles = [to_square(portrait(i), SIZE, 0.76).tobytes() for i in range(40)]
    people = [middles.index(image.tobytes()) for image in found.images]
    assert "Labeled Faces in the Wild" in found.description
    assert len(set(people)) == N and max(people) >= N  # not the first by name
    # Prepared: nothing is fetched again. Another size comes from the folder on the disk.
    monkeypatch.setattr(faces, "apart", None)
    assert np.array_equal(fetch(tmp_path).images, found.images)
    assert len(load_faces(N, 20, store=tmp_path / "store").images) == N
    assert not list((tmp_path / "store").glob("lfw-*/"))


@pytest.mark.parametrize(
    ("how", "patience", "word"),
    [("time.sleep(99)", 4.0, "came for 4 seconds"), ("raise OSError('SHA256\\n')", 30.0, "SHA256")],
)
def test_half_of_the_wild_is_not_used(how, patience, word, tmp_path, monkeypatch):
    wild(f"if i == 20: {how}", tmp_path, monkeypatch)
    monkeypatch.setenv("GAN_FACES", "lfw")
    with refused(f"GAN_FACES=lfw: .*{word}"):
        fetch(tmp_path, patience=patience)
    assert not list((tmp_path / "store").iterdir())


def test_without_a_network_no_drawn_faces_stand_in(tmp_path, capsys, monkeypatch):
    """With the real clients, that of Kaggle and that of scikit-learn."""
    monkeypatch.delenv("GAN_FACES")
    with refused("GAN_FACES=drawn"):
        fetch(tmp_path)
    printed = capsys.readouterr().out.splitlines()
    for name, word in (("celeba", "cannot be reached"), ("lfw", "refused")):
        (line,) = (line for line in printed if line.startswith(f"GAN_FACES={name} "))
        assert word in line and is_one_sentence(line)
    assert not list((tmp_path / "store").iterdir())


def test_what_comes_below_a_folder_is_seen(tmp_path):
    before = kaggle._size(tmp_path)
    write(tmp_path, {"a/b/1.jpg": bytes(1000)})
    assert kaggle._size(tmp_path) >= before + 1000 and kaggle._size(tmp_path / "a/b/1.jpg") == 1000


def test_the_next_photographs_are_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(kaggle, "ARCHIVE_BYTES", 10**18)
    wild("pass", tmp_path, monkeypatch)
    monkeypatch.delenv("GAN_FACES")
    assert "in the Wild" in fetch(tmp_path).description


def test_without_network_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "PHOTOGRAPHS", {})
    monkeypatch.delenv("GAN_FACES")
    assert "drawn" in load_faces(N, SIZE, network=False, store=tmp_path).description
    monkeypatch.setenv("GAN_FACES", "drawn")
    assert "drawn" in load_faces(N, SIZE, store=tmp_path).description


def test_one_fact_in_one_place():
    """Terms and size of the download stand in the course's texts as the program prints them."""
    told = " ".join((DATA / "README.md").read_text(encoding="utf-8").split())
    lesson = " ".join(" ".join(cell.source for cell in cells_of("04_celeba_keras_gan")).split())
    for text in (told, lesson):
        assert kaggle.TERMS in text and f"{kaggle.ARCHIVE_BYTES / 1e9:.1f} GB" in text


def test_folder_and_zip_give_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "FEWEST", 8)
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


def test_a_store_that_cannot_be_made_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_FACES", "drawn")
    (tmp_path / "file").touch()
    with refused("file.* cannot be used"):
        load_faces(N, SIZE, store=tmp_path / "file" / "faces")


def test_too_few_for_the_lesson(tmp_path, monkeypatch):
    folder = write(tmp_path / "mine", {f"{i}.jpg": portrait(i) for i in range(11)})
    monkeypatch.setenv("GAN_FACES", str(folder))
    with refused("11 can be used, but 100 are needed"):
        load_faces(4_000, SIZE, store=tmp_path / "store")
