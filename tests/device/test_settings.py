"""What the reader has set for Keras and Matplotlib changes no lesson, and no lesson changes it."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.pylabtools import select_figure_formats

from helpers import plotting
from helpers.device.keras import quiet_start
from notebooks.tools.lesson import run_cells

ROOT = Path(__file__).resolve().parents[2]
KERAS = {"floatx": "float16", "epsilon": 0.5, "image_data_format": "channels_first"}
VARIABLES = {"KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "1"}
MATPLOTLIB = """
axes.autolimit_mode: round_numbers
axes.prop_cycle: cycler("color", ["red"])
backend: TkAgg
figure.dpi: 10
figure.facecolor: red
font.size: 30
image.cmap: jet
image.interpolation: bilinear
image.lut: 2
image.origin: lower
legend.frameon: False
lines.linewidth: 10
savefig.bbox: tight
savefig.dpi: 10
savefig.format: pdf
savefig.pad_inches: 2
savefig.transparent: True
text.usetex: True
toolbar: None
"""


def figures(formatter):
    """Return digests of some figures as Jupyter shows them, and at a size of their own."""
    shade = np.linspace(0, 1, 16).reshape(1, 4, 4)
    points = plotting.plot_points(shade.reshape(8, 2), title="Points")
    made = plotting.plot_images(shade, ["label"]), points, plotting.SmallPicture(points, dpi=50)
    pictures = [formatter.format(picture)[0]["image/png"] for picture in made]
    return [sha256(picture).hexdigest() for picture in pictures]


def lesson_with_settings():
    """Run the set-up of lesson 04, train three epochs of three steps, and draw."""
    shell = InteractiveShell.instance()
    select_figure_formats(shell, {"png"})  # as Jupyter does for Figures
    keras = run_cells("04_celeba_keras_gan", until="quiet_start")["keras"]
    layers = [keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(1)]
    network = keras.Sequential(layers)
    network.compile("sgd", "mse")
    network.fit(np.ones((6, 8, 9, 3)), np.ones((6, 1)), batch_size=2, epochs=3, verbose=0)
    seen = layers[0].output.shape, layers[0].output.dtype, int(network.optimizer.iterations)
    assert seen == ((2, 6, 7, 2), "float32", 9), seen
    assert {name: os.environ.get(name) for name in VARIABLES} == VARIABLES
    matplotlib.rcParams["axes.facecolor"] = "black"
    settings = dict(dict.items(matplotlib.rcParams))  # asked more politely, it picks a backend
    print(*figures(shell.display_formatter), sep="\n")
    assert dict(dict.items(matplotlib.rcParams)) == settings


def test_other_peoples_settings_change_nothing_and_are_not_changed(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "keras.json").write_text(json.dumps(KERAS))
    (theirs / "matplotlibrc").write_text(MATPLOTLIB)
    before = {path: path.read_bytes() for path in theirs.iterdir()}
    told = dict(os.environ, HOME=str(tmp_path), USERPROFILE=str(tmp_path), **VARIABLES)
    told |= {"GAN_DEVICE": "cpu", "GAN_PRESET": "smoke", "KERAS_HOME": str(theirs)}
    # There the fonts are known; Matplotlib would look for them all in a new home.
    told |= {"MATPLOTLIBRC": str(theirs), "MPLCONFIGDIR": matplotlib.get_cachedir()}
    code = "from tests.device.test_settings import lesson_with_settings as run; run()"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-3:] == figures(DisplayFormatter())
    assert {path: path.read_bytes() for path in theirs.iterdir()} == before
    assert not (tmp_path / ".keras").exists()


def test_variables_of_keras_count_again_after_an_error(monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with pytest.raises(OSError, match="stopped"), quiet_start():
        assert os.environ["KERAS_BACKEND"] == "tensorflow"
        raise OSError("stopped")
    assert {name: os.environ.get(name) for name in before} == before
    assert "KERAS_HOME" not in os.environ
