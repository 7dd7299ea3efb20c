"""Keeps what a long measurement has found beside its run, so that it is made once."""

import json
from collections.abc import Callable

from helpers.base.files import write_text
from helpers.training.run import runs_folder


def kept(folder: str, make: Callable[..., dict], *arguments: object) -> dict:
    """Return what `make` returns, or has returned before: it is kept beside its run."""
    path = runs_folder() / folder / "measured.json"
    if path.is_file():
        return json.loads(path.read_text())
    found = make(*arguments)
    write_text(path, json.dumps(found))
    return found
