"""Figures of the lessons. Each function takes arrays and returns a Figure that carries its alt text."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

# The one place for colours (Okabe and Ito's set, told apart with the common colour-vision
# deficiencies). Real and fake also differ in marker, the two players in line style.
REAL, FAKE, UNDECIDED = "#0072B2", "#D55E00", "#E8E8E8"
MARKERS = {"real": "o", "fake": "X"}
ANSWER_MAP = LinearSegmentedColormap.from_list("answer", [FAKE, UNDECIDED, REAL])


class Picture(Figure):
    """A Figure with a text for readers who do not see it."""

    alt: str = ""

    def _repr_mimebundle_(self, include=None, exclude=None):
        # The PNG itself comes from IPython's own formatter for figures.
        return {"text/plain": self.alt or "a figure"}, {"image/png": {"alt": self.alt}}


def new_figure(alt: str, rows: int = 1, columns: int = 1, size=(6.4, 4.0), **options):
    """Return (Picture, axes) as `plt.subplots` does; the figure is shown only where it is returned."""
    figure, axes = plt.subplots(
        rows, columns, figsize=size, layout="constrained", FigureClass=Picture, **options
    )
    figure.alt = alt
    plt.close(figure)  # or the inline backend would show it a second time
    return figure, axes
