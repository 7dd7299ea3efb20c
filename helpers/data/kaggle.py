"""Fetch CelebA's archive from Kaggle, with Kaggle's own client in a process of its own.

A process of its own because the client prints, knows no time limit for the first answer, and some
versions end the program on import where there is no account. Only this file knows the client.
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

DATASET = "jessicali9530/celeba-dataset"
ARCHIVE_BYTES = 1_500_000_000
LICENCE = (
    "CelebA may be used for research and teaching that is not commercial; whoever downloads it "
    f"agrees to the terms on kaggle.com/datasets/{DATASET}."
)
# What the other process reports, and what to tell the reader. "{}" takes a number or a name.
PROBLEMS = {
    "http-401": "Kaggle does not accept the token or key (401)",
    "http-403": "Kaggle refuses the download (403): log in there, accept the data set's terms, "
    "and set KAGGLE_API_TOKEN",
    "http-404": "Kaggle does not find the data set (404)",
    "http-429": "Kaggle has had too many requests (429): try again in an hour",
    "http": "Kaggle answers with the error {}: try again later",
    "account": "Kaggle's client asks for an account: set KAGGLE_API_TOKEN",
    "client": "the package kaggle is not installed",
    "network": "Kaggle cannot be reached from here",
    "cut": "the download broke off; the next run goes on from there",
    "disk": "the disk is full",
    "page": "Kaggle sent a web page instead of the archive: log in there and accept the data set's "
    "terms",
    "damaged": "the archive from Kaggle is damaged and was removed",
    "other": "Kaggle's client failed ({})",
}


def archive_path(folder: Path) -> Path:
    """Return where the data set's zip file lies or will lie, as Kaggle names it."""
    return folder / f"{DATASET.split('/')[1]}.zip"


def fetch_archive(folder: Path, patience: float = 60.0) -> Path:
    """Return the path of the data set's zip file in `folder`, downloaded unless it lies there.

    Whoever has an account is recognised as Kaggle's client does it (KAGGLE_API_TOKEN,
    KAGGLE_USERNAME with KAGGLE_KEY, their files), in Colab also by secrets of these names; without
    one the download is tried all the same. After `patience` seconds in which nothing comes it is
    given up. Every failure raises CourseError with one sentence.
    """
    archive = archive_path(folder)
    if zipfile.is_zipfile(archive):
        return archive
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < ARCHIVE_BYTES - _size(archive):
        raise CourseError(f"the archive needs {ARCHIVE_BYTES / 1e9:.1f} GB on the disk.")
    print(LICENCE)
    print(f"Downloading {ARCHIVE_BYTES / 1e9:.1f} GB from Kaggle ...")
    problem = _watch(archive, patience)
    if problem:
        kind, _, detail = problem.partition(" ")
        sentence = PROBLEMS.get(f"{kind}-{detail}") or PROBLEMS[kind].format(detail)
        raise CourseError(sentence + ".")
    if not zipfile.is_zipfile(archive):
        with archive.open("rb") as file:
            is_page = file.read(512).lstrip().startswith(b"<")
        archive.unlink()
        raise CourseError(PROBLEMS["page" if is_page else "damaged"] + ".")
    return archive


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _watch(archive: Path, patience: float) -> str:
    """Run the download in another process with a progress bar; return its problem, "" for none."""
    size, since = _size(archive), time.monotonic()
    with tqdm(unit="B", unit_scale=True, desc="download", delay=1, file=sys.stdout) as bar:
        process = subprocess.Popen(
            [sys.executable, "-m", "helpers.data.kaggle", str(archive.parent.resolve())],
            cwd=Path(__file__).parents[2],  # where Python finds `helpers`
            env={**os.environ, **_colab_secrets()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            stderr=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None:
                time.sleep(0.1)
                if (now := _size(archive)) != size:
                    bar.update(now - size)
                    size, since = now, time.monotonic()
                elif time.monotonic() - since > patience:
                    if shutil.disk_usage(archive.parent).free < 2**21:  # the client tries again
                        return "disk"
                    raise CourseError(f"Kaggle has sent nothing for {patience:.0f} seconds.")
        finally:
            process.kill()
            answer, _ = process.communicate()
    return answer or (f"other code {process.returncode}" if process.returncode else "")


def _colab_secrets() -> dict[str, str]:
    """Return Kaggle's token, or name and key, from Colab's secrets; nothing elsewhere."""
    if os.environ.get("KAGGLE_API_TOKEN") or os.environ.get("KAGGLE_KEY"):
        return {}
    try:
        from google.colab import userdata
    except ImportError:
        return {}
    for names in (["KAGGLE_API_TOKEN"], ["KAGGLE_USERNAME", "KAGGLE_KEY"]):
        with contextlib.suppress(Exception):  # absent, not allowed here, or not answered in time
            secrets = {name: userdata.get(name) for name in names}
            if all(secrets.values()):
                return secrets
    return {}


def _download(folder: str) -> str:
    """Run Kaggle's client and return the kind of problem, "" for none (in the other process)."""
    # The client allows to go without an account only to its own command, told by these words.
    sys.argv = ["kaggle", "datasets", "download"]
    try:
        import kaggle

        kaggle.api.authenticate()
        kaggle.api.dataset_download_files(DATASET, path=folder, quiet=True)
    except ModuleNotFoundError as problem:
        return "client" if problem.name == "kaggle" else f"other {problem}"
    except SystemExit:
        return "account"
    except Exception as problem:
        return _kind(problem)
    return ""


def _kind(problem: Exception) -> str:
    """Return one of the keys of PROBLEMS (and a detail) for what the client raised."""
    from requests import exceptions

    response = getattr(problem, "response", None)
    if response is not None:
        return f"http {response.status_code}"
    if isinstance(problem, (exceptions.ChunkedEncodingError, exceptions.ContentDecodingError)):
        return "cut"
    if isinstance(problem, (exceptions.ConnectionError, exceptions.Timeout)):
        return "network"
    if isinstance(problem, OSError) and problem.errno == 28:  # no space left
        return "disk"
    return f"other {type(problem).__name__}"


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):  # the client's own words might name the account
        kind_of_problem = _download(sys.argv[1])
    print(kind_of_problem, end="")
