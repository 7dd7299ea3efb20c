"""What goes wrong, and the one sentence that has to say it; no framework is imported here."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.base.errors import CourseError

DAMAGE = ("cut", "flipped", "empty", "text", "missing")


def damage(path: Path, how: str) -> None:
    """Do to a file what disks and networks do to files."""
    content = bytearray(path.read_bytes())
    if how == "missing":
        return path.unlink()
    if how == "flipped":
        content[len(content) // 2] ^= 1
    changed = {"cut": content[: len(content) // 2], "empty": b"", "text": b"<html>Sorry.</html>"}
    path.write_bytes(changed.get(how, content))


def is_one_sentence(text: str) -> bool:
    """Tell whether a text is one line that ends as a sentence does, and no traceback."""
    text = text.strip()
    return bool(text) and "\n" not in text and text.endswith(".") and "Traceback" not in text


@contextmanager
def refused(match: str):
    """Expect a CourseError of one sentence, in which `match` is found."""
    with pytest.raises(CourseError, match=match) as caught:
        yield
    assert is_one_sentence(str(caught.value))
