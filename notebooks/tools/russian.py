"""Makes the Russian edition, `notebooks/ru/`, from the English one and from its translation.

    python -m notebooks.tools.russian            # writes notebooks/ru/
    python -m notebooks.tools.russian --update   # first takes new and changed English texts over

The translation of a notebook or page stands beside its text, in NAME.ru.po (gettext): one entry
for each prose cell, for each block of a page and for each row of its tables. An entry is found by
its whole English text, so what is said anew in English has no translation until someone writes it.
"""

import re
import sys
from collections import Counter
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import nbformat
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, PoFileParser, write_po
from nbformat import NotebookNode

from helpers.base.errors import CourseError
from helpers.base.files import new_file, write_text
from notebooks.tools.site.lessons import BADGES, NOTEBOOKS, PLAYER, anchor, plain, without_code
from notebooks.tools.site.words import texts_in

SITE = Path(__file__).with_name("site")
UPDATE = "python -m notebooks.tools.russian --update"
HEADER = rb"""# Made by notebooks/tools/russian.py; CONTRIBUTING.md tells how.
msgid ""
msgstr ""
"Language: ru\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""
NOT_YET = "*(Этот текст ещё не переведён.)*"
BLOCKS = re.compile(r"(\n{2,}|\n(?=\|))")  # between the blocks of a page, and the rows of a table
# What a translation keeps to the letter, or as often.
KEPT = {
    "block of code": r"(?ms)^```.*?^```",
    "formula": r"(?s)\$\$.+?\$\$|\$[^$\n]+\$",
    "code word": r"`[^`\n]+`",
    "link": r"\]\([^)]*\)",
    "tag": r"</?\w[^>]*>",
    "heading": r"(?m)^#+ ",
    "list item": r"(?m)^ *(?:[-*]|\d+\.) ",
    "column": r"\|",
}
NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Translation(Catalog):
    """The Russian texts of one notebook or page, by their English ones."""

    def __init__(self, path: Path) -> None:
        """Read a file of gettext; CourseError if it cannot be read or has an entry twice."""
        super().__init__(locale="ru", charset="utf-8", fuzzy=False)
        self.path = path
        lines = path.read_bytes().splitlines() if path.is_file() else []
        try:
            PoFileParser(self, abort_invalid=True).parse(lines)
        except UnicodeDecodeError:
            raise CourseError(f"{path.name} is not in UTF-8: save it so.") from None
        except PoFileError as error:
            raise CourseError(f"{path.name}, line {error.lineno + 1}: {error}.") from None

    def __setitem__(self, english: str, message) -> None:
        """Add an entry; CourseError if there is one for this text."""
        if english and english in self:
            place = f"{self.path.name}, line {message.lineno}"
            raise CourseError(f"{place}, has a second entry for {_start(english)}: remove one.")
        super().__setitem__(english, message)

    def of(self, english: str) -> str:
        """Return the Russian text, or "" if there is none, or one that may be of an older text."""
        message = self.get(english)
        return message.string if message and not message.fuzzy else ""

    def update_from(self, texts: list[str]) -> None:
        """Add entries for new texts and write the file; one that resembles an old text is marked."""
        template = Catalog()
        for text in texts:
            template.add(text)
        self.update(template, update_creation_date=False)
        with new_file(self.path) as part, part.open("wb") as file:
            file.write(HEADER)
            write_po(file, self, width=0, omit_header=True, ignore_obsolete=True)


class Edition:
    """The English texts in a folder and their translations."""

    def __init__(self, folder: Path = NOTEBOOKS) -> None:
        """Read all of it; CourseError if a file cannot be read."""
        notebooks = sorted(folder.glob("[0-9]*.ipynb"))
        self.notebooks = {path.name: nbformat.read(path, 4) for path in notebooks}
        self.pages = {
            name: (folder / name).read_text(encoding="utf-8")
            for name in ("README.md", "lecture.md")
        }
        self.translations = {
            name: Translation(folder / "scripts" / name.replace(".ipynb", ".ru.po"))
            for name in self.notebooks
        } | {name: Translation(folder / name.replace(".md", ".ru.po")) for name in self.pages}
        self.translations["site"] = Translation(SITE / "site.ru.po")

    def texts(self, name: str) -> dict[str, str]:
        """Return what is to be translated in a notebook or page: where it stands, and the text."""
        if name == "site":
            return texts_in(str(SITE))
        if name in self.pages:
            blocks = BLOCKS.split(self.pages[name])[::2]
            where = f"{name}, block"
        else:
            cells = self.notebooks[name].cells
            blocks = [BADGES.sub("", c.source) if c.cell_type == "markdown" else "" for c in cells]
            where = f"{name}, cell"
        return {f"{where} {i}": b.strip() for i, b in enumerate(blocks) if re.search("[A-Za-z]", b)}

    def faults(self) -> list[str]:
        """Return a sentence for each text that is not translated as it should be."""
        return [fault for name in self.translations for fault in self._faults_of(name)]

    def _faults_of(self, name: str) -> list[str]:
        texts, translation = self.texts(name), self.translations[name]
        unknown = {m.id for m in translation if m.id} - set(texts.values())
        found = []
        for where, english in texts.items():
            entry = translation.get(english)
            if entry is None and (old := get_close_matches(english, unknown, 1)):
                unknown.discard(old[0])
                found.append(f"{where}: the English has changed since it was translated: {UPDATE}.")
            elif entry is None:
                found.append(f"{where}: {_start(english)} has no entry: {UPDATE}.")
            elif entry.fuzzy:
                found.append(f"{where}: the English has changed: see to the entry marked fuzzy.")
            elif not entry.string:
                found.append(f"{where}: {_start(english)} is not translated.")
            else:
                found += [f"{where}: {what}" for what in differences(english, entry.string)]
        for english in sorted(unknown):
            path = translation.path.name
            found.append(
                f"{path}: no cell or block says {_start(english)}: remove it, or {UPDATE}."
            )
        return found

    def russian(self, name: str, english: str) -> str:
        """Return a text in Russian; where there is no translation, the English, so marked."""
        translated = self.translations[name].of(english.strip()) if english.strip() else ""
        if not translated and re.search("[A-Za-z]", english):
            translated = english if english.startswith("|") else f"{NOT_YET}\n\n{english}"
        return self._with_links(name, translated or english)

    def _with_links(self, name: str, text: str) -> str:
        """Let links lead to the Russian pages and their sections, and out of notebooks/ru/."""

        def link(match: re.Match) -> str:
            target, mark = match.groups()
            page = target or name
            if page in self.translations:
                return f"]({target}{self._anchors.get((page, mark), mark)})"
            outside = "" if re.match(r"https?:|mailto:", target) else "../"
            return f"]({outside}{target}{mark})"

        return re.sub(r"\]\(([^)\s#]*)(#[^)\s]*|)\)", link, text)

    @cached_property
    def _anchors(self) -> dict[tuple[str, str], str]:
        """The Russian anchor of each section, by page and English anchor."""
        return {
            (name, f"#{anchor(english)}"): f"#{anchor(russian)}"
            for name in self.translations
            for english, russian in self.headings(name)
        }

    def headings(self, name: str) -> list[tuple[str, str]]:
        """Return the headings of a notebook or page, English and Russian."""
        pairs = []
        for text in self.texts(name).values():
            both = [
                re.findall(r"(?m)^#+ (.+)", without_code(words))
                for words in (text, self.translations[name].of(text) or text)
            ]
            pairs += zip(*both, strict=False)
        return pairs

    @property
    def site(self) -> dict[str, str]:
        """The web site's own words."""
        t = self.translations["site"]
        return {english: t.of(english) for english in self.texts("site").values()}

    @property
    def twins(self) -> dict[str, dict[str, str]]:
        """The English anchor of each Russian heading, by page of the web site."""
        return {
            name.replace("README", "where").partition(".")[0]: {
                plain(russian): anchor(english) for english, russian in self.headings(name)
            }
            for name in self.translations
        }

    def page(self, name: str) -> str:
        """Return a page in Russian."""
        parts = BLOCKS.split(self.pages[name])
        parts[::2] = [self.russian(name, part) for part in parts[::2]]
        return "".join(parts).rstrip() + "\n"

    def notebook(self, name: str) -> NotebookNode:
        """Return a notebook in Russian, with the code and the outputs of the English one."""
        notebook = nbformat.from_dict(self.notebooks[name])
        for cell in notebook.cells:
            if cell.cell_type != "markdown":
                continue
            badges = BADGES.search(cell.source)
            cell.source = self.russian(name, BADGES.sub("", cell.source))
            if badges:
                title, _, rest = cell.source.partition("\n\n")
                links = badges.group().replace(f"/{name}", f"/ru/{name}")
                cell.source = f"{title}\n\n{links}{rest}"
        return notebook


