"""Writes the addresses from pyproject.toml into every place that repeats them.

    python -m notebooks.tools.set_address

Run it after a move or in a fork. It changes links, badges and set-up cells, in texts and notebooks.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IN_TEXT = (  # what stands before it, the address, and whether it is written without its host
    (r'(REPOSITORY = \\?")', r"https://github\.com/[\w.-]+/[\w.-]+", False),
    (r"(colab\.research\.google\.com/github/)", r"[\w.-]+/[\w.-]+(?=/blob/)", True),
    (r"(welcome\?src=)", r"https://github\.com/[\w.-]+/[\w.-]+(?=/blob/)", False),  # Kaggle
    (r"(git clone )", r"https://github\.com/[\w.-]+/[\w.-]+", False),
    (r"(\]\()", r"https://github\.com/[\w.-]+/[\w.-]+(?=/issues)", False),
    (r"(repository-code: )", r"https://github\.com/[\w.-]+/[\w.-]+", False),
)
SITE = re.compile(
    r"(web site\]\(|виде сайта\]\(|^url: )https?://[^)\s]+?(?=ru/\)|\)|$)", re.MULTILINE
)


def address(name: str = "Repository") -> str:
    """Return an address that pyproject.toml states: `Repository`, or `Homepage`, the web site."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(rf'^{name} = "(.+)"$', text, re.MULTILINE).group(1)


def places() -> list[Path]:
    """Return the files that may repeat an address."""
    notebooks = ROOT / "notebooks"
    return [
        ROOT / "README.md",
        ROOT / "README.ru.md",
        ROOT / "CITATION.cff",
        *sorted(notebooks.glob("*.ipynb")),
        *sorted(notebooks.glob("ru/*.ipynb")),
        *sorted((notebooks / "scripts").glob("*.py")),
    ]


def with_address(text: str, wanted: str, site: str) -> str:
    """Return `text` with every address of the repository and of its web site replaced."""
    for before, old, short in IN_TEXT:
        new = wanted.removeprefix("https://github.com/") if short else wanted
        text = re.sub(before + old, lambda match, new=new: match.group(1) + new, text)
    return SITE.sub(lambda match: match.group(1) + site, text)


def main() -> None:
    """Rewrite the files that differ and name them."""
    for path in places():
        text = path.read_text(encoding="utf-8")
        new = with_address(text, address(), address("Homepage"))
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
