"""Lesson 04 is checked in a process of its own: PyTorch and TensorFlow do not go well together."""

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def start():
    """Start the process; return it and the file with what it writes. See `conftest.py`."""
    told = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
    test = "tests/lessons/lesson_04.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    one_thread = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}  # others work, too
    environment = os.environ | one_thread
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=told, stderr=subprocess.STDOUT
    )
    return process, told


def test_lesson_04_where_pytorch_is_not_loaded():
    process, told = start()
    process.wait()
    told.seek(0)
    assert process.returncode == 0, told.read()[-5000:]
