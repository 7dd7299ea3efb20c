"""The links between the documents and the notebooks lead somewhere."""

import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import jupytext
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("data/**/*.md"), *ROOT.glob("notebooks/*.md")]
RUSSIAN = [*ROOT.glob("notebooks/ru/*.md"), *ROOT.glob("notebooks/ru/*.ipynb")]
LESSONS = [*ROOT.glob("notebooks/*.ipynb"), *RUSSIAN]


@cache
def prose(path: Path) -> str:
    """Return the text of a document, or the Markdown cells of a notebook."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = jupytext.read(path).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def anchors(text: str) -> set[str]:
    """Return the anchors that Jupyter gives to the headings of a notebook."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {heading.replace("`", "").replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES + LESSONS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page):
    text = re.sub(r"```.*?```", "", prose(page), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", link):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(prose(target)), link


@pytest.mark.parametrize("page", PAGES + LESSONS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_names_a_module_that_can_be_run(page):
    for module in re.findall(r"python -m ((?:data|notebooks|tests)\.[\w.]+)", prose(page)):
        path = ROOT / module.replace(".", "/")
        path = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
        assert '__name__ == "__main__"' in path.read_text(encoding="utf-8"), module


def test_a_container_installs_as_readme_tells():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert f"\n{container['postCreateCommand']} && " in prose(ROOT / "README.md")
