"""notebooks/conftest.py: tiny notebooks under pytest, one of which fails in its first cell."""

import importlib.util
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

CONFTEST = Path(__file__).resolve().parents[2] / "notebooks" / "conftest.py"
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
NOTEBOOKS = {
    "fails.ipynb": ["1 / 0", "after = True", "after"],
    "works.ipynb": [
        "import os; before = os.environ['GAN_PRESET']",
        "assert before == 'smoke'",
        "assert os.path.isdir(os.environ['GAN_RUNS'])",
    ],
}
OUTCOMES = {"fails.ipynb": ["failure", "skipped", "skipped"], "works.ipynb": ["passed"] * 3}
WITH_XDIST = pytest.mark.skipif(not importlib.util.find_spec("xdist"), reason="needs pytest-xdist")


@pytest.fixture
def folder(tmp_path) -> Path:
    shutil.copy(CONFTEST, tmp_path)
    for name, sources in NOTEBOOKS.items():
        cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
        nbformat.write(new_notebook(cells=cells, metadata=KERNEL), tmp_path / name)
    return tmp_path


def outcomes(folder, *options):
    """Run pytest there; return the outcome of each cell, by notebook."""
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env"]
    unset = {"GAN_PRESET", "GAN_RUNS", "PYTEST_ADDOPTS"}
    environment = {k: v for k, v in os.environ.items() if k not in unset} | {"TMPDIR": str(folder)}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--junitxml=report.xml", *options, "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = {name: {} for name in NOTEBOOKS}
    for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found[case.get("classname")][case.get("name")] = kinds[0] if kinds else "passed"
    return {name: [cells[cell] for cell in sorted(cells)] for name, cells in found.items()}


@pytest.mark.parametrize("options", [(), pytest.param(("-n", "2"), marks=WITH_XDIST)])
def test_failed_cell_skips_the_rest_of_its_notebook_alone(folder, options):
    """With two workers each notebook stays in one process."""
    assert outcomes(folder, *options) == OUTCOMES
    assert not list(folder.glob("gan-course-runs-*"))


def test_what_the_reader_has_set_is_left_alone(monkeypatch):
    mine = {"GAN_PRESET": "full", "GAN_RUNS": "runs"}
    monkeypatch.setattr(os, "environ", dict(mine))
    runpy.run_path(str(CONFTEST))
    assert {name: os.environ[name] for name in mine} == mine
