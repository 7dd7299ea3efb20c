"""The lecture path: its slide types, what fits on a slide, and its notes."""

import re

import nbformat
import pytest

from helpers import offline
from helpers.base.errors import CourseError
from notebooks.tools.lesson import SCRIPTS, cells_of
from tests.lessons.slides import slides_of

NAMES = sorted(path.stem for path in SCRIPTS.glob("[0-9]*.py"))
each_lesson = pytest.mark.parametrize("name", NAMES)
# What a slide of 1280 x 720 holds in letters of at least 16 pixels.
LINES, COLUMNS, WORDS = 31, 101, 160


@each_lesson
def test_every_cell_has_a_slide_type(name):
    for cell in cells_of(name):
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        assert kind in ("slide", "subslide", "-", "skip"), cell.source[:60]


@each_lesson
def test_a_slide_has_one_idea(name):
    for slide in slides_of(name):
        kind = offline.slide_type(slide[0])
        assert (kind == "slide") == slide[0].source.startswith("#"), slide[0].source[:60]
        prose = "\n".join(cell.source for cell in slide if cell.cell_type == "markdown")
        assert len(re.findall(r"^#+ ", prose, re.M)) == (kind == "slide"), prose[:60]
        assert len(prose.split()) <= WORDS, prose[:60]
        code = [cell.source for cell in slide if cell.cell_type == "code"]
        assert len(code) <= 1, prose[:60]
        for lines in map(str.splitlines, code):
            assert len(lines) <= LINES and max(map(len, lines)) <= COLUMNS, lines[0]


def test_the_notes_take_45_minutes_and_follow_the_slides():
    notes = (SCRIPTS.parent / "lecture.md").read_text(encoding="utf-8")
    for name, minutes in zip(NAMES[:2], (25, 20), strict=True):
        part = notes.split(f"## Lesson {name[:2]}: {minutes} minutes\n")[1].split("\n## ")[0]
        times = [int(minute) for minute in re.findall(r"^\| (\d+) \|", part, re.M)]
        assert times[0] == 0 and times == sorted(times) and times[-1] <= minutes
        heads = [re.sub("[`# -]", "", cell.source.split("\n")[0]) for cell in cells_of(name)]
        links = re.findall(rf"\({name}\.ipynb#([^)]+)\)", part)
        order = [heads.index(link.replace("-", "")) for link in links]
        assert order == sorted(order)


def sections(name):
    """Return, for each heading on the offline slides, the numbers of its slides."""
    notebook = nbformat.read(SCRIPTS.parent / f"{name}.ipynb", 4)
    found, number, anchor = {}, 0, ""
    for cell in offline.lecture_path(notebook).cells:
        number += bool(cell.metadata.get("opens"))
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            anchor = cell.source.split("\n")[0].lstrip("# ").replace("`", "").replace(" ", "-")
        found.setdefault(anchor, []).append(number)
    return found


def test_the_notes_tell_the_numbers_of_the_offline_slides():
    notes = (SCRIPTS.parent / "lecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \| \[.*?\]\((\w+)\.ipynb#(.*?)\)[^|]* \| (\d+) \|", notes, re.M)
    assert len(rows) == len(re.findall(r"^\| \d+ \|", notes, re.M)) > 40
    parts = {name: sections(name) for name in NAMES}
    wrong = [row for row in rows if int(row[2]) not in parts[row[0]][row[1]]]
    assert not wrong, parts


def a_notebook(*cells):
    made = []
    for kind, source, slide in cells:
        new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        made.append(new(source, metadata={"slideshow": {"slide_type": slide}}))
    return nbformat.v4.new_notebook(cells=made)


def test_the_path_leaves_out_what_is_skipped_and_repeats_the_heading():
    notebook = a_notebook(
        ("markdown", "# Title", "slide"),
        ("markdown", "## Part\n\nlong", "skip"),
        ("markdown", "Short.", "subslide"),
        ("code", "1 + 1", "-"),
    )
    path = offline.lecture_path(notebook).cells
    assert [cell.source for cell in path] == ["# Title", "Short.", "1 + 1"]
    assert [cell.metadata.get("opens") for cell in path] == [True, True, False]
    assert path[1].metadata["under"] == "Part"


def test_what_long_code_shows_gets_its_own_slide():
    notebook = a_notebook(("markdown", "# T", "slide"), ("code", "a\n" * 12, "-"))
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", {"image/png": "x"})]
    _, code, shown = offline.lecture_path(notebook).cells
    assert code.outputs == [] and shown.metadata["opens"]
    assert shown.outputs[0].data["image/png"] == "x"


def test_formulas_links_and_remote_pictures():
    page = offline.to_html(
        "## Is it $a_\\text{fake}$?\n\n$$2 \\ln 2$$\n\n[02](02_mnist_gan.ipynb#The-settings) "
        "![badge](https://example.org/b.svg)"
    )
    assert "$" not in page and page.count("<math") == 2
    assert "<mn>2</mn><mspace" in page and "<msub>" in page
    assert 'href="02_mnist_gan.html#The-settings"' in page
    assert "example.org" not in page


def test_a_notebook_without_outputs_and_a_bad_folder_get_one_sentence(tmp_path):
    (tmp_path / "notebooks").mkdir()
    nbformat.write(a_notebook(("markdown", "# T", "slide")), tmp_path / "notebooks/01_a.ipynb")
    with pytest.raises(CourseError, match=r"01_a.ipynb has no outputs"):
        offline.build(tmp_path / "out", tmp_path / "notebooks")
    assert not list((tmp_path / "out").glob("*"))
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match="is no folder"):
        offline.build(tmp_path / "file")


def test_the_command_says_what_it_needs(capsys):
    with pytest.raises(SystemExit, match="Name one folder"):
        offline.main([])
