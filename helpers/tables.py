"""Tables that a lesson shows, and those that were measured beforehand."""

import csv
import math
from html import escape

import numpy as np

from helpers.base.files import DATA, new_file, shipped, write_sum

MEASURED = DATA / "measured"


class Table:
    """Rows of equal columns, shown as an HTML table with headers, and as Markdown in plain text."""

    def __init__(self, rows: list[dict], caption: str):
        """Keep rows (column name: text or number; floats of a column have equal decimals)."""
        self.caption, self.head = caption, list(rows[0])
        columns = zip(*(row.values() for row in rows), strict=True)
        self.body = [list(row) for row in zip(*map(_texts, columns), strict=True)]

    def __repr__(self) -> str:
        """Return the table as Markdown."""
        rows = [self.head, ["---"] * len(self.head), *self.body]
        return "\n".join([self.caption, "", *("| " + " | ".join(row) + " |" for row in rows)])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self.head)
        body = ""
        for first, *rest in self.body:
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in rest)
            body += f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'
        text = f"<caption>{escape(self.caption)}</caption><thead><tr>{head}</tr></thead>"
        return f"<table>{text}<tbody>{body}</tbody></table>"


def _texts(column: tuple) -> list[str]:
    """Return what stands in a column: the larger its floats, the fewer decimals."""
    largest = max((abs(value) for value in column if isinstance(value, float)), default=0.0)
    decimals = 3 if largest < 2 else 2 if largest < 10 else 1
    if 0 < largest < 0.01:  # such as learning rates: two digits of the largest
        decimals = 1 - math.floor(math.log10(largest))
    return [f"{value:.{decimals}f}" if isinstance(value, float) else str(value) for value in column]


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of `data/measured/<name>.csv`, which a tool of `data/make/` has written."""
    with shipped(f"measured/{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_arrays(name: str) -> dict[str, np.ndarray]:
    """Return the arrays of `data/measured/<name>.npz`, by their names."""
    with np.load(shipped(f"measured/{name}.npz")) as file:
        return dict(file)


def write_rows(name: str, rows: list[dict]) -> None:
    """Write rows of equal columns to `data/measured/<name>.csv`, and its checksum."""
    path = MEASURED / f"{name}.csv"
    with new_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    write_sum(path, DATA)
