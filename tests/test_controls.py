"""The live controls: functions behind the widgets, the widgets, and life without them."""

import io

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from helpers import controls


def read(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


def shade(noise):
    """Draw a noise vector of three numbers as three pictures of 4 x 4 pixels: dark to light."""
    values = np.asarray(noise.tolist(), np.float32).reshape(-1, 3)[0]
    return np.broadcast_to(values[:, None, None, None], (3, 1, 4, 4)) / 2.5


def test_pictures_stand_side_by_side_and_small_ones_are_enlarged():
    image = read(controls.to_png(shade(np.array([-2.5, 0.0, 2.5]))))
    assert image.shape == (112, 336)
    assert image[50, [50, 150, 280]].tolist() == [0, 128, 255]
    assert read(controls.to_png(torch.zeros(1, 3, 200, 100))).shape == (200, 100)


def test_the_slider_of_a_walk_draws_what_lies_there():
    control = controls.walk(shade, np.full(3, -2.5), np.full(3, 2.5))
    slider = control.handles[0]
    means = []
    for way in (0.0, 0.5, 1.0):
        slider.value = way
        means.append(read(control.image.value).mean())
    assert means == pytest.approx([0, 128, 255], abs=1)
    assert control.text.value == "100% of the way"
    assert slider.continuous_update is False


@pytest.mark.parametrize("noise", [np.zeros(3), torch.zeros(1, 3)])
def test_each_slider_moves_its_own_number_of_a_copy(noise):
    control = controls.directions(shade, noise, places=(0, 2))
    assert [slider.description for slider in control.handles] == ["number 1", "number 3"]
    for slider, value, shades in ((1, 2.5, [128, 128, 255]), (0, -2.5, [0, 128, 255])):
        control.handles[slider].value = value
        assert read(control.image.value)[50, [50, 150, 280]].tolist() == shades
    assert control.text.value == "number 1: -2.50, number 3: 2.50"
    assert not noise.any()


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


def test_where_no_widget_can_stand_a_sentence_says_what_to_do():
    shown, _ = DisplayFormatter().format(controls.walk(shade, np.zeros(3), np.ones(3)))
    assert shown["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert shown["text/plain"] == "Run this cell in Jupyter or Colab to get a slider here."
