"""Builds the whole site into a folder: sources, Sphinx, slides, players, downloads."""

import io
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
import yaml
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from helpers.base.colours import DARK, LIGHT
from notebooks.tools.russian import Edition
from notebooks.tools.set_address import ROOT, address
from notebooks.tools.site import results, sheets, slides
from notebooks.tools.site.lessons import NOTEBOOKS, Lesson, links_within, read_lessons
from notebooks.tools.site.words import N, Words

HERE = Path(__file__).parent
TITLE = N("GANs, step by step")
CONTENTS = {
    N("Look up"): {"results": N("Results"), "where": N("Where to find what")},
    N("Teach"): {
        "lecture": N("For lecturers"),
        "exercises": N("Exercises"),
        "solutions": N("Solutions"),
    },
}
NOT_NEEDED = (".buildinfo*", "objects.inv", "_sources", "*.map", "*.LICENSE.txt")


def build(folder: Path, notebooks: Path = NOTEBOOKS) -> list[str]:
    """Write the site, in both languages, into an empty folder; return what Sphinx warns of.

    Raises CourseError if a notebook cannot be shown, or a translation cannot be read.
    """
    english = read_lessons(notebooks)
    edition = Edition(notebooks)
    t = Words("ru", edition.site)
    translated = {name: edition.notebook(name) for name in edition.notebooks}
    pages = {name: edition.page(name) for name in edition.pages}
    warnings = _write_language(folder, english, edition.pages)
    russian = read_lessons(notebooks, t, translated)
    warnings += _write_language(folder, russian, pages, edition.twins)
    _write_shared(folder, english)
    return warnings


def _write_language(
    site: Path,
    lessons: list[Lesson],
    pages: Mapping[str, str],
    twins: Mapping[str, dict[str, str]] = {},
) -> list[str]:
    """Write all pages, slides and notebooks of one language; return what Sphinx warns of.

    `pages` are those beside the notebooks. `twins` has second anchors, by page and heading.
    """
    t = lessons[0].t
    folder = site / t.folder
    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "source")
        source.mkdir()
        _write_sources(source, lessons, pages)
        settings = {"twins": dict(twins)} | _settings(lessons)
        pages_made = Path(work, "html")
        warnings = _run_sphinx(source, pages_made, Path(work, "doctrees"), settings)
        not_needed = shutil.ignore_patterns(*NOT_NEEDED)
        shutil.copytree(pages_made, folder, ignore=not_needed, dirs_exist_ok=True)
    (folder / "downloads").mkdir()
    for lesson in lessons:
        slides.write(folder / f"{lesson.name}_slides.html", lesson)
        notebook = NOTEBOOKS / t.folder / lesson.path.name
        shutil.copy(notebook if t.folder else lesson.path, folder / "downloads")
    return warnings


def _write_sources(source: Path, lessons: list[Lesson], pages: Mapping[str, str]) -> None:
    t = lessons[0].t
    for lesson in lessons:
        nbformat.write(lesson.source(), source / lesson.path.name)
    texts = {
        "where": links_within(pages["README.md"], t),
        "lecture": links_within(pages["lecture.md"], t),
        "results": results.page(lessons, t),
        "exercises": sheets.questions(lessons, t),
        "solutions": sheets.solutions(lessons, t),
        "index": _contents(lessons, t),
    }
    for name, text in texts.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")


def _contents(lessons: list[Lesson], t: Words) -> str:
    groups = {N("Lessons"): {lesson.name: lesson.title for lesson in lessons}} | CONTENTS
    text = f"# {t(TITLE)}\n"
    for caption, pages in groups.items():
        lines = "\n".join(f"{t(title)} <{name}>" for name, title in pages.items())
        text += f"\n```{{toctree}}\n:caption: {t(caption)}\n\n{lines}\n```\n"
    return text


def _settings(lessons: list[Lesson]) -> dict:
    """Return what Sphinx is told."""
    t = lessons[0].t
    numbers = results.measured(lessons)
    cite = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return {
        "project": t(TITLE),
        "html_title": t(TITLE),
        "root_doc": "index",
        "language": t.language,
        "extensions": ["myst_nb", "notebooks.tools.site.extension"],
        "folded": {lesson.name: lesson.folded() for lesson in lessons},
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "exercises": t("Exercises"),
        "nb_code_prompt_show": t("Show the code"),
        "nb_code_prompt_hide": t("Hide the code"),
        "myst_enable_extensions": ["dollarmath"],
        "myst_heading_anchors": 4,
        "myst_heading_slug_func": "notebooks.tools.site.lessons.anchor",
        "suppress_warnings": ["mystnb.unknown_mime_type", "config.cache"],
        "templates_path": [str(HERE / "look")],
        "html_static_path": [str(HERE / "look" / "static")],
        "html_css_files": ["site.css"],
        "html_js_files": [("site.js", {"defer": ""})],
        "html_favicon": str(HERE / "look" / "static" / "mark.svg"),
        "html_theme": "furo",
        "html_theme_options": {
            "light_css_variables": _variables(LIGHT),
            "dark_css_variables": _variables(DARK),
            "top_of_page_buttons": [],
        },
        "html_math_renderer": "mathml",
        "html_copy_source": False,
        "html_show_search_summary": False,  # it would fetch pages, which file:// forbids
        "html_use_index": False,
        "html_show_copyright": False,
        "html_show_sphinx": False,
        "html_permalinks_icon": "#",
        "pygments_style": "a11y-high-contrast-light",
        "html_context": {
            "lessons": lessons, "numbers": numbers, "address": address(), "cite": cite, "t": t,
        },
    }  # fmt: skip


def _run_sphinx(source: Path, folder: Path, doctrees: Path, settings: dict) -> list[str]:
    # The theme asks for this one later than settings can be handed over.
    dark = 'pygments_dark_style = "a11y-high-contrast-dark"'
    (source / "conf.py").write_text(dark, encoding="utf-8")
    warnings = io.StringIO()
    with docutils_namespace():  # each language has its own
        app = Sphinx(
            source, source, folder, doctrees, "html", settings, status=None, warning=warnings,
            freshenv=True,
        )  # fmt: skip
        app.build()
    return [line for line in warnings.getvalue().splitlines() if line.strip()]


def _variables(colours: dict[str, str]) -> dict[str, str]:
    """Return the course's colours under their own names and under those of the theme."""
    return {name: value for name, value in colours.items()} | {
        "color-brand-primary": colours["real"],
        "color-brand-content": colours["real"],
        "color-brand-visited": colours["real"],
        "color-background-primary": colours["paper"],
        "color-background-secondary": colours["panel"],
        "color-background-border": colours["line"],
        "color-foreground-primary": colours["ink"],
        "color-foreground-secondary": colours["soft"],
        "color-foreground-muted": colours["soft"],
    }


def _write_shared(folder: Path, lessons: list[Lesson]) -> None:
    """Write what all pages and slides share: players, their stills, pictures."""
    (folder / ".nojekyll").touch()  # GitHub would leave out what begins with _
    for name in ("players", "pictures"):
        (folder / name).mkdir()
    for lesson in lessons:
        for name, text in lesson.players.items():
            (folder / "players" / name).write_text(text, encoding="utf-8")
        for name, content in lesson.stills.items():
            (folder / "players" / name).write_bytes(content)
        with Image.open(NOTEBOOKS / "pictures" / f"{lesson.name}.png") as picture:
            picture = picture.convert("RGB")
            picture.thumbnail((960, 960))
            picture.save(folder / "pictures" / f"{lesson.name}.webp", quality=82, method=6)
