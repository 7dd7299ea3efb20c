"""Live controls: thin shells of core widgets around functions of yours that draw.

`draw` takes noise and returns a figure or an array of pictures, whatever framework made it. Where
no widget can stand (GitHub, print, a saved page), one sentence says how to get it; in the lessons
an ordinary picture of a few settings stands above it.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from helpers.base.arrays import to_array, to_pixels, to_sheet

try:
    import ipywidgets as widgets
except ImportError:  # then the sentence stands in the place of a control
    widgets = None

TALL = 112  # pixels; smaller pictures are enlarged by a whole number


def between(start: np.ndarray, end: np.ndarray, part: float) -> np.ndarray:
    """Return the point of the straight line from `start` (part 0) to `end` (part 1)."""
    return start + part * (end - start)


def moved(noise: Any, values: Mapping[int, float]) -> Any:
    """Return a copy of a noise vector with other numbers in some places: {place: number}."""
    copy = noise.clone() if hasattr(noise, "clone") else np.array(noise)
    for place, value in values.items():
        copy[..., place] = value
    return copy


def to_png(picture: Any, dpi: int = 80) -> bytes:
    """Return a figure, or an array of pictures (n, ...) side by side, as the bytes of a PNG."""
    data = io.BytesIO()
    if hasattr(picture, "savefig"):
        picture.savefig(data, format="png", dpi=dpi)
        return data.getvalue()
    tiles = to_pixels(picture)
    image = Image.fromarray(to_sheet(tiles, columns=len(tiles)))
    times = max(1, -(-TALL // image.height))
    image = image.resize((times * image.width, times * image.height), Image.Resampling.NEAREST)
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


class Control:
    """Widgets, and below them a picture that they draw anew; shown by a cell's end."""

    def __init__(
        self,
        what: str,
        make: Callable[["Control"], list],
        draw: Callable[..., object],
        words: Callable[..., str],
    ) -> None:
        """Say `what` is to be had ("sliders") and, where there are widgets, `make` these handles.

        `draw` and `words` get the handles and return the picture and a line of text below it.
        """
        self.hint = f"Run this cell in Jupyter or Colab to get {what} here."
        self.widget = None
        if widgets is None:
            return
        self._draw, self._words = draw, words
        self.handles = make(self)
        self.image = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.text = widgets.Label()
        row = widgets.HBox(self.handles, layout=widgets.Layout(flex_flow="row wrap"))
        self.widget = widgets.VBox([row, self.image, self.text])
        self.update()

    def update(self) -> None:
        """Draw the picture anew, in its place."""
        self.image.value = to_png(self._draw(*self.handles))
        self.text.value = self._words(*self.handles)

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

    def slider(self, name: str, value: float, low: float, high: float) -> Any:
        """Return a slider that calls `update` when it is let go."""
        slider = widgets.FloatSlider(
            value=value, min=low, max=high, step=0.05, description=name, continuous_update=False
        )
        slider.observe(lambda change: self.after(lambda: None), "value")
        return slider

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        bundle: dict[str, Any] = {"text/plain": self.hint}
        if self.widget is not None:
            view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
            bundle["application/vnd.jupyter.widget-view+json"] = view
        return bundle


def walk(draw: Callable, start: np.ndarray, end: np.ndarray) -> Control:
    """Return a slider from one noise vector to another; `draw` gets a vector of their shape."""
    return Control(
        "a slider",
        lambda control: [control.slider("way", 0.0, 0.0, 1.0)],
        lambda slider: draw(between(start, end, slider.value)),
        lambda slider: f"{slider.value:.0%} of the way",
    )


def directions(
    draw: Callable, noise: np.ndarray, places: Sequence[int] = (0, 1, 2), reach: float = 2.5
) -> Control:
    """Return a slider for each of some `places` of a noise vector, from -`reach` to `reach`."""
    now = to_array(noise).reshape(-1)
    names = {place: f"number {place + 1}" for place in places}
    return Control(
        "sliders",
        lambda control: [control.slider(names[p], float(now[p]), -reach, reach) for p in places],
        lambda *sliders: draw(
            moved(noise, {p: s.value for p, s in zip(places, sliders, strict=True)})
        ),
        lambda *sliders: ", ".join(f"{s.description}: {s.value:.2f}" for s in sliders),
    )


def buttons(actions: Mapping[str, Callable[[], object]], draw: Callable[[], object]) -> Control:
    """Return a button for each action, {label: function}; after it `draw` is called anew."""
    pressed: list[str] = []

    def make(control: Control) -> list:
        def press(button: Any) -> None:
            pressed.append(button.description)
            control.after(actions[button.description])

        made = [widgets.Button(description=label) for label in actions]
        for button in made:
            button.on_click(press)
        return made

    def words(*_: object) -> str:
        return f"Last: {pressed[-1]} (press {len(pressed)})." if pressed else "Press a button."

    return Control("buttons", make, lambda *_: draw(), words)
