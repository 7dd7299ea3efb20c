"""What the web site is made of, and what its command refuses; pages: tests/browser/test_site.py."""

import re
import shutil
from datetime import date

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import helpers
from notebooks.tools import set_address
from notebooks.tools.site import __main__ as command
from notebooks.tools.site import results, sheets
from notebooks.tools.site.lessons import NOTEBOOKS, Lesson, links_within, read_lessons
from notebooks.tools.site.words import Words
from tests.builder import needs_builder
from tests.lessons.notebooks import PATHS
from tests.trouble import is_one_sentence, refused

ROOT = NOTEBOOKS.parent


@pytest.fixture(scope="module")
def lessons():
    return read_lessons()


def write(folder, *cells, name="01_a"):
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# 01 · T"), *cells]), path)
    return path


# ---------------------------------------------------------------- notebooks


def test_a_notebook_that_cannot_be_shown_is_refused(tmp_path):
    with refused("no notebooks"):
        read_lessons(tmp_path)
    with refused("outputs"):
        Lesson(write(tmp_path, new_code_cell("1")))
    bad = new_code_cell("1 / 0", outputs=[new_output("error", ename="Z", evalue="", traceback=[])])
    with refused("failed"):
        Lesson(write(tmp_path, bad))
    old = new_output(
        "display_data", {"text/html": '<iframe class="gan-player" srcdoc=""></iframe>'}
    )
    with refused("another version"):
        Lesson(write(tmp_path, new_code_cell("show()", outputs=[old])))


def test_players_move_into_files_and_keep_their_stills(lessons):
    for lesson in lessons:
        assert lesson.players and len(lesson.players) == len(lesson.stills)
        shown = [str(cell.get("outputs")) for cell in lesson.source().cells]
        assert "srcdoc" not in "".join(shown)
        assert not any("gan-player" in text and "image/png" in text for text in shown)
        for name in lesson.players:
            stem = name.removesuffix(".html")
            assert sum(f'src="players/{stem}.html"' in text for text in shown) == 1
            assert sum(f'src="players/{stem}.png"' in text for text in shown) == 1


def test_pages_have_buttons_in_place_of_the_badge_and_alt_texts(lessons):
    for lesson in lessons:
        source = lesson.source()
        assert not re.search("colab-badge|open-in-kaggle", source.cells[0].source)
        for link in (*lesson.links.values(), f"{lesson.name}_slides.html", lesson.path.name):
            assert link in source.cells[0].source
        for cell in source.cells:
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
                assert len(cell.metadata["mystnb"]["image"]["alt"]) > 20
    assert len(lessons[0].folded()) == 10


def test_links_lead_to_pages_or_to_the_repository():
    text = links_within(
        "[a](02_x.ipynb#B) [b](README.md) [c](scripts) [d](../data/README.md) [e](#x)"
    )
    address = set_address.address()
    assert "[a](02_x.ipynb#B) [b](where.md)" in text and "[e](#x)" in text
    assert f"]({address}/tree/main/notebooks/scripts)" in text
    assert f"]({address}/blob/main/data/README.md)" in text


# ---------------------------------------------------------------- results and sheets


def test_each_question_is_answered_with_numbers_of_the_notebooks(lessons):
    numbers = results.measured(lessons)
    assert list(numbers) == ["Is it plausible?", "Is it varied?", "Is it new?"]
    for found in numbers.values():
        assert {number.lesson.name[:2] for number in found} >= {"02", "03", "04"}
        for number in found:
            text = number.lesson.path.read_text(encoding="utf-8")
            assert number.fakes in text and number.real in text
        headlines = [number for number in found if number.is_headline]
        assert len({number.lesson.name for number in headlines}) == len(headlines) >= 3


def test_results_that_a_notebook_does_not_show_are_missed(lessons, tmp_path):
    shown = new_output("execute_result", {"text/plain": "4"}, execution_count=1)
    lesson = Lesson(write(tmp_path, new_code_cell("2 + 2", outputs=[shown])))
    with refused("no table"):
        results.rows_of(lesson, {"recall"}, {"average"})
    with refused("near"):
        results.neighbours(lesson)


def test_the_sheets_have_every_exercise_and_no_solution_among_the_questions(lessons):
    questions, solutions = sheets.questions(lessons), sheets.solutions(lessons)
    for lesson in lessons:
        wanted = re.findall(
            r"^### \d\. .+", "\n".join(c.source for c in lesson.notebook.cells), re.M
        )
        assert len(wanted) >= 4
        for heading in wanted:
            assert heading in questions and heading in solutions
    assert "<details>" not in questions + solutions
    for exercise in (each for lesson in lessons for each in sheets.exercises(lesson)):
        assert exercise.solution not in questions and exercise.question[0]


def test_an_exercise_without_a_solution_is_refused(tmp_path):
    shown = new_output("stream", text="")
    cells = [new_markdown_cell("## Exercises"), new_markdown_cell("### 1. Why?\n\nSay it.")]
    with refused("solution"):
        sheets.exercises(Lesson(write(tmp_path, *cells, new_code_cell("1", outputs=[shown]))))


