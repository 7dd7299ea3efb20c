"""conftest.py: tiny notebooks under pytest, one of which fails in its first cell."""

import importlib.util
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

CONFTEST = Path(__file__).resolve().parents[2] / "conftest.py"
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
NOTEBOOKS = {
    "fails.ipynb": ["1 / 0", "after = True", "after"],
    "works.ipynb": [
        "import os; before = os.environ['GAN_PRESET']",
        "assert before == 'smoke'",
        "assert os.path.isdir(os.environ['GAN_RUNS'])",
    ],
}
WITH_XDIST = pytest.mark.skipif(not importlib.util.find_spec("xdist"), reason="needs pytest-xdist")


@pytest.mark.parametrize("options", [(), pytest.param(("-n", "2"), marks=WITH_XDIST)])
def test_failed_cell_skips_the_rest_of_its_notebook_alone(tmp_path, options, monkeypatch):
    """With two workers each notebook stays in one process. The folder for runs goes at the end."""
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "notebooks").mkdir()
    for name, sources in NOTEBOOKS.items():
        notebook = new_notebook(cells=list(map(new_code_cell, sources)), metadata=KERNEL)
        nbformat.write(notebook, tmp_path / "notebooks" / name)
    for name in ("GAN_PRESET", "GAN_RUNS", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", *options, "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "1 failed, 3 passed, 2 skipped" in done.stdout, done.stdout + done.stderr
    assert not list(tmp_path.glob("gan-course-runs-*"))


def test_what_the_reader_has_set_is_left_alone(monkeypatch):
    mine = {"GAN_PRESET": "full", "GAN_RUNS": "runs"}
    monkeypatch.setattr(os, "environ", dict(mine))
    runpy.run_path(str(CONFTEST))
    assert {name: os.environ[name] for name in mine} == mine
