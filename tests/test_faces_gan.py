"""Lesson 04 is checked in a process of its own: PyTorch and TensorFlow do not go well together."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_lesson_04_where_pytorch_is_not_loaded():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/faces_gan.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
