"""CelebA from Kaggle, and how a download is watched. Only this file knows Kaggle's own clients.

A download runs in a process of its own: a client prints, may wait without end, and some versions
of Kaggle's end the program on import where there is no account.
"""

import contextlib
import importlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from helpers.base.errors import CourseError
from helpers.base.progress import bar_file, tqdm
from helpers.base.variables import variable
from helpers.data.squares import NotEnough, open_pictures

DATASET = "jessicali9530/celeba-dataset"
ARCHIVE = "celeba-dataset.zip"  # so Kaggle names it
ARCHIVE_BYTES = 1_500_000_000
TERMS = (
    "CelebA may be used for non-commercial research only, and its pictures may not be passed on: "
    "whether your class counts as that, you have to decide."
)
ACCOUNT = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
ATTACHED = Path("/kaggle/input")
MOUNTING = ("TBE_RUNTIME_ADDR", "KAGGLE_KERNEL_RUN_TYPE")  # set in Colab, set on Kaggle


def celeba(store: Path, patience: float) -> Iterator[Path]:
    """Yield where CelebA's pictures should be: first what lies there, then what has to be fetched.

    That is the zip file in `store`, a data set attached on Kaggle, in Colab and on Kaggle what the
    package `kagglehub` mounts, and the zip file, downloaded; CourseError where this fails too, as
    after `patience` seconds in which nothing comes. An account, which is not needed, is found as by
    Kaggle's client (KAGGLE_API_TOKEN, KAGGLE_USERNAME with KAGGLE_KEY, their files), in Colab also
    in secrets of these names.
    """
    print(TERMS)
    archive = store / ARCHIVE
    if archive.exists() and _is_whole(archive):
        yield archive
    for layout in ("*", "datasets/*/*"):  # where Kaggle once attached a data set, and does now
        yield from sorted(ATTACHED.glob(f"{layout}/img_align_celeba"))
    account = _account()
    if importlib.util.find_spec("kagglehub") and any(name in os.environ for name in MOUNTING):
        try:
            yield Path(apart(_mount, store / "kagglehub", patience, **account))
        except CourseError as problem:
            print(f"CelebA cannot be mounted and is downloaded instead: {problem}")
    if shutil.disk_usage(store).free < ARCHIVE_BYTES - _size(archive):
        raise CourseError(f"the archive needs {ARCHIVE_BYTES / 1e9:.1f} GB on the disk.")
    print(f"Downloading {ARCHIVE_BYTES / 1e9:.1f} GB from kaggle.com/datasets/{DATASET} ...")
    apart(_download, archive, patience, **account)
    yield archive


def _is_whole(archive: Path) -> bool:
    """Tell whether this is a zip file, or the part of one; CourseError if it cannot be read."""
    try:
        with open_pictures(archive):
            return True
    except NotEnough:
        return False


def apart(task: Callable[[str], object], place: Path, patience: float, **variables: str) -> str:
    """Return the answer of `task(place)`, a function that writes only there, from another process.

    A bar shows how the file or folder `place` grows. CourseError says what the task's CourseError
    says, or that nothing came for `patience` seconds.
    """
    size, since = _size(place), time.monotonic()
    with (
        tqdm(unit="B", unit_scale=True, desc="download", delay=1, file=bar_file()) as bar,
        subprocess.Popen(
            [sys.executable, "-m", __name__, task.__module__, task.__name__, str(place.resolve())],
            cwd=Path(__file__).parents[2],  # where Python finds `helpers`
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
                if (now := _size(place)) != size:
                    bar.update(now - size)
                    size, since = now, time.monotonic()
                elif time.monotonic() - since > patience:
                    silent = f"nothing came for {patience:.0f} seconds"
                    raise CourseError(f"{silent}; try again later, if the disk is not full.")
        finally:
            process.kill()
        answer, _ = process.communicate()
    if process.returncode:
        raise CourseError(answer or f"the download ended with code {process.returncode}.")
    return answer


def _size(place: Path) -> int:
    """Return how many bytes a file, or all files below a folder, have by now."""
    size = 0
    for path in (place, *(Path(at, name) for at, _, names in os.walk(place) for name in names)):
        with contextlib.suppress(OSError):  # not there, no longer there
            size += path.stat().st_size
    return size


def _account() -> dict[str, str]:
    """Return what variables, or else Colab's secrets, tell of an account at Kaggle.

    Without the blanks and the line breaks that come with a copy.
    """
    found = {}
    for name in ACCOUNT:
        if value := variable(name):
            found[name] = "".join(value.split())
            continue
        with contextlib.suppress(Exception):  # no Colab, absent, not allowed, not answered in time
            from google.colab import userdata

            found[name] = "".join(userdata.get(name).split())
    return found


def _mount(folder: str) -> str:
    """Return where `kagglehub` has CelebA: mounted, else downloaded to `folder`; run by `apart`."""
    os.environ["KAGGLEHUB_CACHE"] = folder
    with _in_words():
        import kagglehub

        return kagglehub.dataset_download(DATASET)


def _download(archive: str) -> None:
    """Download CelebA's zip file, or the rest of it, by Kaggle's own client; run by `apart`."""
    # The client allows to go without an account only to its own command, told by these words.
    sys.argv = ["kaggle", "datasets", "download"]
    with _in_words():
        import kaggle

        kaggle.api.authenticate()
        kaggle.api.dataset_download_files(DATASET, path=os.path.dirname(archive), quiet=True)


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Raise what a client raises as CourseError: its own words might name the account."""
    from requests import RequestException

    try:
        yield
    except SystemExit:
        raise CourseError("Kaggle's client asks for an account: set KAGGLE_API_TOKEN.") from None
    except Exception as error:
        if (response := getattr(error, "response", None)) is not None:
            code, advice = response.status_code, "try again later"
            if code in (401, 403):
                advice = "accept the data set's terms there, and set KAGGLE_API_TOKEN to your token"
            problem = f"Kaggle does not send it ({code}): {advice}."
        elif isinstance(error, RequestException):
            problem = "Kaggle cannot be reached, or it broke off: the next run goes on from there."
        else:
            why = getattr(error, "strerror", "") or type(error).__name__
            problem = f"Kaggle's client failed ({why})."
        raise CourseError(problem) from error


if __name__ == "__main__":  # in the process that `apart` starts
    module, name, where = sys.argv[1:]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            answer, failed = getattr(importlib.import_module(module), name)(where), False
    except CourseError as error:
        answer, failed = error, True
    print(answer, end="")
    sys.exit(failed)
