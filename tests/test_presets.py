"""The settings of every lesson at every level, and how a reader's mistake is shown."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers.base.errors import CourseError
from helpers.presets import LEVELS, PRESETS, choose_preset
from tests.sentences import is_one_sentence


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    monkeypatch.delenv("GAN_PRESET", raising=False)


@pytest.mark.parametrize("lesson", PRESETS)
def test_preset_without_a_wish_depends_on_the_device(lesson):
    assert choose_preset(lesson, on_gpu=True) == PRESETS[lesson]["full"]
    assert choose_preset(lesson, on_gpu=False) == PRESETS[lesson]["lesson"]
    assert tuple(PRESETS[lesson]) == LEVELS
    assert all(preset.level == level for level, preset in PRESETS[lesson].items())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("on_gpu", [True, False])
def test_gan_preset_decides(level, on_gpu, monkeypatch):
    monkeypatch.setenv("GAN_PRESET", level)
    assert choose_preset("02_mnist_gan", on_gpu).level == level


@pytest.mark.parametrize(
    ("level", "lesson", "words"),
    [
        ("fast", "02_mnist_gan", "GAN_PRESET=fast .*smoke, lesson, full"),
        ("", "05_none", "05_none .*01_sine_gan, 02_mnist_gan"),
    ],
)
def test_what_is_unknown_is_one_sentence_with_the_choice(level, lesson, words, monkeypatch):
    monkeypatch.setenv("GAN_PRESET", level)
    with pytest.raises(CourseError, match=words) as caught:
        choose_preset(lesson, on_gpu=False)
    assert is_one_sentence(str(caught.value))


def test_course_error_shows_its_sentence_alone(capsys):
    shell = InteractiveShell()
    shell.run_cell("from helpers.base.errors import CourseError\nraise CourseError('Do it so.')")
    assert capsys.readouterr().out.strip() == "Do it so."
