"""Six moments of a recording as an ordinary picture, for print and where scripts are off."""

import io
import textwrap

import numpy as np
from PIL import Image

from helpers.plotting import ANSWERS, STYLES, Picture, new_figure
from helpers.recording import Recording
from helpers.recording.encoding import UNIT
from helpers.recording.sprites import sprite_image


def describe(recording: Recording) -> str:
    """Return in words what the contact sheet of a recording shows."""
    first, last = recording.frames[0], recording.frames[-1]
    what = "fake points" if recording.kind == "points" else "the same fake pictures"
    name = f"{recording.title}: " if recording.title else ""
    text = f"{name}{what} from step {first['step']:,} to step {last['step']:,} of training"
    if recording.kind == "points":
        text += f"; their coverage goes from {first['coverage']:.0%} to {last['coverage']:.0%}"
    return text + "."


def contact_sheet(*recordings: Recording) -> Picture:
    """Return six moments of each recording side by side."""
    alt = " ".join(describe(recording) for recording in recordings)
    rows = len(recordings)
    figure, grid = new_figure(alt, rows, 6, size=(12, 2.2 * rows), squeeze=False)
    for recording, axes in zip(recordings, grid, strict=True):
        wanted = np.linspace(0, len(recording.frames) - 1, 6).round().astype(int)
        for ax, number in zip(axes, wanted, strict=True):
            _draw_frame(ax, recording, recording.frames[number])
        axes[0].set_ylabel(textwrap.shorten(recording.title, 24), fontsize=9)
    return figure


def contact_sheet_png(*recordings: Recording) -> bytes:
    """Return the contact sheet as a PNG of 128 colours, a third of the size of the usual one."""
    large, small = io.BytesIO(), io.BytesIO()
    contact_sheet(*recordings).savefig(large, dpi=80)
    Image.open(large).convert("RGB").quantize(128).save(small, "PNG", optimize=True)
    return small.getvalue()


def _draw_frame(ax, recording: Recording, frame: dict) -> None:
    ax.set_title(f"step {frame['step']:,}", fontsize=9)
    ax.set(xticks=[], yticks=[])
    if recording.kind == "pictures":
        ax.imshow(sprite_image(frame["sprite"]))
        return
    left, bottom, right, top = recording.box
    answers = np.where(frame["map"] == 255, np.nan, frame["map"] / 254)
    ax.imshow(
        answers, cmap=ANSWERS, vmin=0, vmax=1, extent=(left, right, bottom, top),
        origin="lower", aspect="auto", alpha=0.6,
    )  # fmt: skip
    fakes = frame["fakes"] / UNIT
    ax.plot(*recording.real.T, linestyle="", markersize=1, **STYLES["real"])
    ax.plot(*fakes.T, linestyle="", markersize=3, **STYLES["fake"])
    ax.set(xlim=(left, right), ylim=(bottom, top))
