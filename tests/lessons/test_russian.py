"""The Russian edition: the same code, nothing lost in translation, nothing stale in silence."""

import shutil

import pytest
from babel.messages.catalog import Message

from notebooks.tools.russian import NOT_YET, NOTEBOOKS, Edition, differences, main, write
from notebooks.tools.site.lessons import PLAYER
from tests.trouble import is_one_sentence, refused

LESSON = "02_mnist_gan.ipynb"


@pytest.fixture
def edition():
    return Edition()


@pytest.fixture(scope="module")
def built():
    return Edition()


def test_everything_is_translated(built):
    assert built.faults() == []


def test_the_committed_edition_is_what_the_command_makes(built, tmp_path):
    write(built, tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = (NOTEBOOKS / "ru").iterdir()
    assert made == {p.name: p.read_bytes() for p in committed if p.suffix in (".md", ".ipynb")}
    assert sum(map(len, made.values())) < 6e6


def test_code_and_order_are_those_of_the_english_notebooks(built):
    for name, english in built.notebooks.items():
        russian = built.notebook(name)
        for ours, theirs in zip(english.cells, russian.cells, strict=True):
            assert (ours.id, ours.cell_type, ours.metadata) == (
                theirs.id,
                theirs.cell_type,
                theirs.metadata,
            )
            if ours.cell_type == "code":
                assert ours == theirs
        titles = [russian for _, russian in built.headings(name)]
        fixed = {"Решение"}
        assert len(set(titles) - fixed) == len([t for t in titles if t not in fixed]), name


def test_one_changed_sentence_is_named_and_no_other(edition):
    number = next(
        i
        for i, cell in enumerate(edition.notebooks[LESSON].cells)
        if cell.source.startswith("## The settings")
    )
    edition.notebooks[LESSON].cells[number].source += " This is new."
    (fault,) = edition.faults()
    assert f"{LESSON}, cell {number}: the English has changed" in fault and is_one_sentence(fault)
    assert NOT_YET in edition.notebook(LESSON).cells[number].source


def test_a_changed_row_of_a_table_is_named(edition):
    edition.pages["README.md"] = edition.pages["README.md"].replace("Why `detach`?", "Why then?")
    (fault,) = edition.faults()
    assert "README.md, block" in fault and "has changed" in fault
    assert "| Why then? |" in edition.page("README.md")


ENGLISH = """## A *title*

See [there](02.ipynb#There): `detach` takes $\\frac{1}{2}$ of 10,000, or 0.5.

- one
- two"""
RUSSIAN = """## *Заголовок*

Смотрите [там](02.ipynb#There): `detach` берёт $\\frac{1}{2}$ от 10\u00a0000, или 0,5.

- один
- два"""


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("$\\frac{1}{2}$", "половину", "formula"),
        ("(02.ipynb#There)", "(02.ipynb)", "link"),
        ("`detach`", "detach", "code word"),
        ("\n- два", "", "list item"),
        ("## ", "", "heading"),
        ("0,5", "0,6", "numbers"),
        ("10\u00a0000", "1000", "numbers"),
    ],
)
def test_what_a_translation_loses_is_named(old, new, what):
    assert differences(ENGLISH, RUSSIAN) == []
    assert any(what in found for found in differences(ENGLISH, RUSSIAN.replace(old, new)))


def entry_of(edition, start):
    """Return the name of a lesson's text and its entry."""
    translation = edition.translations[LESSON]
    return translation, next(m for m in translation if m.id and m.id.startswith(start))


def test_a_missing_and_an_unknown_entry_are_named(edition):
    translation, message = entry_of(edition, "## The settings")
    translation.delete(message.id)
    (fault,) = edition.faults()
    assert LESSON in fault and "has no entry" in fault
    translation["Nobody says this."] = Message("Nobody says this.", "Никто.")
    assert len(edition.faults()) == 2 and any("no cell" in fault for fault in edition.faults())
    assert all(map(is_one_sentence, edition.faults()))


def test_what_is_not_translated_stands_in_english_and_is_marked(edition):
    _, message = entry_of(edition, "## The settings")
    for message.string, message.flags in (("", set()), ("## Настройки", {"fuzzy"})):
        (fault,) = edition.faults()
        assert LESSON in fault
        text = next(c.source for c in edition.notebook(LESSON).cells if NOT_YET in c.source)
        assert "## The settings" in text


def test_links_lead_to_russian_sections(built):
    text = built.page("README.md")
    assert "(01_sine_gan.ipynb#Тренировочные-данные)" in text and "(../scripts)" in text
    assert "/blob/main/notebooks/ru/02_mnist_gan.ipynb" in built.notebook(LESSON).cells[0].source


def test_players_are_left_out_and_their_stills_are_not(built):
    notebook = (NOTEBOOKS / "ru" / LESSON).read_text(encoding="utf-8")
    assert PLAYER not in notebook and "image/png" in notebook
    assert any(PLAYER in str(cell.get("outputs")) for cell in built.notebook(LESSON).cells)


@pytest.fixture
def copy(tmp_path):
    """The English texts and their translations in another place."""
    folder = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns("ru", "tools", "pictures"))
    return folder


def test_files_that_cannot_be_read_are_named(copy):
    path = copy / "scripts" / LESSON.replace(".ipynb", ".ru.po")
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("cp1251", errors="replace"))
    with refused("UTF-8"):
        Edition(copy)
    start = text.index('msgid ""\n"## The settings')
    path.write_text(text + "\n" + text[start : text.index("\n\n", start)] + "\n", encoding="utf-8")
    with refused("second entry"):
        Edition(copy)
    path.write_text(text.replace("msgstr", "msgst", 1), encoding="utf-8")
    with refused("line"):
        Edition(copy)


def test_new_texts_get_entries_and_changed_ones_are_marked(copy):
    edition = Edition(copy)
    cells = edition.notebooks[LESSON].cells
    cells[0].source += " This is new."
    translation = edition.translations[LESSON]
    translation.update_from(list(edition.texts(LESSON).values()))
    again = Edition(copy).translations[LESSON]
    marked = [message for message in again if message.id and message.fuzzy]
    assert len(marked) == 1 and "This is new." in marked[0].id and marked[0].string
    assert len(again) == len(translation)


def test_the_command_knows_one_option():
    with pytest.raises(SystemExit, match="--update"):
        main(["--help"])
