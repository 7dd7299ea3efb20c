"""Where a progress bar is drawn, so that a notebook keeps one line of it."""

import os
import sys
from typing import TextIO

from IPython import get_ipython
from IPython.display import DisplayHandle

_theirs = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("TQDM_")}
try:
    # It reads its variables while it is imported; odd ones would break that, or our bars.
    from tqdm import tqdm as tqdm
finally:
    os.environ.update(_theirs)


class _OneLine:
    """A file for tqdm: what was written last is the text of one output of the cell."""

    encoding = "utf-8"  # tqdm asks whether it may draw with blocks

    def __init__(self) -> None:
        handle = DisplayHandle()
        self._show, self._update = handle.display, handle.update

    def write(self, text: str) -> None:
        if text.startswith("\r"):  # the rest moves between lines, and here is one alone
            self._show({"text/plain": text[1:].rstrip()}, raw=True)
            self._show = self._update


def bar_file() -> "_OneLine | TextIO":
    """Return the `file` for tqdm: a notebook would keep each line that goes to `sys.stdout`."""
    return _OneLine() if hasattr(get_ipython(), "kernel") else sys.stdout
