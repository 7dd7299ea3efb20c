"""The set-up cell of the notebooks, in Colab and on Kaggle (stand-ins), on a machine, nowhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from notebooks.tools import set_address
from notebooks.tools.lesson import code_cells
from tests.trouble import is_one_sentence

ROOT = Path(__file__).resolve().parents[2]
CELL = code_cells("01_sine_gan")[0]  # it is the same in every notebook: test_notebooks.py


@pytest.fixture
def repository(tmp_path) -> Path:
    """A git repository with what the cell looks for."""
    folder = tmp_path / "repository"
    (folder / "helpers").mkdir(parents=True)
    (folder / "helpers" / "__init__.py").write_text("WHERE = 'fetched'\n")
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "-m", "All"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def run_cell(tmp_path):
    """Return a function that runs the cell in IPython, in an empty folder or in a given one.

    `at` is "Colab", of which the cell knows a package, "Kaggle", of which it knows a variable, or
    "home".
    """
    package = tmp_path / "stand_in" / "google" / "colab"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    empty = tmp_path / "content" / "empty"
    empty.mkdir(parents=True)

    def run(address="https://127.0.0.1:1/nobody", at="Colab", folder=empty, then=""):
        source = CELL.replace(set_address.address(), address)
        assert address in source
        environment = os.environ | {
            "PYTHONPATH": str(package.parents[1]) if at == "Colab" else "",
            "IPYTHONDIR": str(tmp_path / "ipython"),
        }
        environment |= {"KAGGLE_KERNEL_RUN_TYPE": "Interactive"} if at == "Kaggle" else {}
        command = [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", f"{source}\n{then}"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip()

    run.fetched = empty / "gan-course"
    return run


@pytest.mark.parametrize("at", ["Colab", "Kaggle"])
def test_the_course_is_fetched_once(at, repository, run_cell):
    address, then = repository.as_uri(), "import helpers; print(helpers.WHERE)"
    assert run_cell(address, at, then=then).splitlines() == [
        f"The course was fetched from {address}.",
        "fetched",
    ]
    shutil.rmtree(repository)
    told = run_cell(address, at, then=then).splitlines()
    assert told == ["The course is already here.", "fetched"]


@pytest.mark.parametrize(
    ("at", "word"),
    [("Colab", "network"), ("Kaggle", "Turn on internet"), ("home", "folder notebooks/")],
)
def test_what_cannot_be_fetched_is_one_sentence_and_leaves_nothing(at, word, run_cell):
    told = run_cell(at=at)
    assert is_one_sentence(told) and word in told
    assert not run_cell.fetched.exists()


def test_only_what_an_attempt_has_left_is_removed(repository, run_cell):
    """Not a folder of that name which the reader is about to fill, as README advises."""
    run_cell.fetched.mkdir()
    notes = run_cell.fetched / "notes.txt"
    notes.write_text("mine")
    assert is_one_sentence(run_cell(repository.as_uri())) and notes.read_text() == "mine"
    (run_cell.fetched / ".git").mkdir()
    assert "was fetched" in run_cell(repository.as_uri()) and not notes.exists()


@pytest.mark.parametrize("at", ["home", "Colab", "Kaggle"])
@pytest.mark.parametrize("folder", [ROOT / "notebooks", ROOT / "notebooks" / "ru", ROOT])
def test_in_the_course_nothing_is_fetched(at, folder, run_cell):
    told = run_cell(at=at, folder=folder, then="print(course.name)")
    assert told.splitlines() == ["The course is already here.", ROOT.name]
