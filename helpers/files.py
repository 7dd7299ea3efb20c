"""Where the course keeps its data, and the check of a file. No framework is imported."""

import hashlib
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
