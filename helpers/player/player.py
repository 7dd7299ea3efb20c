"""Shows recordings: one self-contained page, in a cell or saved as a file."""

import html
import inspect
import json
import os
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

from helpers.base.colours import DARK, LIGHT
from helpers.base.errors import CourseError
from helpers.base.files import write_text
from helpers.player.contact_sheet import contact_sheet, describe
from helpers.player.page_data import page_data, to_json
from helpers.player.slow_motion import PARTS, STEPS, stages_data
from helpers.plotting import SmallPicture
from helpers.recording.recorder import FRAMES, Recording

WEB = Path(__file__).parent / "web"
# In the order in which the page runs them
SCRIPTS = ("views.js", "charts.js", "slow_motion.js", "clock.js")
VERSION = 1  # of what the page plays: raised when its scripts can no longer read what was saved
PARTS_OF_DATA = {"source", "recordings", "stages", "steps", "parts"}


class Player:
    """One recording, or two on one clock; the last line of a cell shows it."""

    def __init__(
        self,
        recording: Recording,
        other: Recording | None = None,
        train_step: Callable | str | None = None,
        frames: int | None = None,
    ) -> None:
        """Show `frames` of each at most (120, or 60 of two); slow motion lights `train_step`."""
        self.recordings = [recording] if other is None else [recording, other]
        for each in self.recordings:
            if not isinstance(each, Recording):
                raise CourseError("show() takes recordings: make one with Recording(...).")
            if not each.frames:
                raise CourseError("The recording holds no frame yet: train for a step first.")
        self.frames = frames or FRAMES // len(self.recordings)
        self.source = source_of(train_step)

    def page(self, contact_sheet: bool = False) -> str:
        """Return the page; with `contact_sheet` it holds a picture for browsers without script."""
        recordings = [page_data(recording, self.frames) for recording in self.recordings]
        data = {"version": VERSION, "source": self.source, "recordings": recordings}
        data |= {"stages": stages_data(self.source), "steps": STEPS, "parts": PARTS}
        image = ""
        if contact_sheet:
            still = self.still()
            source = f"data:image/png;base64,{to_json(still.shown['image/png'])}"
            image = f'<img alt="{html.escape(still.alt)}" src="{source}">'
        return page_of(data, image)

    def save(self, path: str | os.PathLike) -> Path:
        """Write the page to a file that needs nothing else, and return its path."""
        write_text(Path(path), self.page(contact_sheet=True))
        return Path(path)

    def still(self) -> SmallPicture:
        """Return the contact sheet, which stands where the page cannot."""
        return SmallPicture(contact_sheet(*self.recordings), dpi=80, colours=128)

    def _repr_html_(self) -> str:
        # The frame is a world of its own: no style or script passes in either direction.
        height = 720 if len(self.recordings) == 1 else 900
        # In single quotes, because the page has many double ones and each would take six letters.
        page = self.page().replace("&", "&amp;").replace("'", "&#39;")
        return (
            f'<iframe class="gan-player" title="Player: {html.escape(describe(*self.recordings))}" '
            f'sandbox="allow-scripts" style="width:100%;height:{height}px;border:0" '
            f"srcdoc='{page}'></iframe><script>{_read('frame.js')}</script>"
        )

    def _ipython_display_(self) -> None:
        # Two outputs: where the frame is stripped (GitHub, print), the picture still stands.
        from IPython.display import display

        text = f"<player: {describe(*self.recordings)}>"
        display({"text/html": self._repr_html_(), "text/plain": text}, raw=True)
        display(self.still())


show = Player


def page_of(data: dict, image: str = "") -> str:
    """Return the page that plays `data`; `image` stands in it for browsers without script."""
    data = data | {"colours": list(LIGHT)}
    text = json.dumps(data, allow_nan=False, default=to_json).replace("<", "\\u003c")
    scripts = "\n".join(map(_read, SCRIPTS))  # one script, which imports nothing
    scripts = re.sub(r"^import [^;]+;\n|^export ", "", scripts, flags=re.MULTILINE)
    page = _read("page.html").replace("/*LIGHT*/", _variables(LIGHT))
    page = page.replace("/*DARK*/", _variables(DARK)).replace("/*SCRIPTS*/", scripts)
    return page.replace("<!--CONTACT SHEET-->", image).replace("/*DATA*/", text)


def data_of(output: str) -> dict:
    """Return what the player in a cell's HTML output plays.

    Raises CourseError if another version of the player has made it.
    """
    found = re.search(r"srcdoc='(.*?)'></iframe>", output, re.DOTALL)
    page = html.unescape(found.group(1)) if found else ""
    text = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    data = json.loads(text.group(1)) if text else {}
    # The first version did not say so.
    if data.get("version", 1) != VERSION or not data.keys() >= PARTS_OF_DATA:
        raise CourseError("The player is of another version: run the cell again.")
    return data


def _read(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


def _variables(colours: dict[str, str]) -> str:
    """Return colours as variables of CSS."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


def source_of(function: Callable | str | None) -> str:
    """Return the source of a function, also of one typed into a notebook; "" if there is none."""
    if not isinstance(function, str):
        try:
            function = inspect.getsource(function)  # type: ignore[arg-type]  # None: a TypeError
        except (OSError, TypeError):
            return ""
    return textwrap.dedent(function).strip("\n")
