"""Lessons 01 and 02 from the first cell to the last measurement, with other seeds."""

import contextlib
import io
import os
import re
import tempfile

from helpers.tables import write_rows
from notebooks.tools.lesson import SCRIPTS, run_cells


def sine_rows(names: dict) -> list[dict]:
    """Return the measures of the lecture's settings and of the calm run's average."""
    first, *_, last = names["rows"]
    return [
        {"settings": name} | {key: f"{row[key]:.3f}" for key in list(row)[1:]}
        for name, row in (("the lecture's", first), ("smaller learning rates and average", last))
    ]


def digit_rows(names: dict) -> list[dict]:
    """Return the measures of lesson 02."""
    result = names["results"]
    rarest = min(result.classes.counts) / result.frechet.samples
    return [
        {
            "Frechet distance": f"{result.frechet.value:.1f}",
            "precision": f"{result.precision:.2f}",
            "recall": f"{result.recall:.2f}",
            "share of the rarest class": f"{rarest:.3f}",
        }
    ]


LESSONS = {
    "01": (sine_rows, "rows += [measure("),
    "02": (digit_rows, "results = measure("),
}


def main(prefix: str, *numbers: str) -> None:
    """Run a lesson up to its measures, once for each seed; print and write `seeds_<prefix>.csv`.

    The preset is that of GAN_PRESET, else `lesson`.
    """
    os.environ.setdefault("GAN_PRESET", "lesson")
    os.environ.setdefault("GAN_DEVICE", "cpu")
    lesson = next(path.stem for path in sorted(SCRIPTS.glob(f"{prefix}*.py")))
    measures, until = LESSONS[prefix]
    table = []
    for number in numbers:
        os.environ["GAN_RUNS"] = tempfile.mkdtemp()

        def change(source: str, number: str = number) -> str:
            return re.sub(r"seed_everything\(\d+\)", f"seed_everything({number})", source)

        with contextlib.redirect_stdout(io.StringIO()):
            names = run_cells(lesson, until=until, change=change)
        rows = [{"seed": number, **row} for row in measures(names)]
        print(f"{lesson}: {names['run'].seconds:.0f} s of training", *rows, sep="\n", flush=True)
        table += rows
    write_rows(f"seeds_{prefix}", table)
