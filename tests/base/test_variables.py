"""Values of environment variables, as people type them."""

from pathlib import Path

import pytest

from helpers.base.errors import CourseError
from helpers.base.variables import folder_of, path_of, variable
from tests.trouble import refused


@pytest.mark.parametrize("typed", ["full", " full ", '"full"', "'full'", ' " full" '])
def test_blanks_and_quotes_are_no_part_of_a_value(typed, monkeypatch):
    monkeypatch.setenv("GAN_PRESET", typed)
    assert variable("GAN_PRESET") == "full"


@pytest.mark.parametrize("typed", ["", "  ", '""'])
def test_an_empty_value_is_none(typed, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", typed)
    assert folder_of("GAN_RUNS") is None


def test_a_folder_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for typed, wanted in {
        "runs": tmp_path / "runs",
        "~": Path.home(),
        '"a b"': tmp_path / "a b",
    }.items():
        monkeypatch.setenv("GAN_RUNS", typed)
        assert folder_of("GAN_RUNS") == wanted


def test_a_drive_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "drive" / "MyDrive" / "runs"))
    with refused("Mount the drive"):
        folder_of("GAN_RUNS")
    assert not (tmp_path / "drive").exists()


@pytest.mark.parametrize("odd", ["x" * 300, "loop", "loop/x", "~nobody-of-this-name/x", "a\0b"])
def test_what_is_no_path_is_one_sentence(odd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with refused("is no path that can be used"):
        path_of(odd)


def test_a_sentence_stays_on_one_line_and_can_be_shown():
    assert str(CourseError("There is no\n file\t\udcff\x1b[1m\u202e ü.")) == (
        "There is no file ??[1m? ü."
    )
