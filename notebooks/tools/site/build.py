"""Builds the whole site into a folder: sources, Sphinx, slides, players, downloads."""

import io
import shutil
import tempfile
from pathlib import Path

import nbformat
import yaml
from PIL import Image
from sphinx.application import Sphinx

from helpers.base.colours import DARK, LIGHT
from notebooks.tools.set_address import ROOT, address
from notebooks.tools.site import results, sheets, slides
from notebooks.tools.site.lessons import NOTEBOOKS, Lesson, links_within, read_lessons

HERE = Path(__file__).parent
TITLE = "GANs, step by step"
CONTENTS = {
    "Look up": {"results": "Results", "where": "Where to find what"},
    "Teach": {"lecture": "For lecturers", "exercises": "Exercises", "solutions": "Solutions"},
}
NOT_NEEDED = (".buildinfo*", "objects.inv", "_static/**/*.map", "_static/**/*.LICENSE.txt")


def build(folder: Path, notebooks: Path = NOTEBOOKS) -> list[str]:
    """Write the site into an empty folder; return what Sphinx warns of.

    Raises CourseError if a notebook cannot be shown.
    """
    lessons = read_lessons(notebooks)
    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "source")
        source.mkdir()
        _write_sources(source, lessons, notebooks)
        warnings = _run_sphinx(source, folder, Path(work, "doctrees"), lessons)
    for pattern in NOT_NEEDED:
        for path in folder.glob(pattern):
            path.unlink()
    _write_files(folder, lessons)
    for lesson in lessons:
        slides.write(folder / f"{lesson.name}_slides.html", lesson)
    return warnings


def _write_sources(source: Path, lessons: list[Lesson], notebooks: Path) -> None:
    for lesson in lessons:
        nbformat.write(lesson.source(), source / lesson.path.name)
    pages = {
        "where": links_within((notebooks / "README.md").read_text(encoding="utf-8")),
        "lecture": links_within((notebooks / "lecture.md").read_text(encoding="utf-8")),
        "results": results.page(lessons),
        "exercises": sheets.questions(lessons),
        "solutions": sheets.solutions(lessons),
        "index": _contents(lessons),
    }
    for name, text in pages.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")


def _contents(lessons: list[Lesson]) -> str:
    groups = {"Lessons": {lesson.name: lesson.title for lesson in lessons}} | CONTENTS
    text = f"# {TITLE}\n"
    for caption, pages in groups.items():
        lines = "\n".join(f"{title} <{name}>" for name, title in pages.items())
        text += f"\n```{{toctree}}\n:caption: {caption}\n\n{lines}\n```\n"
    return text


def _run_sphinx(source: Path, folder: Path, doctrees: Path, lessons: list[Lesson]) -> list[str]:
    warnings = io.StringIO()
    numbers = results.measured(lessons)
    cite = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    settings = {
        "project": TITLE,
        "html_title": TITLE,
        "root_doc": "index",
        "language": "en",
        "extensions": ["myst_nb", "notebooks.tools.site.extension"],
        "folded": {lesson.name: lesson.folded() for lesson in lessons},
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "nb_code_prompt_show": "Show the code",
        "nb_code_prompt_hide": "Hide the code",
        "myst_enable_extensions": ["dollarmath"],
        "myst_heading_anchors": 4,
        "myst_heading_slug_func": "notebooks.tools.site.extension.anchor",
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
            "lessons": lessons, "numbers": numbers, "address": address(), "cite": cite,
        },
    }  # fmt: skip
    # The theme asks for this one later than settings can be handed over.
    dark = 'pygments_dark_style = "a11y-high-contrast-dark"'
    (source / "conf.py").write_text(dark, encoding="utf-8")
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


def _write_files(folder: Path, lessons: list[Lesson]) -> None:
    """Write what pages and slides share: players, their stills, pictures, notebooks."""
    (folder / ".nojekyll").touch()  # GitHub would leave out what begins with _
    for name in ("players", "pictures", "downloads"):
        (folder / name).mkdir()
    for lesson in lessons:
        for name, text in lesson.players.items():
            (folder / "players" / name).write_text(text, encoding="utf-8")
        for name, content in lesson.stills.items():
            (folder / "players" / name).write_bytes(content)
        shutil.copy(lesson.path, folder / "downloads")
        with Image.open(NOTEBOOKS / "pictures" / f"{lesson.name}.png") as picture:
            picture = picture.convert("RGB")
            picture.thumbnail((960, 960))
            picture.save(folder / "pictures" / f"{lesson.name}.webp", quality=82, method=6)
