"""A lesson's notebook: read, checked, and made the source of its page."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.base.errors import CourseError
from helpers.player.player import data_of, page_of
from notebooks.tools.set_address import address
from notebooks.tools.site.words import ENGLISH, Words

NOTEBOOKS = Path(__file__).resolve().parents[2]
PLAYER = "gan-player"
BADGES = re.compile(r"^(?:\[!\[[^\]]*\]\([^)]*\)\]\([^)]*\)\s*)+", re.MULTILINE)


@dataclass
class Lesson:
    """A notebook and what README says of it in one row of its table."""

    path: Path
    sentence: str = ""
    library: str = ""
    minutes: str = ""
    t: Words = ENGLISH
    notebook: NotebookNode | None = None  # None: read from the path
    players: dict[str, str] = field(default_factory=dict)  # name of a file: its page
    stills: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the notebook; CourseError if it cannot become a page."""
        self.notebook = self.notebook or nbformat.read(self.path, 4)
        outputs = [out for cell in self.notebook.cells for out in cell.get("outputs", [])]
        if not outputs:
            raise CourseError(f"{self.path.name} has no outputs: run all its cells and save it.")
        for number, cell in enumerate(self.notebook.cells):
            if any(out.output_type == "error" for out in cell.get("outputs", [])):
                raise CourseError(
                    f"A cell of {self.path.name} has failed (cell {number}, counted from 0): "
                    "mend it and run the notebook again."
                )
        self._move_players_out()

    @property
    def name(self) -> str:
        """The name of its files, such as 01_sine_gan."""
        return self.path.stem

    @cached_property
    def title(self) -> str:
        """Its heading, such as "01 · A GAN that learns a sine"."""
        return self.notebook.cells[0].source.splitlines()[0].lstrip("# ")

    @cached_property
    def links(self) -> dict[str, str]:
        """Where it can be opened elsewhere: Colab and Kaggle."""
        file = f"blob/main/notebooks/{self.t.folder}{self.path.name}"
        short = address().removeprefix("https://github.com/")
        return {
            "Colab": f"https://colab.research.google.com/github/{short}/{file}",
            "Kaggle": f"https://kaggle.com/kernels/welcome?src={address()}/{file}",
        }

    def _move_players_out(self) -> None:
        """Put each player into a file of its own, which page and slides share."""
        for cell in self.notebook.cells:
            outputs = cell.get("outputs", [])
            for output, still in zip(list(outputs), [*outputs[1:], None], strict=False):
                text = output.get("data", {}).get("text/html", "")
                if PLAYER not in text:
                    continue
                name = f"{self.name}-{len(self.players) + 1}"
                try:
                    self.players[f"{name}.html"] = page_of(data_of(text))
                except CourseError:
                    raise CourseError(
                        f"A player in {self.path.name} is of another version: run the notebook "
                        f"again (python -m notebooks.tools.execute {self.name[:2]})."
                    ) from None
                title = re.search(r'title="([^"]*)"', text)
                image, alt = "", ""
                if still and (image := still.get("data", {}).get("image/png", "")):
                    self.stills[f"{name}.png"] = base64.b64decode(image)
                    alt = still.metadata.get("image/png", {}).get("alt", "")
                output.data["text/html"] = (
                    f'<iframe class="{PLAYER}" src="{self.t.up}players/{name}.html" sandbox="allow-scripts" '
                    f'loading="lazy" title="{title.group(1) if title else "Player"}"></iframe>'
                )
                if image:
                    source = f"{self.t.up}players/{name}.png"
                    picture = f'<img class="still" src="{source}" alt="{escape(alt)}">'
                    output.data["text/html"] += picture
                    outputs.remove(still)

    def folded(self) -> list[str]:
        """Return the headings of the sections that the notebook folds."""
        cells = self.notebook.cells
        marked = [cell for cell in cells if cell.metadata.get("jp-MarkdownHeadingCollapsed")]
        return [plain(cell.source.splitlines()[0].lstrip("# ")) for cell in marked]

    def sections(self):
        """Yield each cell with the heading of the section in which it stands."""
        heading = ""
        for cell in self.notebook.cells:
            text = without_code(cell.source) if cell.cell_type == "markdown" else ""
            if found := re.findall(r"^#+ (.+)", text, re.MULTILINE):
                heading = found[-1]
            yield heading, cell

    def source(self) -> NotebookNode:
        """Return the notebook as the source of its page."""
        notebook = nbformat.from_dict(self.notebook)
        for number, cell in enumerate(notebook.cells):
            cell.metadata = nbformat.from_dict({"tags": list(cell.metadata.get("tags", []))})
            if self.notebook.cells[number].metadata.get("jupyter", {}).get("source_hidden"):
                cell.metadata.tags.append("hide-input")
            if cell.cell_type == "markdown":
                cell.source = links_within(cell.source, self.t)
            for output in cell.get("outputs", []):
                for kind in {"image/png", "image/svg+xml"} & set(output.get("data", {})):
                    alt = output.metadata.get(kind, {}).get("alt", "")
                    cell.metadata["mystnb"] = {"image": {"alt": alt}}
        first = notebook.cells[0]
        first.source = BADGES.sub(self._buttons() + "\n\n", first.source, count=1)
        return notebook

    def _buttons(self) -> str:
        links = {self.t("Slides"): f"{self.name}_slides.html"}
        open_in = self.t("Open in {where}")
        links |= {open_in.format(where=where): link for where, link in self.links.items()}
        text = "".join(f'<a href="{escape(link)}">{what}</a>' for what, link in links.items())
        what = self.t("Download the notebook")
        text += f'<a href="downloads/{self.path.name}" download>{what}</a>'
        return f'<p class="buttons">{text}</p>'


