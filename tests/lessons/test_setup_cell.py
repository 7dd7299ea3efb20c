"""The set-up cell of the notebooks, in Colab (a stand-in for it), on a machine, and nowhere."""

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
    """Return a function that runs the cell in IPython, in an empty folder or in a given one."""
    package = tmp_path / "stand_in" / "google" / "colab"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    empty = tmp_path / "content" / "empty"
    empty.mkdir(parents=True)

    def run(address="https://127.0.0.1:1/nobody", in_colab=True, folder=empty, then=""):
        source = CELL.replace(set_address.address(), address)
        assert address in source
        environment = os.environ | {
            "PYTHONPATH": str(package.parents[1]) if in_colab else "",
            "IPYTHONDIR": str(tmp_path / "ipython"),
        }
        command = [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", f"{source}\n{then}"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip()

    run.fetched = empty / "gan-course"
    return run


def test_colab_fetches_the_course_once(repository, run_cell):
    address, then = repository.as_uri(), "import helpers; print(helpers.WHERE)"
    assert run_cell(address, then=then).splitlines() == [
        f"The course was fetched from {address}.",
        "fetched",
    ]
    shutil.rmtree(repository)
    assert run_cell(address, then=then).splitlines() == ["The course is already here.", "fetched"]


@pytest.mark.parametrize(("in_colab", "word"), [(True, "network"), (False, "folder notebooks/")])
def test_what_cannot_be_fetched_is_one_sentence_and_leaves_nothing(in_colab, word, run_cell):
    told = run_cell(in_colab=in_colab)
    assert is_one_sentence(told) and word in told
    assert not run_cell.fetched.exists()


@pytest.mark.parametrize("in_colab", [False, True])
def test_in_the_course_nothing_is_fetched(in_colab, run_cell):
    told = run_cell(in_colab=in_colab, folder=ROOT / "notebooks", then="print(course.name)")
    assert told.splitlines() == ["The course is already here.", ROOT.name]
