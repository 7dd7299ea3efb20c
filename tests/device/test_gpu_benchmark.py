"""`tests.benchmarks gpu` at `smoke` on the CPU; the rows of lesson 04: lessons/lesson_04.py."""

import json
import subprocess

import pytest

from tests.benchmarks import gpu

COLUMNS = ["GAN", "bits", "usual loop, ms", "lesson, ms", "memory, GB", "forecast, s", "needed, s"]


@pytest.mark.parametrize("lesson", ["01_sine_gan", "02_mnist_gan"])
def test_both_loops_are_timed(lesson, smoke, one_thread):
    row = gpu.pytorch_row(lesson, steps=1, rounds=1)
    assert [*row] == [*COLUMNS, "device"] and row["GAN"] == lesson
    assert 0 < row["lesson, ms"] < 5000 and 0 < row["usual loop, ms"] < 5000


def test_without_a_gpu_it_says_so_and_writes_nothing(monkeypatch, capsys):
    monkeypatch.setenv("GAN_DEVICE", "cpu")
    monkeypatch.setattr(gpu, "write_rows", None)
    gpu.main()
    assert capsys.readouterr().out == "No GPU is found here, so there is nothing to measure.\n"


def test_each_row_comes_from_a_process_of_its_own(monkeypatch, capsys):
    started, written = [], {}

    def run(command, env, **options):
        started.append((*command[-2:], env["GAN_PRESET"], env["GAN_DEVICE"]))
        told = f"a line\n{json.dumps({'GAN': command[-2]})}\n"
        return subprocess.CompletedProcess(command, 0, stdout=told.encode())

    monkeypatch.setattr("helpers.device.pytorch.pick_device", lambda: "cuda")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(gpu, "write_rows", written.__setitem__)
    gpu.main("lesson")
    assert started[0] == ("01_sine_gan", "float32", "smoke", "cuda")
    assert started[-1] == ("second", "mixed_float16", "lesson", "cuda")
    assert [row["GAN"] for row in written["gpu"]] == [which for which, _ in gpu.ROWS]
    assert "01_sine_gan" in capsys.readouterr().out
