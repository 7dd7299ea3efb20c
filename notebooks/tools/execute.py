"""Makes notebooks from their texts: runs them and writes them back clean.

    python -m notebooks.tools.execute                 # all notebooks
    python -m notebooks.tools.execute 01 02           # those whose names begin so

Reads notebooks/scripts/NAME.py, runs it from top to bottom at the preset `lesson` (or at the one
that GAN_PRESET names) and writes notebooks/NAME.ipynb with its outputs. The figure of the cell
tagged `picture` becomes notebooks/pictures/NAME.png, which the README and the title show.
"""

import base64
import io
import os
import re
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from jupytext.config import load_jupytext_config
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"


def from_text(script: Path) -> nbformat.NotebookNode:
    """Return the notebook of a py:percent text, without outputs, with ids that stay the same.

    The text itself is rewritten as jupytext writes it, so that both agree to the letter.
    """
    config = load_jupytext_config(str(script))
    notebook = jupytext.read(script, config=config)
    script.write_text(jupytext.writes(notebook, "py:percent", config=config), encoding="utf-8")
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index:03d}"
    return notebook


def last_state(text: str) -> str:
    """Return text as a terminal shows it in the end: what follows the last return of each line."""
    return re.sub(r"[^\n]*\r(?=[^\n])", "", text).replace("\r", "")


def merge_streams(outputs: list) -> list:
    """Join what a cell printed piece by piece, up to the next picture, in its last state."""
    merged = []
    for output in outputs:
        is_text = output.output_type == "stream"
        if is_text and merged and merged[-1].get("name") == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    for output in merged:
        if output.output_type == "stream":
            output.text = last_state(output.text)
    return merged


def lighter(png: str) -> str:
    """Return the same pixels in a smaller PNG, both in base64: grey, by palette, without alpha."""
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        pixels = picture.convert("RGBA")
    if pixels.getextrema()[3] == (255, 255):
        pixels = pixels.convert("RGB")
        red, green, blue = pixels.split()
        if red.tobytes() == green.tobytes() == blue.tobytes():
            pixels = red
        elif pixels.getcolors(256):
            pixels = pixels.quantize(256)
    file = io.BytesIO()
    pixels.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def clean(notebook: nbformat.NotebookNode) -> None:
    """Drop what changes from run to run or breaks a page, and what a progress bar overwrote."""
    jupytext_block = notebook.metadata.get("jupytext")
    notebook.metadata = nbformat.from_dict(METADATA)
    if jupytext_block:
        notebook.metadata["jupytext"] = jupytext_block
    for cell in notebook.cells:
        kept = ("tags", "slideshow", "cellView", "jupyter", "jp-MarkdownHeadingCollapsed")
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in kept}
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in cell.outputs:  # without its kernel a widget is dead: its text stays
                data = output.get("data", {})
                data.pop(WIDGET, None)
                if "image/png" in data:
                    data["image/png"] = lighter(data["image/png"])


def execute(script: Path) -> Path:
    """Run the text and write the notebook; an error in a cell leaves the old notebook in place."""
    target = NOTEBOOKS / f"{script.stem}.ipynb"
    notebook = from_text(script)
    NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": NOTEBOOKS}}).execute()
    clean(notebook)
    name = f"{script.stem}.png"
    png = next(c for c in notebook.cells if "picture" in c.metadata.get("tags", [])).outputs[-1]
    for cell in notebook.cells:
        if f'"{name}"' in cell.source:  # the title has shown the picture of the last execution
            cell.outputs[0].data["image/png"] = png.data["image/png"]
    part = target.with_suffix(".part")
    nbformat.write(notebook, part)
    os.replace(part, target)
    (NOTEBOOKS / "pictures" / name).write_bytes(base64.b64decode(png.data["image/png"]))
    return target


def main(prefixes: list[str]) -> None:
    """Execute the notebooks whose names begin with one of the prefixes, or all."""
    os.environ.setdefault("GAN_PRESET", "lesson")
    os.environ.setdefault("GAN_DEVICE", "cpu")
    os.environ.setdefault("GAN_RUNS", tempfile.mkdtemp(prefix="gan-course-runs-"))
    scripts = sorted((NOTEBOOKS / "scripts").glob("[0-9]*.py"))
    for script in scripts:
        if not prefixes or script.name.startswith(tuple(prefixes)):
            print(f"{script.stem} ...", flush=True)
            target = execute(script)
            print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
