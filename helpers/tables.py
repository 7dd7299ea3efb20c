"""Tables that a lesson shows, and those that were measured beforehand."""

import csv
from html import escape

from helpers.base.files import DATA, new_file

MEASURED = DATA / "measured"


class Table:
    """Rows of equal columns, shown as an HTML table with headers, and as Markdown in plain text."""

    def __init__(self, rows: list[dict], caption: str):
        """Keep rows (column name: text or number; floats are shown with three digits)."""
        self.caption, self.head = caption, list(rows[0])
        self.body = [
            [f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()]
            for row in rows
        ]

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


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of `data/measured/<name>.csv`, which a tool of `data/make/` has written."""
    with (MEASURED / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(name: str, rows: list[dict]) -> None:
    """Write rows of equal columns to `data/measured/<name>.csv`."""
    path = MEASURED / f"{name}.csv"
    with new_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
