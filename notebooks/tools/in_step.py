"""Names the notebooks whose text, `scripts/NAME.py`, says something else than they do.

python -m notebooks.tools.in_step
"""

import sys
from pathlib import Path

import jupytext
from jupytext.config import load_jupytext_config

NOTEBOOKS = Path(__file__).resolve().parents[1]


def agrees(notebook: Path) -> bool:
    """Tell whether the text of a notebook is what jupytext makes of it."""
    config = load_jupytext_config(str(notebook))
    text = jupytext.writes(jupytext.read(notebook, config=config), "py:percent", config=config)
    script = NOTEBOOKS / "scripts" / f"{notebook.stem}.py"
    return script.is_file() and script.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    different = [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb")) if not agrees(path)]
    if different:
        sys.exit(
            f"Not in step with the text in scripts/: {', '.join(different)}. CONTRIBUTING.md tells "
            "how to bring them in step."
        )
