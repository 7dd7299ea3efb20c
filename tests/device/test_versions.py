"""The one line for a report of a failing cell."""

import subprocess
import sys

import helpers
from helpers.device import versions


def test_one_line_names_course_python_and_packages(monkeypatch):
    line = versions.describe_versions()
    assert "\n" not in line and line.startswith(f"gan-course {helpers.__version__} | Python 3.")
    monkeypatch.setattr(versions, "PACKAGES", ("no-such-package", "numpy"))
    assert "no-such-package missing | numpy " in versions.describe_versions()


def test_no_framework_is_loaded():
    code = "import runpy, sys; runpy.run_module('helpers.device.versions', run_name='__main__');"
    code += "print({'torch', 'tensorflow', 'keras'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line, loaded = done.stdout.splitlines()
    assert "torch" in line and loaded == "set()"
