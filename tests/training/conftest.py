"""Runs write to a temporary folder, in one thread."""

import pytest

from tests.training.toy_run import ToyRun, press_stop


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, one_thread):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs" / "toy"


@pytest.fixture
def whole():
    """The results of a run that nothing interrupted."""
    return ToyRun("whole").train().results()


@pytest.fixture
def cut_off(capsys):
    """The checkpoint of a run that was stopped after its tenth step."""
    run = ToyRun().train(at=10, action=press_stop)
    capsys.readouterr()
    return run.checkpoint
