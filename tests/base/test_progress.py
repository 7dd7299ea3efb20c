"""The progress bar in a notebook that was executed and stored: one line, its last state."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

from helpers.base.progress import bar_file

ROOT = Path(__file__).resolve().parents[2]
LOOP = """
from tqdm import tqdm
from helpers.base.progress import bar_file
for _ in tqdm(range(2000), leave=%s, mininterval=0, file=bar_file()):
    pass
"""
BELOW_ANOTHER = "above = tqdm(total=1, file=bar_file())" + LOOP % True


def test_in_a_notebook_a_bar_is_one_output_of_one_line():
    codes = [LOOP % True, LOOP % False, BELOW_ANOTHER]
    notebook = new_notebook(cells=[new_code_cell(code) for code in codes])
    NotebookClient(notebook, resources={"metadata": {"path": ROOT}}).execute()
    (left,), (gone,), (_, below) = (cell.outputs for cell in notebook.cells)
    for output in (left, below):
        assert list(output.data) == ["text/plain"]
        (line,) = output.data["text/plain"].splitlines()
        assert line.startswith("100%|█") and "2000/2000" in line
    assert gone.data["text/plain"] == ""
    page, _ = HTMLExporter().from_notebook_node(new_notebook(cells=notebook.cells[:1]))
    assert page.count("2000/2000") == 1


def test_elsewhere_a_bar_goes_where_print_goes(capsys):
    assert bar_file() is sys.stdout


@pytest.mark.parametrize("odd", ["TQDM_NCOLS=wide", "TQDM_DISABLE=1", "TQDM_TOTAL=9"])
def test_variables_of_tqdm_change_no_bar_of_ours_and_are_left(odd):
    name, _, value = odd.partition("=")
    code = f"import os; from helpers.base.progress import tqdm; print(os.environ[{name!r}])"
    code += "; bar = tqdm(total=2); print(bar.total, bar.disable)"
    told = dict(os.environ, **{name: value})
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=told, capture_output=True)
    assert done.stdout.decode().split() == [value, "2", "False"], done.stderr.decode()
