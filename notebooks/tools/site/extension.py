"""What the pages need of Sphinx: formulas as MathML, folded asides, marked exercises, a landing."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

EMPTY_HEADER = re.compile(r"<th\b[^>]*>\s*(?:<p>\s*</p>)?\s*</th>")


def mathml(formula: str, display: str) -> str:
    """Return a formula as MathML, with the space that TeX puts on both sides of log, ln and sin."""
    space = '<mspace width="0.17em"/>'
    text = convert(formula, display=display)
    text = re.sub(r"(?<!<mrow>)(<mi>(?:log|ln|sin)</mi>)", rf"{space}\1", text)
    return re.sub(r"(<mi>(?:log|ln|sin)</mi>)(?=<m[in])", rf"\1{space}", text)


def _inline(translator, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula">{mathml(node.astext().strip(), "block")}</div>')
    raise nodes.SkipNode


def _mark_sections(app: Sphinx, page: nodes.document, name: str) -> None:
    """Fold the sections that the notebook folds, mark the exercises, and name twins."""
    folded = app.config.folded.get(name, ())
    twins = app.config.twins.get(name, {})
    for section in list(page.findall(nodes.section)):
        title = section[0].astext().replace("’", "'")  # which Sphinx has made of it
        if title in twins and twins[title] not in section["ids"]:
            section["ids"].append(twins[title])  # a link from the other language finds it
        if title == app.config.exercises and isinstance(section.parent, nodes.section):
            for exercise in section.children:
                if isinstance(exercise, nodes.section):
                    exercise["classes"].append("exercise")
        if title in folded:
            section["classes"].append("aside")
            rest = section.children[1:]
            section.children[1:] = []
            section.insert(0, nodes.raw("", "<details><summary>", format="html"))
            section += nodes.raw("", "</summary>", format="html")
            section.extend(rest)
            section += nodes.raw("", "</details>", format="html")


def _finish_page(app: Sphinx, name: str, template: str, context: dict, page) -> str | None:
    """Give the landing page a template of its own; a corner of a table is no header."""
    if body := context.get("body"):
        context["body"] = EMPTY_HEADER.sub("<td></td>", body)
    tree = context.get("furo_navigation_tree", "")  # its captions say heading, but not which level
    context["furo_navigation_tree"] = tree.replace(' role="heading"', "")
    return "landing.html" if name == app.config.root_doc else None


def setup(app: Sphinx) -> dict:
    """Register all of it with Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    for name, default in (("folded", {}), ("twins", {}), ("exercises", "Exercises")):
        app.add_config_value(name, default, "env", type(default))
    app.connect("doctree-resolved", _mark_sections)
    app.connect("html-page-context", _finish_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
