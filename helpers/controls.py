"""Live controls: thin shells of core widgets around functions of yours that draw.

`draw` takes noise and returns a figure or an array of pictures, whatever framework made it. Where
no widget can stand (GitHub, print, a saved page), one sentence says how to get it.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import ipywidgets as widgets
import numpy as np
from PIL import Image, ImageOps

from helpers.base.arrays import to_array, to_pixels, to_sheet

TALL = 112  # pixels; smaller pictures are enlarged by a whole number


def to_png(picture: Any) -> bytes:
    """Return a figure, or an array of pictures (n, ...) side by side, as the bytes of a PNG."""
    data = io.BytesIO()
    if hasattr(picture, "savefig"):
        picture.savefig(data, format="png", dpi=80)
        return data.getvalue()
    tiles = to_pixels(picture)
    image = Image.fromarray(to_sheet(tiles, columns=len(tiles)))
    image = ImageOps.scale(image, max(1, -(-TALL // image.height)), Image.Resampling.NEAREST)
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


class Control(widgets.VBox):
    """Handles, and below them a picture that they draw anew and a line of text."""

    def __init__(self, what: str, handles: Sequence, draw: Callable, words: Callable) -> None:
        """Draw for the first time; `what` the handles are is told where no widget can stand."""
        self.what, self.handles, self._draw, self._words = what, handles, draw, words
        self.image = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.text = widgets.Label()
        row = widgets.HBox(handles, layout=widgets.Layout(flex_flow="row wrap"))
        super().__init__([row, self.image, self.text])
        for handle in handles:
            handle.observe(lambda change: self.after(lambda: None), "value")  # buttons have none
        self.update()

    def update(self) -> None:
        """Draw the picture anew, in its place."""
        self.image.value = to_png(self._draw())
        self.text.value = self._words()

    def after(self, action: Callable[[], object]) -> None:
        """Do something and `update`, with the handles at rest; an error is told in the text.

        Jupyter would hide it: what a widget calls has no cell to show a traceback in.
        """
        try:
            for handle in self.handles:
                handle.disabled = True
            action()
            self.update()
        except Exception as error:
            self.text.value = f"That did not work: {type(error).__name__}: {error}"
        finally:
            for handle in self.handles:
                handle.disabled = False

    def __repr__(self) -> str:
        """Say how to get the control; this is what GitHub, print and saved pages show of it."""
        return f"Run this cell in Jupyter or Colab to get {self.what} here."


# It tells its value when it is let go.
_slider = partial(widgets.FloatSlider, step=0.05, continuous_update=False)


def walk(draw: Callable, start: np.ndarray, end: np.ndarray) -> Control:
    """Return a slider from one noise vector to another; `draw` gets a vector of their shape."""
    way = _slider(0.0, max=1.0, description="way")
    return Control(
        "a slider",
        [way],
        lambda: draw(start + way.value * (end - start)),
        lambda: f"{way.value:.0%} of the way",
    )


def directions(
    draw: Callable, noise: np.ndarray, places: Sequence[int] = (0, 1, 2), reach: float = 2.5
) -> Control:
    """Return a slider for each of some `places` of a noise vector, from -`reach` to `reach`."""
    now = to_array(noise).reshape(-1).tolist()
    sliders = [
        _slider(now[p], min=-reach, max=reach, description=f"number {p + 1}") for p in places
    ]

    def moved() -> Any:
        copy: Any = noise.clone() if hasattr(noise, "clone") else np.array(noise)
        for place, slider in zip(places, sliders, strict=True):
            copy[..., place] = slider.value
        return copy

    def words() -> str:
        return ", ".join(f"{s.description}: {s.value:.2f}" for s in sliders)

    return Control("sliders", sliders, lambda: draw(moved()), words)


def buttons(actions: Mapping[str, Callable[[], object]], draw: Callable[[], object]) -> Control:
    """Return a button for each action, {label: function}; after it `draw` is called anew."""
    pressed: list[str] = []
    made = [widgets.Button(description=label) for label in actions]

    def words() -> str:
        return f"Last: {pressed[-1]} (press {len(pressed)})." if pressed else "Press a button."

    control = Control("buttons", made, draw, words)

    def press(button: Any) -> None:
        pressed.append(button.description)
        control.after(actions[button.description])

    for button in made:
        button.on_click(press)
    return control
