"""What the reader has set in environment variables."""

import os
from pathlib import Path

from helpers.base.errors import CourseError


def variable(name: str) -> str:
    """Return the value of an environment variable, without blanks and quotes around it, or ""."""
    return os.environ.get(name, "").strip().strip("\"'").strip()


def folder_of(name: str) -> Path | None:
    """Return the absolute path that a variable names, or None.

    The folder may be missing, but not the one that is to hold it: a drive that is not mounted yet
    would be taken for an empty folder (CourseError).
    """
    if not (value := variable(name)):
        return None
    path = Path(value).expanduser().resolve()
    if not path.parent.is_dir():
        raise CourseError(
            f"{name}={value}: there is no folder {path.parent}. Mount the drive or make the folder."
        )
    return path
