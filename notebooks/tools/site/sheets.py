"""The exercises on paper: a sheet of questions and, apart from it, a sheet of solutions."""

import re
from dataclasses import dataclass, field

from helpers.base.errors import CourseError
from notebooks.tools.site.lessons import Lesson, links_within
from notebooks.tools.site.words import ENGLISH, N, Words

SOLUTION = re.compile(r"<details><summary>[^<]*</summary>(.*)</details>", re.DOTALL)
# What answers may be: comments of the lessons' code, which stands in English.
N("a number"), N('"a", "b" or "c"'), N('"a", "b", "c" or "d"')
N("a number: how many times the multiply-adds")
ROOM = '<div class="room" aria-hidden="true"><i></i><i></i><i></i></div>'


@dataclass
class Exercise:
    """One exercise of a lesson."""

    title: str
    question: list[str] = field(default_factory=list)
    solution: str = ""


def exercises(lesson: Lesson) -> list[Exercise]:
    """Return the exercises of a lesson; CourseError if one has no solution."""
    found: list[Exercise] = []
    within = False
    for cell in lesson.notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            within = cell.source.startswith(f"## {lesson.t('Exercises')}")
            continue
        if not within:
            continue
        if cell.cell_type == "markdown" and cell.source.startswith("### "):
            title, _, question = cell.source.partition("\n")
            found.append(Exercise(title.lstrip("# "), [question.strip()]))
        elif found and (solution := SOLUTION.search(cell.source)):
            found[-1].solution = solution.group(1).strip()
        elif found and (asked := re.fullmatch(r"answer = None  # (.+)", cell.source.strip())):
            yours = lesson.t("Your answer, {what}:")
            found[-1].question.append(yours.format(what=lesson.t(asked.group(1))))
        elif found and "= None  #" in cell.source:
            found[-1].question.append(f"```python\n{cell.source.strip()}\n```")
    for exercise in found:
        if not exercise.solution:
            raise CourseError(f"{lesson.path.name}: exercise {exercise.title!r} has no solution.")
    return found


def questions(lessons: list[Lesson], t: Words = ENGLISH) -> str:
    """Return the sheet of questions as Markdown."""
    parts = [
        "# " + t("Exercises"),
        '<p class="name-line">' + t("Name") + "</p>",
        t(
            "First predict, then run, then explain. Write your prediction here; the cell below "
            "each exercise in the notebook measures what is asked, and compares."
        ),
    ]
    for lesson in lessons:
        parts.append(f"## {lesson.title}")
        for exercise in exercises(lesson):
            parts += [
                f"### {exercise.title}",
                *(links_within(text, t) for text in exercise.question),
            ]
            parts.append(ROOM)
    return "\n\n".join(parts) + "\n"


def solutions(lessons: list[Lesson], t: Words = ENGLISH) -> str:
    """Return the sheet of solutions as Markdown."""
    parts = ["# " + t("Solutions"), t("To the [exercises](exercises.md), in the same order.")]
    for lesson in lessons:
        parts.append(f"## {lesson.title}")
        for exercise in exercises(lesson):
            parts += [f"### {exercise.title}", links_within(exercise.solution, t)]
    return "\n\n".join(parts) + "\n"
