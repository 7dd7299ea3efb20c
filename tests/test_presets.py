"""The settings of every lesson at every level, and how a reader's mistake is shown."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers.presets import PRESETS, choose_preset
from tests.trouble import refused


@pytest.mark.parametrize("lesson", PRESETS)
@pytest.mark.parametrize("level", ["", "smoke", "lesson", "full"])
def test_gan_preset_decides(level, lesson, monkeypatch):
    monkeypatch.setenv("GAN_PRESET", level)
    assert choose_preset(lesson) == PRESETS[lesson][level or "lesson"]
    assert choose_preset(lesson).level == (level or "lesson")


def test_an_unknown_level_is_one_sentence_with_the_choice(monkeypatch):
    monkeypatch.setenv("GAN_PRESET", "fast")
    with refused("fast .*smoke, lesson, full"):
        choose_preset("02_mnist_gan")


def test_course_error_shows_its_sentence_alone(capsys):
    shell = InteractiveShell()
    shell.run_cell("from helpers.base.errors import CourseError\nraise CourseError('Do it so.')")
    assert capsys.readouterr().out.strip() == "Do it so."
