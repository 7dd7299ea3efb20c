"""Figures of the lessons: each function takes arrays and returns a figure with its alt text."""

import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.style import context
from PIL import Image

from helpers.base.arrays import to_array, to_sheet
from helpers.base.colours import LIGHT, NEUTRAL
from helpers.base.history import balance, balance_names

REAL, FAKE, UNDECIDED, D, G = (LIGHT[name] for name in ("real", "fake", "undecided", "d", "g"))
ANSWERS = LinearSegmentedColormap.from_list("answers", [FAKE, UNDECIDED, REAL])
STYLES = {"real": {"color": REAL, "marker": "o"}, "fake": {"color": FAKE, "marker": "x"}}
# Columns of a history, how they are called, and how their lines look
LOSS_LINES = (("loss_d", "discriminator", D, "-"), ("loss_g", "generator", G, "--"))
ANSWER_LINES = (("answer_real", "on real", REAL, "-"), ("answer_fake", "on fake", FAKE, "--"))
Span = tuple[float, float]
PLANE = {"xlabel": "x (radians)", "ylabel": "y"}


class Picture:
    """A figure and its alt text. (A Figure, Jupyter would draw with the reader's settings.)"""

    def __init__(self, figure: Figure, alt: str):
        """Keep the figure; it is drawn when it is shown or saved."""
        self.figure, self.alt = figure, alt

    def savefig(self, file, **options) -> None:
        """Draw to a file, as `Figure.savefig` does."""
        with context("default"):
            self.figure.savefig(file, **options)

    def _repr_mimebundle_(self, include=None, exclude=None):
        self.savefig(png := io.BytesIO(), bbox_inches="tight")
        content = {"image/png": png.getvalue(), "text/plain": self.alt}
        return content, {"image/png": {"alt": self.alt}}


class Drawing:
    """A PNG file, or an SVG file and the PNG beside it (for GitHub, say), with alt text."""

    def __init__(self, path: str | os.PathLike, alt: str):
        """Read the file."""
        path, self.alt = Path(path), alt
        self.shown: dict = {"image/png": path.with_suffix(".png").read_bytes()}
        if path.suffix == ".svg":
            self.shown["image/svg+xml"] = path.read_text(encoding="utf-8")

    def _repr_mimebundle_(self, include=None, exclude=None):
        return self.shown | {"text/plain": self.alt}, {key: {"alt": self.alt} for key in self.shown}


class SmallPicture(Drawing):
    """A figure as a PNG of few colours, a third of the usual size, with its alt text."""

    def __init__(self, picture: Picture, dpi: int = 100, colours: int = 256):
        """Draw the figure."""
        large, small = io.BytesIO(), io.BytesIO()
        picture.savefig(large, dpi=dpi)
        Image.open(large).convert("RGB").quantize(colours).save(small, "PNG", optimize=True)
        self.shown, self.alt = {"image/png": small.getvalue()}, picture.alt


@contextmanager
def new_figure(alt: str, rows=1, columns=1, size=(6.4, 3.6), **options) -> Iterator[tuple]:
    """Give (Picture, axes), as `plt.subplots` does, to draw on with Matplotlib's defaults."""
    with context("default"):
        figure = Figure(size, layout="constrained")
        yield Picture(figure, alt), figure.subplots(rows, columns, **options)


def _draw_points(axis, real, fake) -> None:
    """Draw what is given of real and fake points (n, 2), each in its colour and marker."""
    rim = [withStroke(linewidth=2.5, foreground="white")]  # to be seen on a map of its own colour
    for name, points in (("real", real), ("fake", fake)):
        if points is not None:
            looks = {"s": 14, "linewidths": 1, "alpha": 0.7, "path_effects": rim} | STYLES[name]
            axis.scatter(*to_array(points).T, label=name, **looks, zorder=3)


