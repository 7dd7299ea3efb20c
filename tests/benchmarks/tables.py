"""What was measured by hand, as the tables that the lessons show."""

import csv
import os

from helpers.files import MEASURED


def write_rows(name: str, rows: list[dict]) -> None:
    """Write rows of equal columns to `data/measured/<name>.csv`."""
    MEASURED.mkdir(exist_ok=True)
    path = MEASURED / f"{name}.csv"
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    os.replace(part, path)
