"""Makes the copy for a lecture without network and Python: slides and pages in one folder.

    python -m notebooks.tools.offline FOLDER

It takes the notebooks with the outputs that they have now. What a browser needs is inside the
folder: the players, the pictures, and the formulas, which are turned into MathML. Slides are made
of the cells whose slide type (JupyterLab, *Property Inspector*) is not `skip` or `notes`.
"""

import os
import re
import sys
from pathlib import Path

import nbformat
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from helpers.base.errors import CourseError
from helpers.base.files import write_text

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent
OFF_PATH = ("skip", "notes")
LONG = 7  # lines of code that leave no room for a picture below them


class _Renderer(IPythonRenderer):
    """Markdown as nbconvert renders it, but with MathML, and without pictures from the network."""

    def block_math(self, body: str) -> str:
        return _mathml(body.strip(), "block")

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return "" if url.startswith("http") else super().image(text, url, title)


def _mathml(formula: str, display: str) -> str:
    """Return a formula as MathML, with the space that TeX puts on both sides of log, ln and sin."""
    space = '<mspace width="0.17em"/>'
    text = convert(formula, display=display)
    text = re.sub(r"(?<!<mrow>)(<mi>(?:log|ln|sin)</mi>)", rf"{space}\1", text)
    return re.sub(r"(<mi>(?:log|ln|sin)</mi>)(?=<m[in])", rf"\1{space}", text)


def to_html(markdown: str) -> str:
    """Return Markdown as HTML; links to notebooks become links to their pages."""
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    page = MarkdownWithMath(renderer=renderer).render(markdown)
    page = re.sub(r"<h([1-4])>(.*?)</h\1>", _with_anchor, page)
    return re.sub(r'href="(\d\d_\w+)\.ipynb', r'href="\1.html', page)


def _with_anchor(match: re.Match) -> str:
    """Give a heading the anchor that JupyterLab gives it."""
    level, inside = match.groups()
    name = re.sub(r"<[^>]*>", "", inside).replace(" ", "-").replace('"', "&quot;")
    return f'<h{level} id="{name}">{inside}</h{level}>'


class _Exporter(HTMLExporter):
    @pass_context
    def markdown2html(self, context, source: str) -> str:
        return to_html(source)


def slide_type(cell) -> str:
    """Return the slide type of a cell; "-" continues the slide above."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def lecture_path(notebook):
    """Return a notebook of the cells on the lecture path; each first cell of a slide `opens` it.

    A slide without a heading of its own gets the last one, and code the largest letters that fit.
    What long code shows gets a slide of its own, and so does a player.
    """
    cells, heading = [], ""
    for cell in map(nbformat.from_dict, notebook.cells):
        is_code = cell.cell_type == "code"
        found = [] if is_code else re.findall(r"^##+ (.+)", cell.source, re.M)
        if slide_type(cell) not in OFF_PATH:
            cell.metadata["opens"] = slide_type(cell) in ("slide", "subslide")
            cell.metadata["under"] = "" if found else heading
            cells.append(cell)
        if is_code and cells and cells[-1] is cell:
            cell.source = re.sub(r"\n{3,}", "\n\n", cell.source)
            cell.metadata["letters"] = letters(cell.source)
            shown = nbformat.from_dict(cell | {"id": f"{cell.get('id', '')}-shown"})
            shown.metadata |= {"opens": True, "transient": {"remove_source": True}}
            if player := [out for out in cell.outputs if "gan-player" in str(out.get("data"))]:
                cells[-1] = shown | {"outputs": player}  # the room is worth more than one line
            elif len(cell.source.splitlines()) > LONG and any("data" in o for o in cell.outputs):
                cell.outputs = []
                cells.append(shown)
        heading = found[-1] if found else heading
    return nbformat.from_dict({**notebook, "cells": cells})


def letters(code: str) -> float:
    """Return the size in pixels at which code fits a slide of 1280 x 720 pixels."""
    lines = code.splitlines()
    widest = max(map(len, lines))
    return round(min(22, 1150 / (0.605 * widest), 620 / (1.2 * len(lines))), 1)


def build(folder: str | os.PathLike, notebooks: Path = NOTEBOOKS) -> list[Path]:
    """Write slides and page of each notebook, the notes and an index; return what was written.

    Raises CourseError if the folder cannot be made or a notebook has not been run.
    """
    folder, written = Path(folder), []
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(f"{folder} is no folder that can be made ({error.strerror}).") from None
    exporter = _Exporter(template_file=str(HERE / "offline.html.j2"))

    def write(name: str, notebook, kind: str, title: str) -> None:
        facts = {"kind": kind, "title": title, "lessons": lessons}
        text, _ = exporter.from_notebook_node(notebook, resources={"offline": facts})
        written.append(folder / f"{name}.html")
        write_text(written[-1], text)

    read = {path.stem: nbformat.read(path, 4) for path in sorted(notebooks.glob("[0-9]*.ipynb"))}
    lessons = {name: nb.cells[0].source.splitlines()[0].lstrip("# ") for name, nb in read.items()}
    for name, notebook in read.items():
        if not any(cell.get("outputs") for cell in notebook.cells):
            raise CourseError(f"{name}.ipynb has no outputs: run all its cells and save it.")
        write(name, notebook, "page", lessons[name])
        write(f"{name}_slides", lecture_path(notebook), "slides", lessons[name])
    notes = nbformat.v4.new_markdown_cell((notebooks / "lecture.md").read_text(encoding="utf-8"))
    write("notes", nbformat.v4.new_notebook(cells=[notes]), "page", "Notes for the lecture")
    write("index", nbformat.v4.new_notebook(), "index", "GANs, step by step: the offline copy")
    return written


def main(arguments: list[str]) -> None:
    """Build the folder that the command line names and say how large it is."""
    if len(arguments) != 1:
        sys.exit("Name one folder: python -m notebooks.tools.offline FOLDER")
    try:
        written = build(arguments[0])
    except CourseError as error:
        sys.exit(str(error))
    size = sum(path.stat().st_size for path in written) / 1e6
    print(f"{len(written)} files, {size:.0f} MB: open {written[-1]} in a browser.")


if __name__ == "__main__":
    main(sys.argv[1:])
