"""Six moments of a recording as an ordinary picture, for print and where scripts are off."""

import textwrap

import numpy as np

from helpers.plotting import ANSWERS, STYLES, Picture, new_figure
from helpers.recording import Recording
from helpers.recording.encoding import answers_of, places_of, sprite_image


def describe(*recordings: Recording) -> str:
    """Return in words what the contact sheet of some recordings shows."""
    texts = []
    for recording in recordings:
        first, last = recording.frames[0], recording.frames[-1]
        what = "fake points" if recording.kind == "points" else "the same fake pictures"
        text = f"{what} from step {first['step']:,} to step {last['step']:,} of training"
        if "coverage" in first:
            text += f"; their coverage goes from {first['coverage']:.0%} to {last['coverage']:.0%}"
        texts.append(f"{recording.title}: {text}." if recording.title else f"{text}.")
    return " ".join(texts)


def contact_sheet(*recordings: Recording) -> Picture:
    """Return six moments of each recording side by side."""
    alt, rows = describe(*recordings), len(recordings)
    with new_figure(alt, rows, 6, size=(12, 2.2 * rows), squeeze=False) as (picture, grid):
        for recording, axes in zip(recordings, grid, strict=True):
            wanted = np.linspace(0, len(recording.frames) - 1, 6).round().astype(int)
            for axis, index in zip(axes, wanted, strict=True):
                _draw_frame(axis, recording, recording.frames[index])
            axes[0].set_ylabel(textwrap.shorten(recording.title, 24), fontsize=9)
    return picture


def _draw_frame(axis, recording: Recording, frame: dict) -> None:
    axis.set_title(f"step {frame['step']:,}", fontsize=9)
    axis.set(xticks=[], yticks=[])
    if recording.kind == "pictures":
        axis.imshow(sprite_image(frame["sprite"]))
        return
    extent = recording.box[[0, 2, 1, 3]]
    look = {"cmap": ANSWERS, "vmin": 0, "vmax": 1, "alpha": 0.6, "origin": "lower"}
    axis.imshow(answers_of(frame["map"]), extent=extent, aspect="auto", **look)
    axis.plot(*recording.real.T, linestyle="", markersize=1, **STYLES["real"])
    axis.plot(*places_of(frame["fakes"]).T, linestyle="", markersize=3, **STYLES["fake"])
    axis.axis(extent)
