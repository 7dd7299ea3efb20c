"""What a run does: batches, the files it writes, Stop, and folders where nothing can be written."""

import io
import json
import math
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

from helpers.base.files import DATA
from helpers.base.history import COLUMNS
from helpers.training import run as base
from tests.toys import train_step
from tests.training.toy_run import POINTS, PRESET, RESULTS, STEPS, ToyRun, press_stop, refuse


def test_batches_cover_every_example_once_per_epoch():
    run = ToyRun()
    epochs = {1: [], 2: [], 3: []}
    for real in run.batches(POINTS):
        run.record(train_step(run.gan, real))
        epochs[run.epoch].append(real)
        assert run.epoch_ends == (len(epochs[run.epoch]) == 7)
    for batches in epochs.values():
        assert [len(batch) for batch in batches] == [8] * 6 + [2]
        assert torch.equal(torch.cat(batches).sort(dim=0).values, POINTS)
    first, second, third = (torch.cat(batches) for batches in epochs.values())
    assert not torch.equal(first, second) and not torch.equal(second, third)
    same, other = (next(ToyRun(seed=seed).batches(POINTS)) for seed in (1, 2))
    assert torch.equal(same, first[:8]) and not torch.equal(other, first[:8])


def test_loop_runs_outside_the_main_thread():
    with ThreadPoolExecutor() as pool:
        assert pool.submit(ToyRun().train).result().step == STEPS


def test_history_has_a_row_for_each_step():
    run, told = ToyRun(), []
    for real in run.batches(POINTS):
        values = train_step(run.gan, real)
        run.record(values)
        told.append(torch.stack(values).detach())
    head, *lines = (run.folder / "history.csv").read_text(encoding="utf-8").splitlines()
    assert head.split(",") == list(run.history) == ["step", *COLUMNS]
    rows = np.column_stack([np.arange(1, STEPS + 1), torch.stack(told)])
    assert np.array_equal(np.loadtxt(lines, np.float32, delimiter=","), rows)
    assert np.array_equal(np.stack(list(run.history.values()), axis=1), rows)


def test_finished_run_leaves_its_weights_and_results_and_nothing_else():
    run = ToyRun(source="Data: fifty points", average=torch.nn.Linear(2, 2))
    run.seconds_between_saves = 0
    run.train()
    names = [*RESULTS, "average.safetensors", "run.json", "running.lock"]
    assert sorted(path.name for path in run.folder.iterdir()) == sorted(names)
    for name, network in run.networks.items():
        saved = load_file(run.folder / f"{name}.safetensors")
        torch.testing.assert_close(saved, dict(network.state_dict()), rtol=0, atol=0)
    facts = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    wanted = {"lesson": "toy", "seed": 1, "data": "Data: fifty points", **vars(PRESET)}
    assert wanted.items() < facts.items()
    assert facts["steps"] == facts["of_steps"] == STEPS and facts["device"] == "CPU, 1 thread"


def test_gan_runs_names_the_folder(folder, monkeypatch):
    assert ToyRun().folder == folder
    monkeypatch.setenv("GAN_RUNS", "~/runs")
    assert ToyRun().folder == Path.home() / "runs" / "toy"
    monkeypatch.delenv("GAN_RUNS")
    assert ToyRun().folder == DATA / "runs" / "toy"


def test_stop_ends_after_the_step_and_the_loop_goes_on(whole, capsys):
    before = signal.getsignal(signal.SIGINT)
    run = ToyRun().train(at=10, action=press_stop)
    assert run.step == 10
    assert signal.getsignal(signal.SIGINT) is before
    assert "Stopped after step 10" in capsys.readouterr().out
    assert len(run.results()["history.csv"].splitlines()) == 11
    assert json.loads((run.folder / "run.json").read_text())["steps"] == 10
    assert run.train().results() == whole
    assert list(run.batches(POINTS)) == [] and "done" in capsys.readouterr().out


def test_second_stop_interrupts_at_once():
    run = ToyRun()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            run.train(at=10, action=lambda: (press_stop(), press_stop()))
    finally:
        signal.signal(signal.SIGINT, before)
    assert run.step == 9 and run.checkpoint.is_file()
    assert len(run.results()["history.csv"].splitlines()) == 10


@pytest.mark.parametrize(("column", "bad"), [(0, math.nan), (1, math.inf)])
def test_a_loss_that_is_no_number_ends_the_loop_and_is_not_saved(column, bad, monkeypatch, capsys):
    monkeypatch.setattr(base, "SECONDS_BETWEEN_DISPLAYS", 0)
    run = ToyRun()
    run.seconds_between_saves = 0
    for real in run.batches(POINTS):
        values = list(train_step(run.gan, real))
        if run.step + 1 == 10:
            values[column] *= bad
        run.record(values)
    assert run.step == 10
    assert capsys.readouterr().out.count("no number") == 1
    ToyRun().resume()
    assert "after step 9:" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["below a file", "folders in the way", "a lost drive"])
def test_training_goes_on_without_files(what, folder, monkeypatch, capsys):
    if what == "below a file":
        folder.parent.touch()
    elif what == "a lost drive":
        monkeypatch.setattr(os, "replace", refuse)
        monkeypatch.setattr(FileLock, "release", refuse)
    else:
        for name in (*RESULTS, ToyRun()._checkpoint.name, "running.lock"):
            (folder / name).mkdir(parents=True)
    run = ToyRun().resumed()
    run.seconds_between_saves = 0
    assert run.train().step == STEPS == len(run.history["step"])
    assert capsys.readouterr().out.count("GAN_RUNS") == 1


def test_the_bar_is_drawn_where_a_notebook_keeps_one_line(monkeypatch):
    monkeypatch.setattr(base, "bar_file", lambda: drawn)
    drawn = io.StringIO()
    ToyRun().train()
    assert "100%" in drawn.getvalue()
