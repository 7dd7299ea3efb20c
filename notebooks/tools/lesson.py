"""Runs the code cells of a lesson's text in this process, so that tests measure what is taught."""

import os
from pathlib import Path

import jupytext
from nbformat import NotebookNode

SCRIPTS = Path(__file__).resolve().parents[2] / "notebooks" / "scripts"


def cells_of(name: str) -> list[NotebookNode]:
    """Return the cells of a lesson."""
    return jupytext.read(SCRIPTS / f"{name}.py").cells


def code_cells(name: str) -> list[str]:
    """Return the code cells of a lesson."""
    return [cell.source for cell in cells_of(name) if cell.cell_type == "code"]


def run_cells(name: str, until: str = "", times: int = 1) -> dict:
    """Execute the cells up to the one that contains `until` (all, if empty); return their names.

    Each cell is executed `times` times in a row.
    """
    names: dict = {"__name__": "__main__"}
    here = os.getcwd()
    os.chdir(SCRIPTS.parent)
    try:
        for source in code_cells(name):
            for _ in range(times):
                exec(compile(source, f"<{name}>", "exec"), names)
            if until and until in source:
                return names
    finally:
        os.chdir(here)
    if until:
        raise LookupError(f"no cell of {name} contains {until!r}")
    return names