def differences(english: str, russian: str) -> list[str]:
    """Say what a translation has lost or added of what it should have kept."""
    found = []
    for what, pattern in KEPT.items():
        ours, theirs = (Counter(re.findall(pattern, text)) for text in (english, russian))
        found += [f"the translation lacks the {what} {one!r}." for one in (ours - theirs)]
        found += [f"the translation adds the {what} {one!r}." for one in (theirs - ours)]
        english, russian = (re.sub(pattern, "\n", text) for text in (english, russian))
    ours = Counter(NUMBER.findall(re.sub(r"(?<=\d),(?=\d{3})", "", english)))
    theirs = re.sub(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))", "", russian)
    theirs = Counter(NUMBER.findall(re.sub(r"(?<=\d),(?=\d)", ".", theirs)))
    if ours != theirs:
        lost, new = (", ".join((a - b).elements()) for a, b in ((ours, theirs), (theirs, ours)))
        found.append(
            f"the numbers differ: {lost or 'none'} in English, {new or 'none'} in Russian."
        )
    return found


def without_players(notebook: NotebookNode) -> NotebookNode:
    """Take the players out, which are large: their still pictures, below them, stay."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            outputs = cell.outputs
            cell.outputs = [
                o for o in outputs if PLAYER not in o.get("data", {}).get("text/html", "")
            ]
    return notebook


def _start(text: str) -> str:
    """Return the first words of a text, in quotes."""
    words = " ".join(text.split())
    return f'"{words[:60]}..."' if len(words) > 60 else f'"{words}"'


def write(edition: Edition, folder: Path) -> None:
    """Write all notebooks and pages to a folder."""
    folder.mkdir(exist_ok=True)
    for name in edition.notebooks:
        text = nbformat.writes(without_players(edition.notebook(name)))
        write_text(folder / name, text + "\n")
    for name in edition.pages:
        write_text(folder / name, edition.page(name))


def main(arguments: list[str]) -> None:
    """Make the edition; say what is not translated."""
    if arguments not in ([], ["--update"]):
        sys.exit(__doc__)
    try:
        edition = Edition()
        if arguments:
            for name, translation in edition.translations.items():
                translation.update_from(list(edition.texts(name).values()))
        write(edition, NOTEBOOKS / "ru")
    except CourseError as error:
        sys.exit(str(error))
    for fault in edition.faults():
        print(fault, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
