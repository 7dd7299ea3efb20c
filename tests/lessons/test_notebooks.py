"""The committed notebooks: in step with their texts, run from top to bottom, fit to be shown."""

import base64
import json
import re
from itertools import pairwise

import pytest

from notebooks.tools import in_step, set_address
from tests.lessons.notebooks import NOTEBOOKS, PATHS, cells, each_notebook, read, source


def test_every_text_has_a_notebook():
    assert {path.stem for path in PATHS} == {p.stem for p in (NOTEBOOKS / "scripts").glob("*.py")}


@each_notebook
def test_notebook_and_text_agree(path):
    assert in_step.agrees(path)


@each_notebook
def test_notebook_ran_once_from_top_to_bottom(path):
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert outputs and "error" not in [output["output_type"] for output in outputs]
    assert "stderr" not in [output.get("name") for output in outputs]


@each_notebook
def test_every_viewer_can_show_the_notebook(path):
    notebook = read(path)
    assert "widgets" not in notebook["metadata"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert path.stat().st_size < 3e6
    outputs = [output for cell in cells(path, "code") for output in cell["outputs"]]
    text = json.dumps(outputs)
    assert "widget-view" not in text  # dead without its kernel; a sentence stands in its place
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users|content)/\w", text)
    for output in outputs:
        kinds = {"image/png", "image/svg+xml"} & set(output.get("data", {}))
        assert kinds != {"image/svg+xml"}  # which not every viewer shows
        for kind in kinds:
            assert len(output["metadata"][kind]["alt"]) > 20
    assert "".join(map(source, cells(path, "markdown"))).count("$") % 2 == 0


@each_notebook
def test_title_shows_the_picture_that_the_notebook_makes(path):
    code = cells(path, "code")
    title = next(cell for cell in code if f'"{path.stem}.png"' in source(cell))
    made = next(cell for cell in code if "picture" in cell["metadata"].get("tags", []))
    first, last = (
        base64.b64decode("".join(cell["outputs"][-1]["data"]["image/png"]))
        for cell in (title, made)
    )
    assert first == last == (NOTEBOOKS / "pictures" / f"{path.stem}.png").read_bytes()


@each_notebook
def test_every_code_cell_has_a_sentence_above_it(path):
    for above, cell in pairwise(read(path)["cells"]):
        if cell["cell_type"] == "code":
            assert above["cell_type"] == "markdown", source(cell)


@each_notebook
def test_headings_step_down_one_level_at_a_time(path):
    text = "\n".join(source(cell) for cell in cells(path, "markdown"))
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@each_notebook
def test_every_table_has_a_header(path):
    for cell in cells(path, "markdown"):
        for table in re.findall(r"(?:^\|.*\n?)+", source(cell), re.MULTILINE):
            assert re.fullmatch(r"\|( --- \|)+", table.splitlines()[1]), table
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            page = "".join(output.get("data", {}).get("text/html", []))
            assert page.count("<table>") == page.count('<thead><tr><th scope="col">')


NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
# Numbers that come from a source or a definition and not from a cell.
FACTS = {
    # dropout in percent; a learning rate; steps, and a place on the axis of a figure; a paper
    "01_sine_gan": "30 0.001 500 6,000 2014",
    # the largest pixel; data/make/generators.py; half of the 40,000 real pictures
    "02_mnist_gan": "255 1.2 20,000",
    "03_fashion_gan": "30 38 1.2 70,000 0.45",  # epochs and noise of the players; pictures; see 02
    # a layer; the pictures of lesson 02; CelebA; 227: `tests.benchmarks faces 202599`; without
    # the penalty: `data.make.faces04 plain 0 1 2`, and a run of 1,500
    "04_celeba_keras_gan": "7.1 8.6 6.9 1,200 1,500 1,050 0.3 230 28 255 784 1024 10,000 12,288 "
    "49,152 202,599 2015 2018 227",
}


def numbers(*texts):
    found = NUMBER.findall(" ".join("".join(text) for text in texts))
    return {float(number.replace(",", "")) for number in found}


@each_notebook
def test_numbers_in_prose_are_shown_by_a_cell(path):
    prose = "\n\n".join(source(cell) for cell in cells(path, "markdown"))
    prose = re.sub(r"^\| `(lesson|full|smoke)` .*$", "", prose, flags=re.MULTILINE)  # times
    prose = re.sub(r"```.*?```|\]\([^)]*\)|\d{4},?\s+arXiv \d+\.\d+", "", prose, flags=re.DOTALL)
    known = numbers(FACTS[path.stem])
    for cell in cells(path, "code"):
        known |= numbers(re.sub(r"(?<=\d)_(?=\d)", "", source(cell)))  # 10_000 is 10,000
        for output in cell["outputs"]:
            known |= numbers(output.get("text", ""), output.get("data", {}).get("text/plain", ""))
    percent = {round(100 * number) for number in known if number <= 1}
    for text in NUMBER.findall(re.sub(r"`[^`\n]*`", "", prose)):
        value, digits = float(text.replace(",", "")), len(text.partition(".")[2])
        # small ones are lessons, steps, counts of things in view
        small_or_known = not digits and (value <= 20 or value in known | percent)
        assert small_or_known or (digits and value in {round(n, digits) for n in known}), text


def test_set_up_cells_are_the_same():
    assert len({source(cells(path, "code")[0]) for path in PATHS}) == 1


@pytest.mark.parametrize("path", set_address.places(), ids=lambda path: path.name)
def test_address_is_that_of_pyproject(path):
    text = path.read_text(encoding="utf-8")
    site = set_address.address("Homepage")
    assert text == set_address.with_address(text, set_address.address(), site)


def test_address_is_found_in_badges_and_set_up_cells():
    wanted = "https://github.com/someone/else"
    for path in PATHS:
        text = set_address.with_address(path.read_text(encoding="utf-8"), wanted, "")
        assert text.count(f'REPOSITORY = \\"{wanted}\\"') == 1
        assert f"/github/someone/else/blob/main/notebooks/{path.name}" in text
        assert f"/welcome?src={wanted}/blob/main/notebooks/{path.name}" in text
