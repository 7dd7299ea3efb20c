"""The tools of data/make/ at `smoke`: they run the lessons' functions and keep the checksums."""

import shutil

import pytest

from data.make import generators, recipes, seeds
from data.make.kept import kept
from helpers.base.files import DATA, sha256
from helpers.presets import PRESETS
from helpers.tables import read_rows
from notebooks.tools.lesson import run_cells

pytestmark = pytest.mark.usefixtures("smoke", "one_thread")


def sums(folder):
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in map(str.split, lines)}


@pytest.mark.parametrize("level", ["long", "best"])
def test_generators_write_weights_and_checksums(level, monkeypatch, tmp_path):
    """A checksum takes the place of the one before."""
    monkeypatch.setenv("GAN_PRESET", "smoke")  # the tool sets another, which ends with this test
    monkeypatch.setattr(generators, "DATA", tmp_path)
    shutil.copy(DATA / "SHA256SUMS", tmp_path)
    smoke = PRESETS["02_mnist_gan"]["smoke"]
    monkeypatch.setitem(PRESETS["02_mnist_gan"], "lesson", smoke)
    monkeypatch.setitem(generators.SETTINGS, level, smoke)
    generators.main("digits", level)
    written = {path.name: sha256(path) for path in tmp_path.glob("*.safetensors")}
    assert f"digits_generator_{level}.safetensors" in written
    assert sums(tmp_path) == sums(DATA) | written != sums(DATA)


def test_seeds_give_the_columns_that_the_lesson_shows():
    assert ["seed", *seeds.measures(run_cells(seeds.LESSON, until="def train_step"), 0)] == list(
        read_rows("seeds_02")[0]
    )


def test_a_run_is_measured_once(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path))
    names = run_cells("02_mnist_gan", until="def train_step")
    preset = PRESETS["02_mnist_gan"]["smoke"]
    found = kept("recipes/toy", recipes.measures, names, "recipes/toy", preset, 0)
    assert int(found["steps"]) == 3 and float(found["Frechet distance"]) > 0
    assert kept("recipes/toy", None) == found


def test_a_cell_that_is_not_there_is_told_before_anything_is_run():
    with pytest.raises(LookupError, match="no cell"):
        run_cells("02_mnist_gan", until="def nothing")
