"""The slides of the lecture path."""

from nbformat import NotebookNode

from notebooks.tools.lesson import cells_of
from notebooks.tools.offline import OFF_PATH, slide_type


def slides_of(name: str) -> list[list[NotebookNode]]:
    """Return the cells of each slide of the lecture path."""
    slides: list[list[NotebookNode]] = []
    for cell in cells_of(name):
        kind = slide_type(cell)
        if kind in ("slide", "subslide"):
            slides.append([cell])
        elif kind not in OFF_PATH:
            slides[-1].append(cell)
    return slides
