"""The exercises on paper: a sheet of questions and, apart from it, a sheet of solutions."""

import re
from dataclasses import dataclass, field

from helpers.base.errors import CourseError
from notebooks.tools.site.lessons import Lesson, links_within

SOLUTION = re.compile(r"<details><summary>Solution</summary>(.*)</details>", re.DOTALL)
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
            within = cell.source.startswith("## Exercises")
            continue
        if not within:
            continue
        if cell.cell_type == "markdown" and cell.source.startswith("### "):
            title, _, question = cell.source.partition("\n")
            found.append(Exercise(title.lstrip("# "), [question.strip()]))
        elif found and (solution := SOLUTION.search(cell.source)):
            found[-1].solution = solution.group(1).strip()
        elif found and (asked := re.fullmatch(r"answer = None  # (.+)", cell.source.strip())):
            found[-1].question.append(f"Your answer, {asked.group(1)}:")
        elif found and "= None  #" in cell.source:
            found[-1].question.append(f"```python\n{cell.source.strip()}\n```")
    for exercise in found:
        if not exercise.solution:
            raise CourseError(f"{lesson.path.name}: exercise {exercise.title!r} has no solution.")
    return found


def questions(lessons: list[Lesson]) -> str:
    """Return the sheet of questions as Markdown."""
    parts = [
        "# Exercises",
        '<p class="name-line">Name</p>',
        "First predict, then run, then explain. Write your prediction here; the cell below each "
        "exercise in the notebook measures what is asked, and compares.",
    ]
    for lesson in lessons:
        parts.append(f"## {lesson.title}")
        for exercise in exercises(lesson):
            parts += [f"### {exercise.title}", *map(links_within, exercise.question), ROOM]
    return "\n\n".join(parts) + "\n"


def solutions(lessons: list[Lesson]) -> str:
    """Return the sheet of solutions as Markdown."""
    parts = ["# Solutions", "To the [exercises](exercises.md), in the same order."]
    for lesson in lessons:
        parts.append(f"## {lesson.title}")
        for exercise in exercises(lesson):
            parts += [f"### {exercise.title}", links_within(exercise.solution)]
    return "\n\n".join(parts) + "\n"
