"""The committed notebooks: in step with their texts, run from top to bottom, fit to be shown."""

import base64
import json
import re
from itertools import pairwise

import jupytext
import pytest
from jupytext.config import load_jupytext_config

from notebooks.tools import set_address
from tests.lessons.notebooks import NOTEBOOKS, PATHS, cells, each_notebook, read, source


def test_every_notebook_has_a_text_and_every_text_a_notebook():
    texts = (NOTEBOOKS / "scripts").glob("*.py")
    assert PATHS and {path.stem for path in PATHS} == {path.stem for path in texts}


@each_notebook
def test_notebook_and_text_agree(path):
    config = load_jupytext_config(str(path))
    text = (NOTEBOOKS / "scripts" / f"{path.stem}.py").read_text(encoding="utf-8")
    assert text == jupytext.writes(jupytext.read(path, config=config), "py:percent", config=config)


@each_notebook
def test_notebook_ran_once_from_top_to_bottom(path):
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = [output["output_type"] for cell in code for output in cell["outputs"]]
    assert kinds and "error" not in kinds
    streams = [output.get("name") for cell in code for output in cell["outputs"]]
    assert "stderr" not in streams


@each_notebook
def test_notebook_is_fit_to_be_shown(path):
    notebook = read(path)
    assert "widgets" not in notebook["metadata"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert path.stat().st_size < 3e6
    outputs = json.dumps([cell["outputs"] for cell in cells(path, "code")])
    assert "widget-view" not in outputs  # dead without its kernel; a sentence stands in its place
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users|content)/\w", outputs)


@each_notebook
def test_every_figure_has_a_text(path):
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            for kind in ("image/png", "image/svg+xml"):
                if kind in output.get("data", {}):
                    assert len(output["metadata"][kind]["alt"]) > 20, source(cell)


@each_notebook
def test_title_shows_the_picture_that_the_notebook_makes(path):
    code = cells(path, "code")
    title = next(cell for cell in code if f'"{path.stem}.png"' in source(cell))
    made = next(cell for cell in code if "picture" in cell["metadata"].get("tags", []))
    first, last = (
        base64.b64decode("".join(cell["outputs"][-1]["data"]["image/png"]))
        for cell in (title, made)
    )
    assert first == last == (NOTEBOOKS / "pictures" / f"{path.stem}.png").read_bytes()


@each_notebook
def test_every_code_cell_has_a_sentence_above_it(path):
    cells = read(path)["cells"]
    for above, cell in pairwise(cells):
        if cell["cell_type"] == "code":
            assert above["cell_type"] == "markdown", source(cell)


def test_set_up_cells_are_the_same():
    assert len({source(cells(path, "code")[0]) for path in PATHS}) == 1


@each_notebook
def test_formulas_use_only_what_every_viewer_renders(path):
    text = "".join(source(c) for c in read(path)["cells"] if c["cell_type"] == "markdown")
    assert text.count("$") % 2 == 0


@pytest.mark.parametrize("path", set_address.places(), ids=lambda path: path.name)
def test_address_is_that_of_pyproject(path):
    text = path.read_text(encoding="utf-8")
    assert text == set_address.with_address(text, set_address.address())


def test_address_is_found_in_badges_and_set_up_cells():
    wanted = "https://github.com/someone/else"
    for path in PATHS:
        text = set_address.with_address(path.read_text(encoding="utf-8"), wanted)
        assert text.count(f'REPOSITORY = \\"{wanted}\\"') == 1
        assert (
            f"colab.research.google.com/github/someone/else/blob/main/notebooks/{path.name}" in text
        )
