"""Runs the code cells of a lesson's text in this process, so that what is taught is measured."""

import os
from pathlib import Path

import jupytext
from nbformat import NotebookNode

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


def cells_of(name: str) -> list[NotebookNode]:
    """Return the cells of a lesson."""
    return jupytext.read(SCRIPTS / f"{name}.py").cells


def code_cells(name: str) -> list[str]:
    """Return the code cells of a lesson."""
    return [cell.source for cell in cells_of(name) if cell.cell_type == "code"]


def run_cells(name: str, until: str = "", times: int = 1) -> dict:
    """Execute the cells up to the first that contains `until` (all, if empty); return their names.

    Each cell is executed `times` times in a row. If no cell contains `until`, LookupError is raised
    and nothing is run.
    """
    cells = code_cells(name)
    end = next((i for i, source in enumerate(cells, 1) if until and until in source), None)
    if until and end is None:
        raise LookupError(f"no cell of {name} contains {until!r}")
    names: dict = {"__name__": "__main__"}
    here = os.getcwd()
    os.chdir(SCRIPTS.parent)  # where a notebook's kernel runs
    try:
        for source in cells[:end]:
            for _ in range(times):
                exec(compile(source, f"<{name}>", "exec"), names)
    finally:
        os.chdir(here)
    return names
