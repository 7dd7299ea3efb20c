"""Tables that a lesson shows, and those that were measured beforehand."""

import csv
import html
import io

from helpers.base.files import DATA, write_text

MEASURED = DATA / "measured"


class Table:
    """Rows of equal columns, shown as an HTML table with headers, and as Markdown in plain text."""

    def __init__(self, rows: list[dict], caption: str):
        """Keep rows (column name: text or number; floats are shown with three digits)."""
        self.rows, self.caption = rows, caption

    def _cells(self) -> list[list[str]]:
        def text(value) -> str:
            return f"{value:.3g}" if isinstance(value, float) else str(value)

        return [list(self.rows[0]), *([text(v) for v in row.values()] for row in self.rows)]

    def __repr__(self) -> str:
        """Return the table as Markdown."""
        head, *body = ["| " + " | ".join(row) + " |" for row in self._cells()]
        return "\n".join([self.caption, "", head, "|" + " --- |" * len(self.rows[0]), *body])

    def _repr_html_(self) -> str:
        head, *body = self._cells()
        top = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
        lines = [
            f'<tr><th scope="row">{html.escape(first)}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
            + "</tr>"
            for first, *rest in body
        ]
        return (
            f"<table><caption>{html.escape(self.caption)}</caption>"
            f"<thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        )


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of `data/measured/<name>.csv`, which a tool of `data/make/` has written."""
    with (MEASURED / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(name: str, rows: list[dict]) -> None:
    """Write rows of equal columns to `data/measured/<name>.csv`."""
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(MEASURED / f"{name}.csv", text.getvalue())
