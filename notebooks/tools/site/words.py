"""The languages of the site: its own words, and where its pages lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from babel.messages.extract import extract_from_dir

NAMES = {"en": "English", "ru": "Русский"}


@dataclass(frozen=True)
class Words:
    """One language; called with an English text it returns the text to show."""

    language: str = "en"
    texts: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, english: str) -> str:
        """Return a text in this language, or in English if it has none."""
        return self.texts.get(english) or english

    @property
    def folder(self) -> str:
        """The folder of its pages within the site, and of its notebooks within notebooks/."""
        return "" if self.language == "en" else f"{self.language}/"

    @property
    def up(self) -> str:
        """What leads from its pages to the players and pictures, which all languages share."""
        return "../" if self.folder else ""

    @property
    def other(self) -> "Words":
        """The other language, without its texts."""
        return Words(next(language for language in NAMES if language != self.language))

    @property
    def name(self) -> str:
        """What it calls itself."""
        return NAMES[self.language]

    def twin(self, page: str) -> str:
        """Return the link from one of its pages to the same page in the other language."""
        return f"{self.up}{self.other.folder}{page}"


ENGLISH = Words()


def N(english: str) -> str:
    """Mark a text that is translated where it is shown."""
    return english


def texts_in(folder: str) -> dict[str, str]:
    """Return all texts in code and templates that are shown in several languages, by place."""
    methods = [("**.py", "python"), ("look/**.html", "jinja2"), ("**.j2", "jinja2")]
    found = extract_from_dir(folder, methods, keywords={"t": None, "N": None})
    return {f"{file}, line {line}: {text[:20]}": text for file, line, text, *_ in found}
