"""A notebook as slides for a browser alone: one file, beside the folder of its players.

They are made of the cells whose slide type (JupyterLab, *Property Inspector*) is not `skip` or
`notes`.
"""

import re
from pathlib import Path

from jinja2 import pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from helpers.base.files import write_text
from notebooks.tools.site.extension import mathml
from notebooks.tools.site.lecture_path import lecture_path
from notebooks.tools.site.lessons import BADGES, Lesson, anchor, links_within
from notebooks.tools.site.words import ENGLISH, Words


class _Renderer(IPythonRenderer):
    """Markdown as nbconvert renders it, but with formulas as MathML."""

    def block_math(self, body: str) -> str:
        return mathml(body.strip(), "block")

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")


def to_html(markdown: str, t: Words = ENGLISH) -> str:
    """Return Markdown as HTML, without badges; links to notebooks lead to their pages."""
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    page = MarkdownWithMath(renderer=renderer).render(links_within(BADGES.sub("", markdown), t))
    page = re.sub(r"<h([1-4])>(.*?)</h\1>", _with_anchor, page)
    page = re.sub(r"<th\b[^>]*>\s*</th>", "<td></td>", page)
    return re.sub(r'href="(\d\d_\w+|where|lecture)\.(?:ipynb|md)', r'href="\1.html', page)


def _with_anchor(match: re.Match) -> str:
    """Give a heading the anchor that JupyterLab gives it."""
    level, inside = match.groups()
    name = anchor(re.sub(r"<[^>]*>", "", inside)).replace('"', "&quot;")
    return f'<h{level} id="{name}">{inside}</h{level}>'


class _Exporter(HTMLExporter):
    def __init__(self, t: Words, **settings) -> None:
        super().__init__(**settings)
        self.t = t

    @pass_context
    def markdown2html(self, context, source: str) -> str:
        return to_html(source, self.t)


def write(path: Path, lesson: Lesson) -> None:
    """Write the slides of a lesson to a file."""
    exporter = _Exporter(t=lesson.t, template_file=str(Path(__file__).with_name("slides.html.j2")))
    about = {"title": lesson.title, "page": f"{lesson.name}.html", "t": lesson.t}
    resources = {"lesson": about | {"twin": lesson.t.twin(path.name)}}
    text, _ = exporter.from_notebook_node(lecture_path(lesson.notebook), resources=resources)
    write_text(path, text)
