"""The words of the lessons: numbers that a cell shows, headings in order, tables with headers."""

import re
from itertools import pairwise
from pathlib import Path

from tests.lessons.notebooks import cells, each_notebook, source

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
# Numbers that come from a source or a definition and not from a cell.
FACTS = {
    "01_sine_gan": {30, 0.001, 500},  # dropout in percent; a learning rate; steps of a check
    # the largest pixel; epochs, learning rate and wider noise in data/make_generators.py
    "02_mnist_gan": {255, 30, 0.0004, 1.2},
    "03_fashion_gan": {30, 50, 70_000, 0.45},  # epochs of the players; pictures; see lesson 02
    # 16.5: `tests.benchmarks faces04 pair`; 227: `tests.benchmarks faces 202599`
    "04_celeba_keras_gan": {
        0.3,
        4000,
        16.5,
        28,
        255,
        784,
        1024,
        10_000,
        12_288,
        49_152,
        202_599,
        2015,
        2018,
        227,
    },
}


def prose(path: Path) -> str:
    """Return the Markdown without links, code, citations and the table of times at the top."""
    text = "\n\n".join(source(cell) for cell in cells(path, "markdown"))
    text = re.sub(r"^\| `(lesson|full|smoke)` .*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"```.*?```|\]\([^)]*\)|\d{4},?\s+arXiv \d+\.\d+", "", text, flags=re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def numbers(text: str) -> set[float]:
    """Return all numbers in a text."""
    return {float(number.replace(",", "")) for number in NUMBER.findall(text)}


def shown(path: Path) -> set[float]:
    """Return the numbers of the code and of its outputs that are text."""
    found = set()
    for cell in cells(path, "code"):
        found |= numbers(source(cell))
        for output in cell["outputs"]:
            texts = [output.get("text", []), output.get("data", {}).get("text/plain", [])]
            found |= numbers(" ".join("".join(text) for text in texts))
    return found


@each_notebook
def test_numbers_in_prose_are_shown_by_a_cell(path):
    known = shown(path) | FACTS[path.stem]
    in_percent = {round(100 * number) for number in known if number <= 1}
    missing = []
    for text in NUMBER.findall(prose(path)):
        value = float(text.replace(",", ""))
        digits = len(text.partition(".")[2])
        small = digits == 0 and value <= 20  # steps, lessons, counts of things in view
        if not (
            small
            or value in known
            or (digits and any(round(number, digits) == value for number in known))
            or (not digits and value in in_percent)
        ):
            missing.append(text)
    assert not missing


@each_notebook
def test_headings_step_down_one_level_at_a_time(path):
    text = "\n".join(source(cell) for cell in cells(path, "markdown"))
    levels = [
        len(marks)
        for marks in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    ]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@each_notebook
def test_every_table_has_a_header(path):
    for cell in cells(path, "markdown"):
        lines = source(cell).split("\n")
        for above, line in pairwise(["", *lines]):
            if line.startswith("|") and not above.startswith("|"):
                head = lines[lines.index(line) + 1]
                assert re.fullmatch(r"\|( --- \|)+", head), line
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            page = "".join(output.get("data", {}).get("text/html", []))
            assert page.count("<table>") == page.count('<thead><tr><th scope="col">')
