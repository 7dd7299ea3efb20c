"""What was measured by hand, as the tables that the lessons show."""

import csv
import io

from helpers.files import MEASURED, write_text


def write_rows(name: str, rows: list[dict]) -> None:
    """Write rows of equal columns to `data/measured/<name>.csv`."""
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    MEASURED.mkdir(exist_ok=True)
    write_text(MEASURED / f"{name}.csv", text.getvalue())
