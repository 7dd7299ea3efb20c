"""Fetch CelebA's archive from Kaggle. Only this file knows Kaggle's own client.

It runs in a process of its own: it prints, knows no time limit for the first answer, and some
versions end the program on import where there is no account.
"""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from tqdm import tqdm

from helpers.base.errors import CourseError
from helpers.base.variables import variable

DATASET = "jessicali9530/celeba-dataset"
ARCHIVE = "celeba-dataset.zip"  # so Kaggle names it
ARCHIVE_BYTES = 1_500_000_000
ACCOUNT = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
ACCEPT = "log in there, accept the data set's terms"


def fetch_archive(folder: Path, patience: float) -> Path:
    """Return the path of the data set's zip file in `folder`, downloaded unless it lies there.

    An account, which is not needed, is found as by Kaggle's client (KAGGLE_API_TOKEN,
    KAGGLE_USERNAME with KAGGLE_KEY, their files), in Colab also in secrets of these names. A
    failure, such as `patience` seconds in which nothing comes, raises CourseError.
    """
    archive = folder / ARCHIVE
    if zipfile.is_zipfile(archive):
        return archive
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < ARCHIVE_BYTES - _size(archive):
        raise CourseError(f"the archive needs {ARCHIVE_BYTES / 1e9:.1f} GB on the disk.")
    print(
        "CelebA may be used for research and teaching that is not commercial; whoever downloads it "
        f"agrees to the terms on kaggle.com/datasets/{DATASET}.\n"
        f"Downloading {ARCHIVE_BYTES / 1e9:.1f} GB from Kaggle ..."
    )
    if problem := _watch(archive, patience):
        raise CourseError(problem)
    if not zipfile.is_zipfile(archive):
        archive.unlink(missing_ok=True)
        problem = "what Kaggle sent is no sound zip file and was removed"
        raise CourseError(f"{problem}: {ACCEPT}, and try again.")
    return archive


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _watch(archive: Path, patience: float) -> str:
    """Run the download in another process with a progress bar; return its problem, "" for none."""
    size, since = _size(archive), time.monotonic()
    with (
        tqdm(unit="B", unit_scale=True, desc="download", delay=1, file=sys.stdout) as bar,
        subprocess.Popen(
            [sys.executable, "-m", "helpers.data.kaggle", str(archive.parent.resolve())],
            cwd=Path(__file__).parents[2],  # where Python finds `helpers`
            env=os.environ | _account(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        try:
            while process.poll() is None:
                time.sleep(0.1)
                if (now := _size(archive)) != size:
                    bar.update(now - size)
                    size, since = now, time.monotonic()
                elif time.monotonic() - since > patience:
                    return f"nothing came for {patience:.0f} seconds, or the disk is full."
        finally:
            process.kill()
        answer, _ = process.communicate()
    failure = f"Kaggle's client failed (code {process.returncode})." if process.returncode else ""
    return answer or failure


def _account() -> dict[str, str]:
    """Return what variables, or else Colab's secrets, tell of an account at Kaggle.

    Without the blanks and the line break that come with a copy.
    """
    found = {}
    for name in ACCOUNT:
        if value := variable(name):
            found[name] = value
            continue
        with contextlib.suppress(Exception):  # no Colab, absent, not allowed, not answered in time
            from google.colab import userdata

            found[name] = userdata.get(name).strip()
    return found


def _download(folder: str) -> str:
    """Run Kaggle's client; return what went wrong in one sentence (in the other process)."""
    from requests import RequestException

    # The client allows to go without an account only to its own command, told by these words.
    sys.argv = ["kaggle", "datasets", "download"]
    try:
        import kaggle

        kaggle.api.authenticate()
        kaggle.api.dataset_download_files(DATASET, path=folder, quiet=True)
    except SystemExit:
        return "Kaggle's client asks for an account: set KAGGLE_API_TOKEN."
    except Exception as error:  # its own words might name the account
        if (response := getattr(error, "response", None)) is not None:
            code, advice = response.status_code, "try again later"
            if code in (401, 403):
                advice = f"{ACCEPT}, and set KAGGLE_API_TOKEN to a sound token"
            return f"Kaggle does not send it ({code}): {advice}."
        if isinstance(error, RequestException):
            return "Kaggle cannot be reached, or it broke off: the next run goes on from there."
        return f"Kaggle's client failed ({getattr(error, 'strerror', '') or type(error).__name__})."
    return ""


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        problem_in_words = _download(sys.argv[1])
    print(problem_in_words, end="")
