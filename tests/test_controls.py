"""The live controls: functions behind the widgets, the widgets, and life without them."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from helpers import controls
from helpers.plotting import plot_points


def read(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


def shade(noise):
    """Draw a noise vector of three numbers as three pictures of 4 x 4 pixels: dark to light."""
    values = np.asarray(noise.tolist(), np.float32).reshape(-1, 3)[0]
    return np.broadcast_to(values[:, None, None, None], (3, 1, 4, 4)) / 2.5


def plot(noise):
    return plot_points(np.asarray(noise).reshape(-1, 2))


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_ways_and_moves_are_plain_arithmetic_of_any_framework(kind):
    start, end = kind([0.0, 2.0]), kind([1.0, -2.0])
    assert controls.between(start, end, 0.25).tolist() == [0.25, 1.0]
    assert controls.moved(start, {1: -1.5}).tolist() == [0.0, -1.5]
    assert controls.moved(kind([[0.0, 2.0]]), {0: 3.0}).tolist() == [[3.0, 2.0]]
    assert start.tolist() == [0.0, 2.0]  # unchanged
    assert type(controls.between(start, end, 0.5)) is type(start)


def test_pictures_stand_side_by_side_and_small_ones_are_enlarged():
    image = read(controls.to_png(shade(np.array([-2.5, 0.0, 2.5]))))
    assert image.shape == (112, 336)
    assert image[50, [50, 150, 280]].tolist() == [0, 128, 255]
    assert read(controls.to_png(torch.zeros(1, 3, 200, 100))).shape == (200, 100)
    assert read(controls.to_png(plot(np.zeros((5, 2))))).std() > 5


def shown(control):
    """What IPython would put into the notebook: kinds of content and, for each, the content."""
    return DisplayFormatter().format(control)[0]


def test_the_slider_of_a_walk_draws_what_lies_there():
    control = controls.walk(shade, np.full(3, -2.5), np.full(3, 2.5))
    live = shown(control)
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert live["text/plain"].startswith("Run this cell")
    slider = control.handles[0]
    means = []
    for way in (0.0, 0.5, 1.0):
        slider.value = way
        means.append(read(control.image.value).mean())
    assert means == pytest.approx([0, 128, 255], abs=1)
    assert control.text.value == "100% of the way"
    assert slider.continuous_update is False


@pytest.mark.parametrize("noise", [np.zeros(3), torch.zeros(1, 3)])
def test_each_slider_moves_its_own_number(noise):
    control = controls.directions(shade, noise, places=(0, 2))
    assert [slider.description for slider in control.handles] == ["number 1", "number 3"]
    control.handles[1].value = 2.5
    image = read(control.image.value)
    assert image[50, [50, 150, 280]].tolist() == [128, 128, 255]
    control.handles[0].value = -2.5
    image = read(control.image.value)
    assert image[50, [50, 150, 280]].tolist() == [0, 128, 255]
    assert control.text.value == "number 1: -2.50, number 3: 2.50"


def test_a_button_acts_once_draws_and_rests_meanwhile():
    state, seen = {"n": 0}, []

    def act():
        state["n"] += 1
        seen.append([button.disabled for button in control.handles])

    control = controls.buttons(
        {"train D only": act, "train G only": lambda: None}, lambda: shade(np.full(3, state["n"]))
    )
    before = control.image.value
    control.handles[0].click()
    assert state["n"] == 1 and control.image.value != before
    assert seen == [[True, True]]
    assert not any(button.disabled for button in control.handles)
    assert control.text.value == "Last: train D only (press 1)."


def test_an_error_is_told_and_the_buttons_work_again():
    def fail():
        raise RuntimeError("no")

    control = controls.buttons({"fail": fail}, lambda: shade(np.zeros(3)))
    control.handles[0].click()
    assert control.text.value == "That did not work: RuntimeError: no"
    assert not control.handles[0].disabled


def test_without_widgets_a_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setattr(controls, "widgets", None)
    for control in (
        controls.walk(shade, np.zeros(3), np.ones(3)),
        controls.directions(shade, np.zeros(3), places=(0,)),
        controls.buttons({"a": lambda: None}, lambda: shade(np.zeros(3))),
    ):
        assert list(shown(control)) == ["text/plain"]
        assert shown(control)["text/plain"].startswith("Run this cell in Jupyter or Colab")


def test_importing_it_loads_no_framework():
    code = (
        "import sys, helpers.controls, helpers.recording, helpers.player; "
        "print({'torch', 'keras', 'tensorflow', 'sklearn', 'scipy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
