"""The colours of the course can be told apart by people with a colour-vision deficiency."""

import colorsys
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from helpers import plotting
from helpers.base.colours import DARK, LIGHT

ROOT = Path(plotting.__file__).parents[1]
HEX = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})\b")

# Machado, Oliveira, Fernandes 2009, severity 1.0, for linear RGB.
DEFICIENCIES = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TO_XYZ = np.array(
    ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)),
)
WHITE = TO_XYZ.sum(axis=1)


def linear(colour) -> np.ndarray:
    """Return the linear RGB of a colour."""
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* of a linear RGB, clipped to what a screen can show."""
    ratio = TO_XYZ @ rgb.clip(0, 1) / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array((116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])))


def difference(one, other, deficiency: str) -> float:
    """Return how far apart (CIE 1976) two colours look; about 2 is just visible."""
    matrix = np.array(DEFICIENCIES[deficiency])
    return float(np.linalg.norm(lab(matrix @ linear(one)) - lab(matrix @ linear(other))))


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_map_of_answers_goes_one_way(deficiency):
    shades = plotting.ANSWERS(np.linspace(0, 1, 11))
    steps = [difference(shade, plotting.ANSWERS(0.5), deficiency) for shade in shades]
    assert steps[:6] == sorted(steps[:6], reverse=True)  # the farther, the surer
    assert steps[5:] == sorted(steps[5:])
    assert difference(shades[0], shades[-1], deficiency) > 30


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_that_stand_for_something_look_different(colours, deficiency):
    pairs = {pair: 15 for pair in (("d", "g"), ("ink", "lit"))}
    pairs |= {pair: 30 for pair in combinations(("real", "fake", "undecided"), 2)}
    pairs |= {(name, "paper"): 30 for name in ("real", "fake", "d", "g", "ink")}
    for (one, other), least in pairs.items():
        assert difference(colours[one], colours[other], deficiency) > least, (one, other)
    assert difference("#C02020", "#5A6F10", "deuteranopia") < 30  # it does see a bad pair


def test_colours_stand_once():
    assert list(LIGHT) == list(DARK)
    for path in (ROOT / "helpers").rglob("*.*"):
        if path.suffix in (".py", ".js", ".html") and path.name != "colours.py":
            assert not HEX.findall(path.read_text(encoding="utf-8")), path


SITE = ["slides.html.j2", "look/landing.html", "look/static/site.css", "look/static/mark.svg"]
PAINTED = ["pictures/two_players.svg", *(f"tools/site/{name}" for name in SITE)]


@pytest.mark.parametrize("path", PAINTED)
def test_drawing_and_site_have_only_grays_and_hues_of_the_course(path):
    """Tints and shades of the players, real and fake are welcome: the same hue."""
    hues = [colorsys.rgb_to_hsv(*to_rgb(LIGHT[name]))[0] for name in ("real", "fake", "d", "g")]
    for colour in HEX.findall((ROOT / "notebooks" / path).read_text(encoding="utf-8")):
        hue, saturation, _ = colorsys.rgb_to_hsv(*to_rgb(colour))
        assert saturation == 0 or min(abs(hue - known) for known in hues) < 0.01, colour
