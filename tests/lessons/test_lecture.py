"""The lecture path: its slide types, its notes, and the slides that are made of it."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebooks.tools.lesson import SCRIPTS, cells_of
from notebooks.tools.site.lecture_path import lecture_path, slide_type
from tests.builder import needs_builder
from tests.lessons.notebooks import NOTEBOOKS, PATHS

each_lesson = pytest.mark.parametrize("name", sorted(path.stem for path in SCRIPTS.glob("0*.py")))


@each_lesson
def test_a_slide_has_one_heading_or_none_and_one_cell_of_code(name):
    """What the browser shows of it fits: see tests/browser/test_site.py."""
    slides = []
    for cell in cells_of(name):
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        assert kind in ("slide", "subslide", "-", "skip"), cell.source[:60]
        if kind in ("slide", "subslide"):
            slides.append([cell])
        elif kind == "-":
            slides[-1].append(cell)
    for slide in slides:
        opens = slide_type(slide[0]) == "slide"
        assert opens == slide[0].source.startswith("#"), slide[0].source[:60]
        prose = "\n".join(cell.source for cell in slide if cell.cell_type == "markdown")
        assert len(re.findall(r"^#+ ", prose, re.MULTILINE)) == opens, prose[:60]
        assert sum(cell.cell_type == "code" for cell in slide) <= 1, prose[:60]


def test_the_notes_lead_to_the_slides():
    """A row's number is that of a slide under the heading to which the row links."""
    places, number = {}, 0
    for path in PATHS:
        number, anchor = 0, ""
        for cell in lecture_path(nbformat.read(path, 4)).cells:
            number += bool(cell.metadata.get("opens"))
            if cell.cell_type == "markdown" and cell.source.startswith("#"):
                anchor = cell.source.split("\n")[0].lstrip("# ").replace("`", "").replace(" ", "-")
            places.setdefault(f"{path.name}#{anchor}", []).append(number)
    notes = (NOTEBOOKS / "lecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \| \[.*?\]\((\S+?)\)[^|]* \| (\d+) \|", notes, re.MULTILINE)
    right = {link: places.get(link, []) for link, _ in rows}
    assert rows and not [(*row, right[row[0]]) for row in rows if int(row[1]) not in right[row[0]]]


def cell_of(new, source, slide_type, **more):
    return new(source, metadata={"slideshow": {"slide_type": slide_type}}, **more)


def test_the_path_leaves_out_what_is_skipped_and_repeats_the_heading():
    cells = [
        cell_of(new_markdown_cell, "# Title", "slide"),
        cell_of(new_markdown_cell, "## Part\n\nlong", "skip"),
        cell_of(new_markdown_cell, "Short.", "subslide"),
        cell_of(new_code_cell, "1 + 1", "-"),
    ]
    path = lecture_path(new_notebook(cells=cells)).cells
    assert [cell.source for cell in path] == ["# Title", "Short.", "1 + 1"]
    assert [cell.metadata.get("opens") for cell in path] == [True, True, False]
    assert path[1].metadata["under"] == "Part"


def test_what_long_code_shows_gets_its_own_slide():
    outputs = [new_output("display_data", {"image/png": "x"})]
    cell = cell_of(new_code_cell, "a\n" * 12, "slide", outputs=outputs)
    code, shown = lecture_path(new_notebook(cells=[cell])).cells
    assert code.outputs == [] and shown.metadata["opens"]
    assert shown.outputs[0].data["image/png"] == "x"


@needs_builder
def test_formulas_links_badges_and_corners_of_tables():
    from notebooks.tools.site.slides import to_html

    page = to_html(
        "# T\n\n[![badge](https://example.org/b.svg)](https://example.org)\n\n"
        "## Is it $a_\\text{fake}$?\n\n$$2 \\ln 2$$\n\n[02](02_mnist_gan.ipynb#The-settings) "
        "[look](README.md)\n\n| | a |\n| --- | --- |\n| 1 | 2 |\n"
    )
    assert "$" not in page and page.count("<math") == 2
    assert "<mn>2</mn><mspace" in page and "<msub>" in page
    assert 'href="02_mnist_gan.html#The-settings"' in page and 'href="where.html"' in page
    assert "example.org" not in page and page.count("<a ") == 2
    assert page.count("<th>") == 1 and page.count("<td></td>") == 1
