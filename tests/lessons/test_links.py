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
TEXTS = sorted((ROOT / "notebooks" / "scripts").glob("*.py"))


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
    text = re.sub(r"```.*?```", "", prose(page), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", link):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = folder / file if file else page
        assert target.exists(), link
        if anchor:
            text = ROOT / "notebooks" / "scripts" / f"{target.stem}.py"
            assert anchor in anchors(prose(text)), link


@pytest.mark.parametrize("page", PAGES + TEXTS, ids=lambda page: page.name)
def test_every_command_names_a_module_that_can_be_run(page):
    for module in re.findall(r"python -m ((?:data|notebooks|tests)\.[\w.]+)", prose(page)):
        path = ROOT / module.replace(".", "/")
        path = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
        assert '__name__ == "__main__"' in path.read_text(encoding="utf-8"), module


def test_a_container_installs_as_readme_tells():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert f"\n{container['postCreateCommand']} && " in prose(ROOT / "README.md")
