"""Live controls: thin shells of core widgets around functions of yours that draw.

`draw` takes noise and returns a figure or an array of pictures, whatever framework made it. Each
control first shows an ordinary picture of a few settings, which also stands where no widget can
(GitHub, print, a saved page). Below come the widgets, or one sentence on how to get them.
"""

import importlib.util
import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from helpers import compact

TALL = 112  # pixels; smaller pictures are enlarged by a whole number


def between(start: np.ndarray, end: np.ndarray, part: float) -> np.ndarray:
    """Return the point of the straight line from `start` (part 0) to `end` (part 1)."""
    return start + part * (end - start)


def moved(noise: np.ndarray, values: Mapping[int, float]) -> np.ndarray:
    """Return a copy of a noise vector with other numbers in some places: {place: number}."""
    copy = noise.clone() if hasattr(noise, "clone") else np.array(noise)
    for place, value in values.items():
        copy[..., place] = value
    return copy


def to_png(picture: object, dpi: int = 80) -> bytes:
    """Return a figure, or an array of pictures (n, ...) side by side, as the bytes of a PNG."""
    data = io.BytesIO()
    if hasattr(picture, "savefig"):
        picture.savefig(data, format="png", dpi=dpi)
        return data.getvalue()
    values = picture.detach().cpu() if hasattr(picture, "detach") else picture
    tiles = compact.to_pixels(np.asarray(values))
    image = Image.fromarray(np.concatenate(list(tiles), axis=1))
    times = max(1, -(-TALL // image.height))
    image = image.resize((times * image.width, times * image.height), Image.Resampling.NEAREST)
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


def strip(pictures: Sequence[object], columns: int) -> bytes:
    """Return pictures, each as `to_png` takes them, as one PNG with so many in a row."""
    images = [
        Image.open(io.BytesIO(to_png(picture, dpi=45))).convert("RGB") for picture in pictures
    ]
    width, height = (max(image.size[axis] for image in images) for axis in (0, 1))
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (width + 4), rows * (height + 4)), "white")
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        sheet.paste(image, (column * (width + 4) + 2, row * (height + 4) + 2))
    data = io.BytesIO()
    sheet.quantize(128).save(data, "PNG", optimize=True)
    return data.getvalue()


class Control:
    """A still picture, and below it widgets that draw one picture anew; shown by a cell's end."""

    def __init__(self, what: str, still: bytes | None = None, alt: str = "") -> None:
        """Say `what` is to be had: "sliders". `still` is a PNG, `alt` what it shows, in words."""
        self.still, self.alt = still, alt
        self.hint = f"Run this cell in Jupyter or Colab to get {what} here."
        self.widget = None

    def build(self, handles: list, draw: Callable[[], object], words: Callable[[], str]) -> None:
        """Put widgets, the picture that `draw` returns and a line of text below each other."""
        import ipywidgets as widgets

        self._draw, self._words = draw, words
        self.handles = handles
        self.image = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.text = widgets.Label()
        row = widgets.HBox(handles, layout=widgets.Layout(flex_flow="row wrap"))
        self.widget = widgets.VBox([row, self.image, self.text])
        self.update()

    def update(self) -> None:
        """Draw the picture anew, in its place."""
        self.image.value, self.text.value = to_png(self._draw()), self._words()

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

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self.still:
            picture = {"image/png": self.still, "text/plain": self.alt}
            display(picture, metadata={"image/png": {"alt": self.alt}}, raw=True)
        bundle = {"text/plain": self.hint}
        if self.widget is not None:
            view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
            bundle["application/vnd.jupyter.widget-view+json"] = view
        display(bundle, raw=True)


def walk(
    draw: Callable, start: np.ndarray, end: np.ndarray, alt: str = "", shown: int = 6
) -> Control:
    """Return a slider from one noise vector to another; `shown` of the ways points stand above it.

    `draw` gets a vector of the shape of `start`; `alt` says what the still picture shows.
    """
    still = None
    if shown:
        parts = np.linspace(0, 1, shown)
        still = strip([draw(between(start, end, float(part))) for part in parts], shown)
    control = Control("a slider", still, alt)
    if _has_widgets():
        (slider,) = sliders = [_slider("way", 0.0, 0.0, 1.0, control)]
        control.build(
            sliders,
            lambda: draw(between(start, end, slider.value)),
            lambda: f"{slider.value:.0%} of the way",
        )
    return control


def directions(
    draw: Callable,
    noise: np.ndarray,
    places: Sequence[int] = (0, 1, 2),
    reach: float = 2.5,
    alt: str = "",
    shown: int = 7,
) -> Control:
    """Return a slider for each of some `places` of a noise vector, from -`reach` to `reach`.

    Above them stands a row for each place: the picture for `shown` values of that number alone.
    """
    still = None
    if shown:
        values = np.linspace(-reach, reach, shown)
        pictures = [draw(moved(noise, {p: float(v)})) for p in places for v in values]
        still = strip(pictures, shown)
    control = Control("sliders", still, alt)
    if _has_widgets():
        now = np.asarray(moved(noise, {}).tolist()).reshape(-1)
        sliders = [
            _slider(f"number {place + 1}", float(now[place]), -reach, reach, control)
            for place in places
        ]

        def values() -> dict[int, float]:
            return {place: slider.value for place, slider in zip(places, sliders, strict=True)}

        control.build(
            sliders,
            lambda: draw(moved(noise, values())),
            lambda: ", ".join(f"number {p + 1}: {v:.2f}" for p, v in values().items()),
        )
    return control


def buttons(actions: Mapping[str, Callable[[], object]], draw: Callable[[], object]) -> Control:
    """Return a button for each action, {label: function}; after it `draw` is called anew."""
    control = Control("buttons")
    if not _has_widgets():
        return control
    import ipywidgets as widgets

    pressed: list[str] = []

    def press(button: widgets.Button) -> None:
        pressed.append(button.description)
        control.after(actions[button.description])

    made = [widgets.Button(description=label) for label in actions]
    for button in made:
        button.on_click(press)
    control.build(
        made,
        draw,
        lambda: f"Last: {pressed[-1]} (press {len(pressed)})." if pressed else "Press a button.",
    )
    return control


def _slider(name: str, value: float, low: float, high: float, control: Control):
    import ipywidgets as widgets

    slider = widgets.FloatSlider(
        value=value, min=low, max=high, step=0.05, description=name, continuous_update=False
    )
    slider.observe(lambda change: control.after(lambda: None), "value")
    return slider


def _has_widgets() -> bool:
    return importlib.util.find_spec("ipywidgets") is not None