def plot_points(real=None, fake=None, title: str = "") -> Picture:
    """Scatter plot of real and fake points, each (n, 2) or None."""
    given = {"real": real, "fake": fake}.items()
    counts = [f"{len(points):,} {name} points" for name, points in given if points is not None]
    with new_figure(f"Scatter plot of {' and '.join(counts)}. {title}") as (picture, axis):
        _draw_points(axis, real, fake)
        axis.set(**PLANE, title=title)
        axis.legend(loc="upper right")
    return picture


def plane_grid(size: int = 60, x: Span = (-1.0, 7.5), y: Span = (-2.0, 2.0)) -> np.ndarray:
    """Return float32 points (size * size, 2) between two x and two y, row by row."""
    xs, ys = np.meshgrid(np.linspace(*x, size), np.linspace(*y, size))
    return np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32)


def plot_answers(grid, answers, real=None, fake=None, title: str = "") -> Picture:
    """Map of the discriminator's answers (n,) in [0, 1] at the points of `plane_grid` (n, 2)."""
    answers = to_array(answers)
    ends = f"from {answers.min():.2f} to {answers.max():.2f}"
    alt = f"Map of the discriminator's answers over the plane, {ends}. {title}"
    with new_figure(alt) as (picture, axis):
        colours = _draw_answers(axis, grid, answers, real, fake)
        axis.set(**PLANE, title=title)
        if real is not None or fake is not None:
            axis.legend(loc="upper right")
        picture.figure.colorbar(colours, label="answer: 0 fake, 1 real")
    return picture


