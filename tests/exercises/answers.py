"""Finds the exercises of a lesson in its text, and runs answers and checks as the reader does."""

import re

import jupytext

from helpers.exercises.verdicts import OPEN, RIGHT, WRONG
from notebooks.tools.lesson import SCRIPTS

SOLUTION = re.compile(r"(?s)<summary>Solution</summary>\n\n```python\n(.*?)```.*?</details>")

# A wrong answer: its code, or what in the solution is replaced by what; and words of the verdict.
Mistake = tuple[str | dict[str, str], str]


def exercises(lesson: str) -> list[tuple[str, str, str]]:
    """Return of each exercise: the cell for the answer, the cell with the check, the solution."""
    cells = jupytext.read(SCRIPTS / f"{lesson}.py").cells
    found = []
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown" and (solution := SOLUTION.search(cell.source)):
            answer, check = [c.source for c in cells[:index] if c.cell_type == "code"][-2:]
            found.append((answer, check, solution[1]))
    return found


def verdict(names: dict, code: str, check: str, capsys) -> str:
    """Run an answer and its check among the names of a lesson; return what the check prints."""
    capsys.readouterr()
    exec(code, names)
    exec(check, names)
    return capsys.readouterr().out


def letters(wrong: str, words: str) -> list[Mistake]:
    """Return wrong letters as mistakes, each with the words that the verdict must have."""
    return [(f"answer = '{letter}'", words) for letter in wrong]


def assert_open(names: dict, lesson: str, capsys) -> None:
    """Without an answer a check says so."""
    for answer, check, _ in exercises(lesson):
        assert verdict(names, answer, check, capsys).strip() == OPEN


def assert_solved(names: dict, lesson: str, capsys) -> None:
    """The solutions are right, and what is said about them fits the width of a page."""
    for answer, check, solution in exercises(lesson):
        said = verdict(names, answer + "\n" + solution, check, capsys)
        assert said.startswith(RIGHT), said
        assert max(map(len, said.splitlines())) <= 100


def assert_refused(names: dict, lesson: str, mistakes: dict[int, list[Mistake]], capsys) -> None:
    """Of each exercise there are wrong answers; the check refuses them and says what is wrong."""
    parts = exercises(lesson)
    assert sorted(mistakes) == list(range(1, len(parts) + 1))
    for index, cases in mistakes.items():
        answer, check, solution = parts[index - 1]
        for mistake, words in cases:
            code = mistake if isinstance(mistake, str) else solution
            for right, wrong in mistake.items() if isinstance(mistake, dict) else ():
                assert right in code, right
                code = code.replace(right, wrong)
            said = verdict(names, answer + "\n" + code, check, capsys)
            assert said.startswith(WRONG) and words in " ".join(said.split()), said
