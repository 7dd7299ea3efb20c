"""A lesson from its first cell to its last measurement, with other seeds."""

import contextlib
import io
import os
import re
import tempfile

from tests.tools.lesson import SCRIPTS, run_cells


def main(prefix: str, *numbers: str) -> None:
    """Run the lesson whose name begins with `prefix` once for each seed and print its results.

    The preset is that of GAN_PRESET, else `lesson`.
    """
    os.environ.setdefault("GAN_PRESET", "lesson")
    os.environ.setdefault("GAN_DEVICE", "cpu")
    lesson = next(path.stem for path in sorted(SCRIPTS.glob(f"{prefix}*.py")))
    for number in numbers:
        os.environ["GAN_RUNS"] = tempfile.mkdtemp()

        def change(source: str, number: str = number) -> str:
            return re.sub(r"seed_everything\(\d+\)", f"seed_everything({number})", source)

        with contextlib.redirect_stdout(io.StringIO()):
            names = run_cells(lesson, change=change)
        print(f"\n=== {lesson}, seed {number}: {names['run'].seconds:.0f} s of training")
        print(names["results"])
