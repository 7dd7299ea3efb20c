"""Which cells of a notebook stand on which slide."""

import re

import nbformat

from notebooks.tools.site.lessons import PLAYER

OFF_PATH = ("skip", "notes")
LONG = 7  # lines of code that leave no room for a picture below them


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
            if player := [out for out in cell.outputs if PLAYER in str(out.get("data"))]:
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
