"""Runs the notebooks as tests: quickly, apart from the reader's runs, to the first error.

It stands here because pytest reads it before all others, whatever it is asked to run.
"""

import os
import tempfile

import pytest

# The kernels inherit these. What the reader has set is left alone.
os.environ.setdefault("GAN_PRESET", "smoke")
if "GAN_RUNS" not in os.environ:
    _runs = tempfile.TemporaryDirectory(prefix="gan-course-runs-", ignore_cleanup_errors=True)
    os.environ["GAN_RUNS"] = _runs.name  # removed when pytest ends

collect_ignore_glob = ["notebooks/ru/*"]  # the same code once more

_failed = set()


def pytest_configure(config):
    """Keep the cells of a notebook in one process when pytest-xdist runs several."""
    if getattr(config.option, "dist", "no") not in ("no", "each"):
        config.option.dist = "loadfile"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Remember the notebooks in which a cell has failed."""
    report = (yield).get_result()
    if item.path.suffix == ".ipynb" and report.failed:
        _failed.add(item.path)


def pytest_runtest_setup(item):
    """Skip what follows a failed cell: it would fail for no reason of its own."""
    if item.path in _failed:
        pytest.skip("an earlier cell of this notebook failed")
