"""One way to damage a file; no framework is imported here."""

from pathlib import Path

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