def plot_stages(grid, stages: dict, real=None) -> Picture:
    """`plot_answers` side by side for `stages`: {title: (answers (n,), fakes (m, 2))}."""
    alt = f"The discriminator's map with fakes, side by side: {'; '.join(stages)}."
    columns = min(3, len(stages))
    rows = -(-len(stages) // columns)
    with new_figure(alt, rows, columns, size=(9.6, 2.3 * rows), squeeze=False) as (picture, axes):
        for axis, (title, (answers, fake)) in zip(axes.flat, stages.items(), strict=False):
            colours = _draw_answers(axis, grid, answers, real, fake)
            axis.set_title(title, fontsize=10)
        for axis in axes.flat[len(stages) :]:
            axis.set_axis_off()
        axes[0, 0].legend(loc="upper right", fontsize=8)
        picture.figure.colorbar(colours, ax=axes, label="answer: 0 fake, 1 real")
    return picture


def _draw_answers(axis, grid, answers, real, fake):
    grid, answers = to_array(grid), to_array(answers)
    size = math.isqrt(len(grid))
    xs, ys, values = (part.reshape(size, size) for part in (*grid.T, answers))
    look = {"cmap": ANSWERS, "vmin": 0, "vmax": 1, "alpha": 0.55}  # pale, to see points on it
    colours = axis.pcolormesh(xs, ys, values, **look, linewidth=0, rasterized=True)
    axis.contour(xs, ys, values, levels=[0.5], colors=LIGHT["ink"], linewidths=1.5)
    _draw_points(axis, real, fake)
    axis.set(xlim=(xs.min(), xs.max()), ylim=(ys.min(), ys.max()))
    return colours


def plot_mapping(noise, points, some_noise=None, some_points=None) -> Picture:
    """Show a square grid of noise (n * n, 2), and beside it the points (n * n, 2) it became.

    Lines of one first number have a colour each, the same on both sides; the others are dashed.
    `some_noise` (m, 2) and `some_points` (m, 2) are marked, and numbered if there are several.
    """
    side = math.isqrt(len(noise))
    alt = "Left a grid on the plane of noise, right where the generator puts it."
    given = (noise, some_noise), (points, some_points)
    with new_figure(alt, columns=2, size=(9.6, 3.6), width_ratios=(2, 3)) as (picture, axes):
        for axis, (values, marks) in zip(axes, given, strict=True):
            lines = to_array(values).reshape(side, side, 2)
            for line, shade in zip(lines, np.linspace(0, 0.9, side), strict=True):
                axis.plot(*line.T, color=colormaps["viridis"](shade), linewidth=1)
            axis.plot(*lines.swapaxes(0, 1).T[:, :, ::2], color=NEUTRAL, lw=0.5, ls="--")
            if marks is None:
                continue
            marks = to_array(marks).reshape(-1, 2)
            axis.scatter(*marks.T, s=90, color=FAKE, edgecolors="white", zorder=3)
            for number, place in enumerate(marks if len(marks) > 1 else [], start=1):
                axis.text(*place, number, color="white", size=7, ha="center", va="center", zorder=4)
        axes[0].set(xlabel="first number", ylabel="second number", title="noise", aspect="equal")
        axes[1].set(**PLANE, title="points")
    return picture


def plot_lines(x, lines: dict, xlabel: str, ylabel: str, yscale: str = "linear") -> Picture:
    """Plot a line for each entry of `lines` (label: values like x); `yscale` may be "log"."""
    colours, styles = (REAL, FAKE, NEUTRAL, G), ("-", "--", ":", "-.")
    with new_figure(f"Line plot of {', '.join(lines)} against {xlabel}.") as (picture, axis):
        for (label, values), colour, style in zip(lines.items(), colours, styles, strict=False):
            axis.plot(to_array(x), to_array(values), color=colour, linestyle=style, label=label)
        axis.set(xlabel=xlabel, ylabel=ylabel, yscale=yscale)
        axis.legend()
        axis.grid(alpha=0.3)
    return picture


def _draw_history(axis, history: dict, looks, levels) -> None:
    """Draw columns smoothed over 2 % of the steps, and grey lines at `levels` (y, text, side)."""
    steps = history["step"]
    window = max(1, len(steps) // 50)
    for name, label, colour, style in looks:
        smooth = np.convolve(history[name], np.ones(window) / window, mode="valid")
        axis.plot(steps[window - 1 :], smooth, color=colour, linestyle=style, label=label)
    for level, text, side in levels:
        axis.axhline(level, color=NEUTRAL, linestyle=":", linewidth=1)
        axis.annotate(text, (1, level), xycoords=("axes fraction", "data"), va=side, ha="right")
    axis.grid(alpha=0.3)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)


def plot_history(history: dict, title: str = "", real_label: float = 1.0) -> Picture:
    """Losses (left) and mean answers (right) of `Run.history`, smoothed over 2 % of the steps.

    Grey lines stand where two evenly matched players end; `real_label` is D's label of real ones.
    """
    alt = f"Losses and mean answers over {max(history['step'], default=0):,} steps. {title}"
    sides = ("bottom", "top", "bottom")
    *losses, answer = zip(balance(real_label), balance_names(real_label), sides, strict=True)
    with new_figure(alt, columns=2, size=(9.6, 3.6)) as (picture, (left, right)):
        _draw_history(left, history, LOSS_LINES, losses)
        _draw_history(right, history, ANSWER_LINES, [answer])
        top = max(2.0, *(1.1 * np.max(line.get_ydata()) for line in left.get_lines()))
        left.set(xlabel="training step", ylabel="loss (nats)", ylim=(-0.05 * top, top))
        right.set(xlabel="training step", ylabel="mean answer (0 fake, 1 real)", ylim=(-0.03, 1.03))
        picture.figure.suptitle(title)
    return picture


def plot_progress(history: dict, steps, measured, label: str) -> Picture:
    """Smoothed losses of `Run.history`, and below them what was `measured` at some `steps` (n,)."""
    count = len(history["step"])
    alt = f"Above both losses over {count:,} training steps, below {label}: "
    alt += f"{measured[0]:.2f} at the beginning, {measured[-1]:.2f} at the end."
    levels = zip(balance()[:2], balance_names()[:2], ("bottom", "bottom"), strict=True)
    with new_figure(alt, rows=2, size=(8, 5), sharex=True) as (picture, (top, bottom)):
        _draw_history(top, history, LOSS_LINES, levels)
        bottom.plot(steps, measured, color=FAKE, marker="x", markersize=3, linewidth=1)
        bottom.grid(alpha=0.3)
        top.set(ylabel="loss (nats)", ylim=(0, None))
        bottom.set(xlabel="training step", ylabel=label, ylim=(0, None))
        bottom.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
        bottom.set_xlim(0, count)
    return picture


def plot_images(images, labels=(), columns: int = 8, title: str = "", names=()) -> Picture:
    """Grid of grey pictures (n, 1, height, width) or (n, height, width), -1 or 0 as black.

    Values are read as [-1, 1] if any is negative, as [0, 255] if the type is uint8, else as [0, 1].
    `labels` (n strings) stand above the pictures, `names` (one for each row) at the left.
    """
    images = to_array(images)
    images = images.reshape(-1, *images.shape[-2:])
    low, high = (0, 255) if images.dtype == np.uint8 else (-1 if images.min() < 0 else 0, 1)
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    told = [*filter(None, labels), *names]
    named = f", labelled {', '.join(told)}" if told else ""
    titled = {index // columns for index, label in enumerate(labels) if label}
    size = (columns, rows + 0.25 * len(titled) + (0.4 if title else 0))
    alt = f"Grid of {len(images)} pictures{named}. {title}"
    # A row is drawn as one picture, with gaps: an axis for each picture would take far longer.
    width = images.shape[2]
    gap = max(1, width // 12)
    tiles = np.pad(images.astype(np.float32), ((0, 0), (0, 0), (0, gap)), constant_values=np.nan)
    grey = colormaps["gray"].resampled(256)  # the reader's `image.lut` may have left two shades
    with new_figure(alt, rows, size=size, squeeze=False) as (picture, axes):
        for row, axis in enumerate(axes.flat):
            shown = slice(row * columns, (row + 1) * columns)
            strip = to_sheet(tiles[shown], columns, empty=np.nan)
            axis.imshow(strip, cmap=grey, vmin=low, vmax=high, interpolation="nearest")
            for column, label in enumerate(labels[shown]):
                middle = (column * (width + gap) + (width - 1) / 2, -1)
                axis.text(*middle, label, fontsize=9, ha="center", va="bottom")
            axis.set(xticks=[], yticks=[], frame_on=False)
            if row < len(names):
                axis.set_ylabel(names[row], fontsize=9, rotation=0, ha="right", va="center")
        picture.figure.suptitle(title, fontsize=11)
    return picture


def plot_film(kept: dict) -> Picture:
    """Six pictures, a row each, over eight of the epochs `kept`: {epoch: (n, 1, height, width)}."""
    chosen = np.unique(np.linspace(0, len(kept) - 1, 8).round().astype(int))
    epochs = np.sort([*kept])[chosen]
    strip = np.stack([to_array(kept[epoch])[:6] for epoch in epochs], axis=1)
    return plot_images(strip, [f"epoch {epoch}" for epoch in epochs], columns=len(epochs))


def plot_faces(faces, columns: int = 8, title: str = "", heads=None) -> SmallPicture:
    """Grid of uint8 pictures (n, height, width, 3), without gaps; `heads` stand above columns."""
    columns = min(columns, len(faces))
    rows = math.ceil(len(faces) / columns)
    height, width = faces.shape[1:3]
    named = f"; columns: {', '.join(heads)}" if heads else ""
    inches = min(max(width, 48) / 100, 10 / columns)
    room = 0.35 * bool(title) + 0.25 * bool(heads)
    size = (columns * inches, rows * inches * height / width + room)
    alt = f"Grid of {len(faces)} faces in {rows} rows{named}. {title}"
    with new_figure(alt, size=size) as (picture, axis):
        axis.imshow(to_sheet(faces, columns, empty=255), interpolation="nearest")
        axis.xaxis.tick_top()
        axis.set_xticks([(i + 0.5) * width - 0.5 for i in range(columns)] if heads else [], heads)
        axis.set_yticks([])
        axis.tick_params(length=0, labelsize=9)
        axis.spines[:].set_visible(False)
        picture.figure.suptitle(title, fontsize=11)
    return SmallPicture(picture)
