"""The one line that a report of a failing cell needs: `python -m helpers.device.versions`."""

import platform
from importlib.metadata import PackageNotFoundError, version

import helpers

PACKAGES = ("torch", "torchvision", "tensorflow", "keras", "numpy", "ipywidgets", "jupyterlab")


def describe_versions() -> str:
    """Return in one line the versions of the course, of Python and of the packages it stands on.

    No framework is loaded: this has to work where one of them cannot be imported.
    """
    system = f"{platform.system()} {platform.machine()}"
    parts = [f"gan-course {helpers.__version__}", f"Python {platform.python_version()}", system]
    return " | ".join(parts + [f"{name} {_version(name)}" for name in PACKAGES])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


if __name__ == "__main__":
    print(describe_versions())
