"""What the reader has set in environment variables, and paths as people write them."""

import os
from pathlib import Path

from helpers.base.errors import CourseError


def variable(name: str) -> str:
    """Return the value of an environment variable, without blanks and quotes around it, or ""."""
    return os.environ.get(name, "").strip().strip("\"'").strip()


def path_of(text: str | Path) -> Path:
    """Return the absolute path that a text names; CourseError if the system can take it for none.

    There may be nothing at that path.
    """
    try:
        path = Path(text).expanduser().resolve()
        path.exists()
    except (OSError, RuntimeError, ValueError) as problem:  # too long, a loop, nobody's home
        why = getattr(problem, "strerror", None) or problem
        raise CourseError(
            f"{text} is no path that can be used ({why}): name another one."
        ) from None
    return path


def folder_of(name: str) -> Path | None:
    """Return the absolute path that a variable names, or None.

    The folder may be missing, but not the one that is to hold it: a drive that is not mounted yet
    would be taken for an empty folder (CourseError).
    """
    if not (value := variable(name)):
        return None
    path = path_of(value)
    if not path.parent.is_dir():
        raise CourseError(
            f"{name}={value}: there is no folder {path.parent}. Mount the drive or make the folder."
        )
    return path
