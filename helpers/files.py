"""Where the course keeps its data, and the check of a file. No framework is imported."""

import csv
import hashlib
import os
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
MEASURED = DATA / "measured"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a text to `path`: under a temporary name first, then moved."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of `data/measured/<name>.csv`, which `tests.benchmarks` has written."""
    with (MEASURED / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