def plain(text: str) -> str:
    """Return a line of Markdown without its marks."""
    return re.sub(r"[`*]", "", text)


def anchor(heading: str) -> str:
    """Return the anchor that Jupyter gives to a heading, which links in the course use."""
    return heading.replace("`", "").replace(" ", "-")


def without_code(text: str) -> str:
    """Return Markdown without its blocks of code, in which # begins a comment."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def links_within(text: str, t: Words = ENGLISH) -> str:
    """Return Markdown whose links to files that are no pages lead to the repository."""

    def link(match: re.Match) -> str:
        target, mark = match.group(1), match.group(2) or ""
        if re.fullmatch(r"(https?|mailto):.*|\d\d_\w+\.ipynb|lecture\.md|", target):
            return match.group()
        if target == "README.md":
            return f"](where.md{mark})"
        path = (NOTEBOOKS / t.folder / target).resolve().relative_to(NOTEBOOKS.parent).as_posix()
        kind = "tree" if (NOTEBOOKS.parent / path).is_dir() else "blob"
        return f"]({address()}/{kind}/main/{path}{mark})"

    return re.sub(r"\]\(([^)\s#]*)(#[^)\s]*)?\)", link, text)


def read_lessons(
    notebooks: Path = NOTEBOOKS, t: Words = ENGLISH, translated: Mapping[str, NotebookNode] = {}
) -> list[Lesson]:
    """Return all lessons with their rows of README's table; CourseError if one cannot be shown.

    Those that are `translated`, by name of their file, are shown so.
    """
    readme = NOTEBOOKS.parent / ("README.ru.md" if t.folder else "README.md")
    rows = re.findall(
        r"^\| \[.+?\]\(notebooks/(?:ru/)?(\w+)\.ipynb\) \| (.+?) \| (.+?) \| (.+?) \|",
        readme.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    told = {name: facts for name, *facts in rows}
    paths = sorted(notebooks.glob("[0-9]*.ipynb"))
    if not paths:
        raise CourseError(f"There are no notebooks in {notebooks}.")
    return [
        Lesson(path, *told.get(path.stem, ()), t=t, notebook=translated.get(path.name))
        for path in paths
    ]
