"""The page of results: plausible, varied, new, as the outputs of the notebooks have them."""

import re
from dataclasses import dataclass

from helpers.base.errors import CourseError
from helpers.tables import Table, read_rows
from notebooks.tools.site.lessons import Lesson, anchor
from notebooks.tools.site.words import ENGLISH, N, Words

QUESTIONS = {
    N("Is it plausible?"): N(
        "Do single examples look real? Each number is a distance between fakes and real data, so "
        "small is good; precision is the share of fakes that look real, so 1 is best. The distances "
        "of different lessons live in different spaces: compare them with the number of real data "
        "in their own row, and with nothing else."
    ),
    N("Is it varied?"): N(
        "Do the fakes reach all that the real data have? Here a number should be as large as that "
        "of real data. Recall and coverage are shares, entropy is in bits, and spread is 1 if fakes "
        "are as far apart as real pictures."
    ),
    N("Is it new?"): N(
        "Or does the generator hand out what it has seen? For each fake, the nearest training "
        "picture is looked up, and so it is for real pictures that were not trained on. Fakes that "
        "are as far away as those are no copies."
    ),
}


@dataclass(frozen=True)
class Number:
    """One measured number, beside that of real data where the lesson has one."""

    lesson: Lesson
    heading: str
    generator: str
    measure: str
    fakes: str
    real: str = ""

    @property
    def is_headline(self) -> bool:
        """Whether it stands on the landing page: one number a lesson and a question."""
        best = {"average", "from the digits", "one step further"}
        measures = {"distance to the curve", "coverage", "Frechet distance", "recall", "spread"}
        is_best = self.generator in best and self.measure in measures
        return is_best or self.measure == N("median distance")

    def row(self) -> dict[str, str]:
        """Return it as a row of a table, with a link to the section that measures it."""
        t, link = self.lesson.t, f"{self.lesson.path.name}#{anchor(self.heading)}"
        return {
            t("lesson"): f"[{self.lesson.title[:2]}]({link})",
            t("generator"): t(self.generator),
            t("measure"): t(self.measure),
            t("fakes"): self.fakes,
            t("real data"): self.real or "–",
        }


def rows_of(lesson: Lesson, columns: set[str], names: set[str]) -> tuple[str, str, dict]:
    """Return heading, caption and rows, by name, of the first table shown that has all these."""
    for heading, cell in lesson.sections():
        for output in cell.get("outputs", []):
            lines = output.get("data", {}).get("text/plain", "").splitlines()
            table = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
            rows = {row[0]: dict(zip(table[0], row, strict=True)) for row in table[2:]}
            if rows and columns <= set(table[0]) and names <= rows.keys():
                return heading, lines[0], rows
    wanted = ", ".join([*sorted(names), *sorted(columns)])
    raise CourseError(f"{lesson.path.name} shows no table with these rows and columns: {wanted}.")


def neighbours(lesson: Lesson) -> tuple[str, list[list[str]]]:
    """Return the heading and the lines about the nearest training pictures: name, fake, real."""
    for heading, cell in lesson.sections():
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/plain", "")
            if text.startswith("to the nearest training picture"):
                return heading, [re.split(r"\s{2,}", line) for line in text.splitlines()[1:]]
    raise CourseError(f"{lesson.path.name} does not show how near its fakes are to training data.")


def _compared(lesson: Lesson, measures: dict[str, str], generators: dict[str, str]):
    """Yield the numbers of a table, for the generators that are named, beside those of real data."""
    heading, caption, rows = rows_of(lesson, set(measures), set(generators))
    real = next((row for name, row in rows.items() if "real" in name), {})
    if found := re.search(r"real to real ([\d.]+)", caption):
        real = {"Frechet distance": found.group(1)}
    for name, words in generators.items():
        for column, measure in measures.items():
            number = rows[name][column]
            yield Number(lesson, heading, words, measure, number, real.get(column, ""))


def measured(lessons: list[Lesson]) -> dict[str, list[Number]]:
    """Return the numbers for each of the three questions; CourseError if one is not shown."""
    by_number = {lesson.name[:2]: lesson for lesson in lessons}
    numbers = [
        *_compared(
            by_number["01"],
            {"distance to the curve": N("distance to the curve"),
             "share of bins covered": N("coverage")},
            {"its average": N("average")},
        ),
        *_compared(
            by_number["02"],
            {"Frechet distance": N("Frechet distance"), "precision": N("precision"),
             "recall": N("recall"), "share of classes covered": N("classes covered")},
            {"your run, average": "average", "the best": N("the best, long run")},
        ),
        *_compared(
            by_number["03"],
            {"Frechet distance": "Frechet distance", "precision": "precision", "recall": "recall",
             "entropy (bits)": N("entropy")},
            {"new weights": N("from new weights"), "from the digits": N("from the digits")},
        ),
        *_compared(
            by_number["04"],
            {"Frechet distance": "Frechet distance", "spread": N("spread")},
            {"first GAN, best moment": N("the lecture's networks"),
             "second GAN, best moment": N("one step further")},
        ),
    ]  # fmt: skip
    plausible = [n for n in numbers if "distance" in n.measure or n.measure == "precision"]
    news = []
    for lesson in (by_number[number] for number in ("02", "03", "04")):
        heading, lines = neighbours(lesson)
        for name, fake, real in lines[2:]:
            news.append(Number(lesson, heading, numbers_name(lesson, numbers), name, fake, real))
    varied = [number for number in numbers if number not in plausible]
    return dict(zip(QUESTIONS, (plausible, varied, news), strict=True))


def numbers_name(lesson: Lesson, numbers: list[Number]) -> str:
    """Return the generator whose fakes a lesson looks up: the first, in lesson 04 the second."""
    names = list(dict.fromkeys(n.generator for n in numbers if n.lesson is lesson))
    return names[-1] if lesson.name.startswith("04") else names[0]


def page(lessons: list[Lesson], t: Words = ENGLISH) -> str:
    """Return the page as Markdown."""
    parts = [
        "# " + t("Results"),
        t(
            "Three questions end every lesson: *is it plausible, is it varied, is it new?* These "
            "are the answers, taken from the outputs of the notebooks when this page was made, at "
            "the settings of the preset `lesson`: minutes on two CPU cores."
        ),
    ]
    for question, numbers in measured(lessons).items():
        parts += [f"## {t(question)}", t(QUESTIONS[question])]
        parts.append(_table([number.row() for number in numbers], t("Fakes beside real data")))
    parts += [
        t(
            "In lesson 01 the third question has no useful answer: every point of the curve is "
            "close to one of the 1,024 that it was trained on."
        ),
        "## " + t("Other seeds"),
        t(
            "One run proves little. These were measured beforehand with three seeds each, by the "
            "tools in `data/make/`; the lessons show the same tables."
        ),
    ]
    for name, caption in (
        ("steadier", N("01: mean distance to the curve, three seeds in a cell")),
        ("seeds_02", N("02: averages, 10,000 fakes each")),
        ("two_ways", N("03: averages, 10,000 fakes each")),
        ("faces04_seeds", N("04: the second GAN, 500 faces each")),
    ):
        rows = read_rows(name)
        if name == "steadier":
            rows = [{key: row[key] for key in ("settings", "generator", "average")} for row in rows]
        parts.append(_table(rows, t(caption)))
    return "\n\n".join(parts) + "\n"


def _table(rows: list[dict], caption: str) -> str:
    """Return a table of Markdown with its caption above it."""
    lines = repr(Table(rows, caption)).splitlines()
    return "\n".join([f"**{lines[0]}**", *lines[1:]])
