"""Odd values of every variable, also those that progress bars and other tools have."""

import contextlib
import io
import os
import shutil
from pathlib import Path
from random import Random

import torch

from helpers.data import faces, kaggle, mnist
from helpers.device import pytorch
from helpers.presets import PRESETS, Preset, choose_preset
from tests.data.pictures import portrait, write, zipped
from tests.data.server import serving
from tests.drill import servers
from tests.drill.trials import Kind, contents, end_of, expect, folder, from_process, variables
from tests.training.toy_run import ToyRun

WORDS = ("smoke", "lesson", "full", "cpu", "cuda", "cuda:1", "mps", "drawn", "celeba", "lfw")
WORDS += (
    "0",
    "-1",
    "None",
    "true",
    "nan",
    "1e999",
    "cpu:99",
    "cuda:-1",
    "cuda:99999999999999999999",
)
WORDS += ("xla", "hpu", "privateuseone", "vulkan:0", "cpu,cuda", "%s", "{0}", "$HOME", "${HOME}")
PATHS = ("~", "~/x", "~nobody-of-this-name/x", ".", "..", "/", "//", "/dev/null", "/dev/null/x")
PATHS += ("/proc/self/mem", "/proc/self/x", "/sys/x", "/nowhere/x", "a/b", "file", "file/x", "loop")
PATHS += (
    "loop/x",
    "empty",
    "mine",
    "mine.zip",
    "dangling",
    "http://example.org/x",
    "C:\\x",
    "x" * 300,
)
PATHS += (
    "x/" * 3000,
    "a\nb",
    "tab\t",
    "ü" * 200,
    "\udcff\udcfe",
    "emoji \U0001f600",
    "\x1b[31m",
    "-x",
)
AROUND = (
    "{}",
    " {} ",
    '"{}"',
    "'{}'",
    "{}\n",
    "\t{}",
    '"{}',
    "{}/",
    "./{}",
    '""{}""',
    "{}\r\n",
    "\ufeff{}",
)


def value(chance: Random) -> str:
    """Return an odd value: a word, a path, or garbage, perhaps with something around it."""
    inner = chance.choice((chance.choice(WORDS), chance.choice(PATHS), garbage(chance)))
    return chance.choice(AROUND if chance.random() < 0.6 else ("{}",)).format(inner)


def garbage(chance: Random) -> str:
    signs = "abc019 \t\n\"'\\/:;,.~$%&*?<>|(){}[]#!äß語\u200b\u202e\x07\x7f\udc80"
    return "".join(chance.choice(signs) for _ in range(chance.choice((0, 1, 2, 5, 20, 300))))


def surroundings(here: Path) -> None:
    write(here / "mine", {f"{i}.jpg": portrait(i) for i in range(3)})
    (here / "mine.zip").write_bytes(zipped({f"{i}.jpg": portrait(i) for i in range(3)}))
    (here / "empty").mkdir()
    (here / "file").write_text("A note of the reader's.\n")
    (here / "loop").symlink_to(here / "loop")
    (here / "dangling").symlink_to(here / "not there")


# --- what each variable leads to; the reader's files lie in the folder where the trial stands


def preset(here: Path) -> str:
    found = choose_preset("02_mnist_gan")
    expect(found in PRESETS["02_mnist_gan"].values(), f"{found}")
    return ""


def device(here: Path) -> str:
    found = pytorch.pick_device()
    expect(float(torch.ones(2, device=found).sum()) == 2, f"{found} computes nothing")
    return ""


def data(here: Path) -> str:
    with contextlib.redirect_stdout(out := io.StringIO()):
        found = mnist.load_pictures("digits", PRESETS["02_mnist_gan"]["lesson"])
    expect(servers.is_right(found), "other digits")
    told = out.getvalue()
    told.encode()  # a notebook could not show it
    return told.splitlines()[0] if "GAN_DATA" in told else ""


def run(here: Path) -> str:
    with contextlib.redirect_stdout(out := io.StringIO()):
        made = ToyRun(preset=Preset("lesson", 1, 25, 1e-2, 1e-2)).train()
    out.getvalue().encode()
    expect(made.step == 2, "not trained")
    if told := next((line for line in out.getvalue().splitlines() if "written" in line), ""):
        return told
    expect(made.folder.joinpath("history.csv").is_file() and made.folder.is_absolute(), "no files")
    return ""


def some_faces(here: Path) -> str:
    with contextlib.redirect_stdout(out := io.StringIO()):
        found = faces.load_faces(2, 8, network=False, store=here.parent / "store").images
    out.getvalue().encode()
    expect(len(found) == 2 and found.any(axis=(1, 2, 3)).all(), "no faces")
    return ""


def token(here: Path) -> str:
    """Ask as the process that downloads does: with the real client, which here is refused."""
    account = kaggle._account()
    expect("\n" not in str(account.get("KAGGLE_API_TOKEN")), "a line break in the token")
    with variables(**account):
        kaggle._download(str(here / "none.zip"))
    return ""


KINDS = {
    "GAN_PRESET": preset, "GAN_DEVICE": device, "GAN_DATA": data, "GAN_RUNS": run,
    "GAN_FACES": some_faces, "KAGGLE_API_TOKEN": token,
}  # fmt: skip


def trials(name: str, seed: float, times: int) -> list[tuple[str, str, str]]:
    """Try a variable so often, in a process of its own: some clients change it for good."""
    chance, ends = Random(seed), []
    with folder() as here, contextlib.ExitStack() as stack:
        place = here / "where the reader stands"
        place.mkdir()
        servers.lay_out(here / "data")
        stack.enter_context(servers.toy_mnist(here / "data", "gone"))
        faces.FEWEST, faces.PHOTOGRAPHS = 2, {}
        if name == "KAGGLE_API_TOKEN":
            server = stack.enter_context(serving(servers.Kaggle))
            server.way = "401"
            nobody = dict.fromkeys(("no_proxy", "NO_PROXY", *kaggle.ACCOUNT, *kaggle.MOUNTING))
            told = {"HTTP_PROXY": server.address, "https_proxy": "http://127.0.0.1:9"}
            told |= {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "KAGGLE_CONFIG_DIR": str(here)}
            stack.enter_context(variables(**nobody | told))
        for _ in range(times):
            odd = value(chance)
            surroundings(place)
            os.chdir(place)
            before = contents(place)
            with variables(**{name: odd, "HOME": str(place)}):
                end = end_of(KINDS[name], place)
            after = contents(place)
            if any(after.get(key) != text for key, text in before.items()):
                end = "lost", "the reader's files were changed"
            ends.append((*end, f"{name}={odd[:80]!r}"))
            os.chdir(here)
            shutil.rmtree(place)
            place.mkdir()
    return ends


def settings(chance: Random, short: bool) -> list[Kind]:
    done = []
    for name in KINDS:
        kind = Kind(f"odd settings of {name}")
        for end in from_process(trials, name, chance.random(), 10 if short else 200):
            kind.add(*end)
        done.append(kind)
    return done