# ---------------------------------------------------------------- the folder


def make(folder, text="new"):
    with command.new_site(folder) as part:
        (part / "index.html").write_text(text)
        (part / "players").mkdir()
        (part / "players" / "one.html").write_text(text)


def test_a_site_is_written_and_an_older_one_replaced(tmp_path):
    folder = tmp_path / "deep" / "site"
    make(folder)
    make(folder, "newer")
    assert (folder / "players" / "one.html").read_text() == "newer"
    assert [path.name for path in folder.parent.iterdir()] == ["site"]
    empty = tmp_path / "empty"
    empty.mkdir()
    make(empty)
    assert (empty / "index.html").exists()


@pytest.mark.parametrize("how", ["file", "other", "added", "changed", "marker"])
def test_what_the_command_has_not_made_stays(tmp_path, how):
    folder = tmp_path / "site"
    if how == "file":
        folder.write_text("mine")
    elif how == "other":
        folder.mkdir()
        (folder / "thesis.txt").write_text("mine")
    else:
        make(folder)
        name = {"added": "notes.txt", "changed": "index.html", "marker": command.MADE}[how]
        (folder / name).write_text("mine")
    paths = [path for path in [folder, *folder.rglob("*")] if path.is_file()]
    before = {path: path.read_text() for path in paths}
    with refused(re.escape(str(folder))), command.new_site(folder):
        raise AssertionError("it has begun to write")
    assert {path: path.read_text() for path in paths} == before


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with refused("cannot be written"):
        make(tmp_path / "file" / "site")
    make(tmp_path / "site")
    monkeypatch.setattr(command.os, "access", lambda path, mode: False)
    with refused("read-only"):
        make(tmp_path / "site")


def test_after_an_error_the_older_site_stands(tmp_path):
    folder = tmp_path / "site"
    make(folder)
    with pytest.raises(KeyboardInterrupt), command.new_site(folder) as part:
        (part / "index.html").write_text("half")
        raise KeyboardInterrupt
    assert (folder / "index.html").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_the_command_says_what_is_wrong_in_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="FOLDER"):
        command.main([])
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="requirements") as caught:
        command.main([str(tmp_path / "site")])
    assert is_one_sentence(str(caught.value)) and not list(tmp_path.iterdir())


@needs_builder
def test_the_command_leaves_nothing_when_a_notebook_cannot_be_shown(tmp_path, monkeypatch):
    from notebooks.tools.site import build

    notebooks = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, notebooks, ignore=shutil.ignore_patterns("0*", "tools", "scripts"))
    write(notebooks, new_code_cell("1"))
    with refused("outputs"), command.new_site(tmp_path / "site") as part:
        build.build(part, notebooks)
    assert [path.name for path in tmp_path.iterdir()] == ["notebooks"]


# ---------------------------------------------------------------- the release


def test_version_and_date_are_the_same_everywhere():
    cite = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    version = re.search(r"^version: (.+)$", cite, re.M).group(1)
    day = re.search(r"^date-released: (.+)$", cite, re.M).group(1)
    newest = re.search(r"^## \[(.+)\] - (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest.groups() == (version, day) and date.fromisoformat(day)
    assert version == helpers.__version__


@pytest.mark.parametrize("language", ["en", "ru"])
def test_minutes_of_readme_are_those_of_the_lessons(language):
    t = Words(language)
    translated = {path.name: nbformat.read(NOTEBOOKS / t.folder / path.name, 4) for path in PATHS}
    for lesson in read_lessons(NOTEBOOKS, t, translated):
        table = next(
            c.source for c in lesson.notebook.cells if c.source.startswith(("| preset", "| пресет"))
        )
        row = next(line for line in table.splitlines() if line.startswith("| `lesson`"))
        assert lesson.sentence and lesson.library in ("PyTorch", "Keras")
        assert lesson.minutes in row.split(" | ")[2]


def test_both_addresses_are_replaced():
    text = (
        "[the course as a web site](https://a.github.io/b/) https://github.com/a/b\n"
        "[курс в виде сайта](https://a.github.io/b/ru/)\n"
        "url: https://a.github.io/b/\nrepository-code: https://github.com/a/b\n"
        "https://colab.research.google.com/github/a/b/blob/main/x\n"
        "git clone https://github.com/a/b && cd b [tell us](https://github.com/a/b/issues/new)"
    )
    new = set_address.with_address(text, "https://github.com/c/d", "https://c.example.org/")
    assert (
        new.count("https://c.example.org/") == 3 and "org/ru/)" in new and "a.github.io" not in new
    )
    assert "github/c/d/blob" in new and "clone https://github.com/c/d &&" in new
    assert "code: https://github.com/c/d\n" in new and "(https://github.com/c/d/issues/new)" in new


def test_the_player_of_every_committed_notebook_is_of_this_version(lessons):
    assert [lesson.path for lesson in lessons] == PATHS
