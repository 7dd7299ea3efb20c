"""Writes the checksums of all tables in `data/measured/` into `data/SHA256SUMS`.

    python -m data.make.sums

Run it after a table was changed by hand, or merged: the helpers read none that they do not know.
"""

from helpers.base.files import DATA, write_sum
from helpers.tables import MEASURED


def main() -> None:
    """Write a line for each table."""
    for path in sorted(MEASURED.iterdir()):
        write_sum(path, DATA)


if __name__ == "__main__":
    main()
