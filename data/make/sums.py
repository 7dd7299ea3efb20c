"""Keeps `data/SHA256SUMS`, by which the helpers know that a file is the one that was made."""

from pathlib import Path

from helpers.base.files import sha256, write_text


def write_sum(path: Path) -> None:
    """Write the SHA-256 of a file into `SHA256SUMS` beside it, in the place of the one before."""
    sums = path.with_name("SHA256SUMS")
    lines = sums.read_text(encoding="utf-8").splitlines()
    digests = {name: digest for digest, name in map(str.split, lines)} | {path.name: sha256(path)}
    write_text(sums, "".join(f"{digest}  {name}\n" for name, digest in digests.items()))
