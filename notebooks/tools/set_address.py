"""Writes the repository's address from pyproject.toml into every place that repeats it.

    python -m notebooks.tools.set_address

Run it after a move or in a fork. It changes badges and set-up cells, in texts and in notebooks.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
IN_TEXT = (
    re.compile(r'(REPOSITORY = \\?")(https://github\.com/[\w.-]+/[\w.-]+)'),
    re.compile(r"(colab\.research\.google\.com/github/)([\w.-]+/[\w.-]+)(?=/blob/)"),
    re.compile(r"(kaggle\.com/kernels/welcome\?src=)(https://github\.com/[\w.-]+/[\w.-]+)(?=/blob/)"),
    re.compile(r"(git clone )(https://github\.com/[\w.-]+/[\w.-]+)"),
)


def address() -> str:
    """Return the address that pyproject.toml states."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("Repository = "))
    return ADDRESS.search(line).group()


def places() -> list[Path]:
    """Return the files that may repeat the address."""
    notebooks = ROOT / "notebooks"
    return [
        ROOT / "README.md",
        *sorted(notebooks.glob("*.ipynb")),
        *sorted((notebooks / "scripts").glob("*.py")),
    ]


def with_address(text: str, wanted: str) -> str:
    """Return `text` with every address of the repository replaced by `wanted`."""
    for pattern in IN_TEXT:
        short = "colab" in pattern.pattern
        new = wanted.removeprefix("https://github.com/") if short else wanted
        text = pattern.sub(lambda match, new=new: match.group(1) + new, text)
    return text


def main() -> None:
    """Rewrite the files that differ and name them."""
    for path in places():
        text = path.read_text(encoding="utf-8")
        new = with_address(text, address())
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
