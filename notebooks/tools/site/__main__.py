"""Makes the course's web site in a folder, from the notebooks with the outputs they have now.

    python -m notebooks.tools.site FOLDER

Nothing is fetched, and the site needs no network: it works from a folder, from a stick and under
any address. FOLDER is made anew; an older site in it is replaced, if nobody has changed it.
"""

import contextlib
import importlib.util
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from helpers.base.errors import CourseError
from helpers.base.files import sha256

MADE = ".made-by-gan-course"  # in a site: the checksums of all that the command has written
INSTALL = "pip install -r notebooks/tools/site/requirements.txt"


def files_in(folder: Path) -> dict[str, str]:
    """Return the files in a folder, without the list of them: relative path and checksum."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MADE)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def check_place(folder: Path) -> None:
    """Raise CourseError unless a site may be written to this folder."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise CourseError(f"{folder} is a file: name a folder.")
    if not os.access(folder, os.W_OK):
        raise CourseError(f"{folder} is read-only: name another folder.")
    made = {}
    if (folder / MADE).is_file():
        lines = (folder / MADE).read_text(encoding="utf-8").splitlines()
        made = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    strange = [name for name, digest in files_in(folder).items() if made.get(name) != digest]
    if strange:
        raise CourseError(
            f"{folder} holds what this command has not made ({strange[0]}): name a new folder."
        )


@contextlib.contextmanager
def new_site(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to; at the end it takes the place of `folder`.

    After an error nothing is left behind, and a folder that was there stays as it was.
    """
    check_place(folder)
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        part.mkdir(parents=True)
        yield part
        made = "".join(f"{digest}  {name}\n" for name, digest in files_in(part).items())
        (part / MADE).write_text(made, encoding="utf-8")
        check_place(folder)
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except OSError as error:
        raise CourseError(f"{folder} cannot be written ({error.strerror}).") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def main(arguments: list[str]) -> None:
    """Build the folder that the command line names and say how large it is."""
    if len(arguments) != 1:
        sys.exit("Name one folder: python -m notebooks.tools.site FOLDER")
    if not all(map(importlib.util.find_spec, ("furo", "latex2mathml", "myst_nb"))):
        sys.exit(f"The site's builder is not installed: {INSTALL}.")
    from notebooks.tools.site.build import build

    folder = Path(arguments[0]).resolve()
    try:
        with new_site(folder) as part:
            for warning in build(part):
                print(warning, file=sys.stderr)
    except CourseError as error:
        sys.exit(str(error))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    print(f"{size:.0f} MB: open {folder / 'index.html'} in a browser.")


if __name__ == "__main__":
    main(sys.argv[1:])
