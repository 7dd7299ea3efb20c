"""The tools of data/make/ at `smoke`: they run the lessons' functions and keep the checksums."""

import shutil

import pytest

from data.make import generators, seeds
from helpers.base.files import DATA, sha256
from helpers.presets import PRESETS
from helpers.tables import read_rows
from notebooks.tools.lesson import run_cells

pytestmark = pytest.mark.usefixtures("smoke", "one_thread")


def sums(folder):
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in map(str.split, lines)}


@pytest.mark.parametrize("level", ["full", "best"])
def test_generators_write_weights_and_checksums(level, monkeypatch, tmp_path):
    """A checksum takes the place of the one before."""
    monkeypatch.setenv("GAN_PRESET", "smoke")  # the tool sets another, which ends with this test
    monkeypatch.setattr(generators, "DATA", tmp_path)
    shutil.copy(DATA / "SHA256SUMS", tmp_path)
    for name in ("full", "lesson"):
        monkeypatch.setitem(PRESETS["02_mnist_gan"], name, PRESETS["02_mnist_gan"]["smoke"])
    monkeypatch.setitem(generators.SETTINGS["best"], "epochs", 1)
    generators.main("digits", level)
    path = tmp_path / f"digits_generator_{level}.safetensors"
    assert sums(tmp_path) == sums(DATA) | {path.name: sha256(path)} != sums(DATA)


def test_seeds_give_the_columns_that_the_lesson_shows():
    assert ["seed", *seeds.measures(0)] == list(read_rows("seeds_02")[0])


def test_a_cell_that_is_not_there_is_told_before_anything_is_run():
    with pytest.raises(LookupError, match="no cell"):
        run_cells("02_mnist_gan", until="def nothing")
