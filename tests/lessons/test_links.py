"""The links between the documents and the notebooks lead somewhere."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import jupytext
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("data/*.md"), *ROOT.glob("notebooks/*.md")]
TEXTS = sorted((ROOT / "notebooks" / "scripts").glob("*.py"))
LINK = re.compile(r"\]\(([^)\s]+)\)")


@cache
def prose(path: Path) -> str:
    """Return the text of a document, or the Markdown cells of a notebook's text."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = jupytext.read(path).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def anchors(text: str) -> set[str]:
    """Return the anchors that Jupyter gives to the headings of a notebook."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {heading.replace("`", "").replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES + TEXTS, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page):
    folder = page.parent if page.suffix == ".md" else ROOT / "notebooks"
    for link in LINK.findall(prose(page)):
        if re.match(r"https?://|mailto:", link):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = folder / file if file else page
        assert target.exists(), link
        if anchor:
            text = ROOT / "notebooks" / "scripts" / f"{target.stem}.py"
            assert anchor in anchors(prose(text)), link


# The questions that learners ask most: words of each question, in the order of the index.
QUESTIONS = (
    "label 1", "detach", "twice", "does not fall", "1.39", "loss is 0", "accuracy", "How large",
    "dropout", "mode collapse", "Tanh", "ten digits", "beta1", "by heart", "run to run", "stop",
    "session ends", "harder", "How long", "after GANs",
)  # fmt: skip


def test_every_slide_every_question_and_at_most_25_words():
    index = prose(ROOT / "notebooks" / "README.md")
    parts = dict(re.findall(r"^## (.+?)\n\n(.+?)(?=\n## |\Z)", index, flags=re.M | re.S))
    rows = {
        name: re.findall(r"^\| (?!---)(.+?) \|", part, re.M)[1:] for name, part in parts.items()
    }
    assert len(rows["Words"]) <= 25
    slides = rows["From the lecture to the lessons"]
    assert len(slides) == len(set(slides)) == 29
    assert sum(slide.startswith("Results: ") for slide in slides) == 4
    questions = rows["Questions that learners ask"]
    for words, question in zip(QUESTIONS, questions, strict=True):
        assert words in question
