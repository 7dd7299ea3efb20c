"""Checkpoints: a run goes on bit by bit, and a file that does not fit is put aside."""

import contextlib
import io
import multiprocessing
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.base.errors import CourseError
from helpers.recording import Recording
from helpers.training import run as base
from tests.toys import damage, train_step
from tests.training.toy_run import (
    POINTS,
    PRESET,
    RESULTS,
    STEPS,
    ToyRun,
    press_stop,
    recorded_run,
    refuse,
    resumed,
)  # fmt: skip


def test_resumed_run_ends_as_a_whole_one(cut_off, whole, capsys):
    run = resumed(ToyRun())
    assert "after step 10:" in capsys.readouterr().out
    assert run.train().results() == whole


def test_resume_brings_back_kept_pictures_seconds_and_the_average():
    run = ToyRun(average=torch.nn.Linear(2, 2))
    run.train(at=8, action=lambda: (run.keep(torch.ones(2, 3)), press_stop()))
    again = resumed(ToyRun(average=torch.nn.Linear(2, 2)))
    assert again.kept.keys() == {2} and torch.equal(again.kept[2], torch.ones(2, 3))
    assert again.seconds == run.seconds > 0
    assert torch.equal(again.networks["average"].weight, run.networks["average"].weight)


def test_a_setting_that_a_newer_pytorch_adds_to_its_optimizers_does_not_matter(cut_off, whole):
    run = ToyRun()
    for optimizer in (run.gan.optimizer_g, run.gan.optimizer_d):
        for settings in (optimizer.defaults, *optimizer.param_groups):
            settings["of_the_future"] = False
    assert resumed(run).step == 10 and run.train().results() == whole


# --- with a recording


@pytest.fixture
def same_as_whole():
    whole = recorded_run(lesson="whole").train().recording

    def compare(run):
        one, other = (
            [{k: v for k, v in frame.items() if k != "seconds"} for frame in recording.frames]
            for recording in (run.recording, whole)
        )
        np.testing.assert_equal(one, other)

    return compare


def test_a_recording_changes_nothing_and_is_complete(whole):
    run = recorded_run().train()
    assert run.results() == whole
    for recording in (run.recording, Recording.load(run.folder / "recording.npz")):
        assert [frame["step"] for frame in recording.frames] == list(range(STEPS + 1))
        assert recording.planned == recording.done == STEPS
        assert np.array_equal(recording.curves["loss_d"][:, 0], run.history["loss_d"])


@pytest.mark.parametrize("ahead", [False, True])
def test_a_stopped_recording_goes_on(ahead, same_as_whole):
    run = recorded_run("before").train(at=10, action=press_stop)
    assert run.recording.frames[-1]["step"] == run.recording.done == 10
    checkpoint = (run.folder / "checkpoint.pt").read_bytes()
    if ahead:  # it was saved, but then the process was killed before its checkpoint was
        run.train(at=15, action=press_stop)
        (run.folder / "checkpoint.pt").write_bytes(checkpoint)
    again = resumed(recorded_run("after"))
    assert again.recording.title == "before"
    same_as_whole(again.train())
    again = recorded_run().train(at=10, action=press_stop)
    same_as_whole(again.train())  # in the same session


@pytest.mark.parametrize("how", ["cut", "missing"])
def test_without_its_recording_a_run_goes_on_and_records_from_there(how):
    run = recorded_run().train(at=10, action=press_stop)
    damage(run.folder / "recording.npz", how)
    run = resumed(recorded_run()).train()
    assert [frame["step"] for frame in run.recording.frames] == list(range(10, STEPS + 1))


def test_training_anew_begins_a_used_recording_anew(same_as_whole):
    used = recorded_run().train().recording
    again = recorded_run(lesson="again")
    again.recording = used
    same_as_whole(again.train())


# --- checkpoints that do not fit


def damaged(how):
    return lambda path, monkeypatch: damage(path, how)


def change_version(path, monkeypatch):
    monkeypatch.setattr(base, "VERSION", base.VERSION + 1)


def from_other_lesson(path, monkeypatch):
    run = ToyRun("other").train(at=10, action=press_stop)
    os.replace(run.folder / path.name, path)


class Surprise:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def that_runs_code(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    torch.save({"identity": Surprise()}, path)


def nothing(path, monkeypatch):
    pass


UNUSABLE = {
    **{how: (damaged(how), {}, "damaged") for how in ("cut", "empty", "text")},
    "code": (that_runs_code, {}, "damaged"),
    "version": (change_version, {}, "version: 2, not 3"),
    "lesson": (from_other_lesson, {}, "lesson: other, not toy"),
    "preset": (nothing, {"preset": replace(PRESET, level="full")}, "level: lesson, not full"),
    "seed": (nothing, {"seed": 2}, "seed: 1, not 2"),
    "data": (nothing, {"source": "more"}, "data: , not more"),
    "layers": (nothing, {"gan": {"width": 9}}, "layers"),
    "average": (nothing, {"average": torch.nn.Linear(2, 2)}, "layers"),
    "optimizer": (nothing, {"gan": {"adam": torch.optim.RMSprop}}, "optimizers"),
}


@pytest.mark.parametrize(("spoil", "options", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_checkpoint_is_kept_under_another_name(
    spoil, options, words, cut_off, monkeypatch, capsys
):
    spoil(cut_off, monkeypatch)
    content = cut_off.read_bytes()
    capsys.readouterr()
    run, fresh = resumed(ToyRun(**options)), ToyRun(**options)
    (line,) = capsys.readouterr().out.splitlines()
    assert words in line and "checkpoint.1.pt" in line and "step 1." in line
    assert run.step == 0 and not Path("unpickled").exists()
    for name in ("generator", "discriminator"):
        one, other = (r.networks[name].state_dict() for r in (run, fresh))
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    run.train()
    assert (cut_off.parent / "checkpoint.1.pt").read_bytes() == content


def test_second_unusable_checkpoint_does_not_replace_the_first(cut_off):
    first = cut_off.read_bytes()
    resumed(ToyRun(seed=2)).train(at=5, action=press_stop)
    second = cut_off.read_bytes()
    ToyRun(seed=3).resume()
    kept = [cut_off.with_name(f"checkpoint.{i}.pt").read_bytes() for i in (1, 2)]
    assert kept == [first, second] and first != second


def test_checkpoint_of_the_course_before_is_put_aside(folder, capsys):
    before = folder / "checkpoint.safetensors"
    before.parent.mkdir(parents=True)
    before.write_bytes(b"weights")
    assert resumed(ToyRun()).step == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "earlier" in line and before.with_name("checkpoint.1.safetensors").is_file()


def test_no_flipped_bit_changes_anything(cut_off):
    content, moments = cut_off.read_bytes(), random.Random(5)
    sound = resumed(ToyRun())
    refused = 0
    for _ in range(200):
        flipped = bytearray(content)
        flipped[moments.randrange(len(content))] ^= 1 << moments.randrange(8)
        cut_off.write_bytes(flipped)
        run = ToyRun()
        before = torch.get_rng_state()
        try:
            run._load()
        except CourseError:
            refused += 1
            assert torch.equal(torch.get_rng_state(), before) and run.step == 0
        else:  # a byte that fills up space, or the time of a file
            assert run.step == 10 and np.array_equal(run._table, sound._table)
            for name, network in run.networks.items():
                other = sound.networks[name].state_dict()
                torch.testing.assert_close(network.state_dict(), other, rtol=0, atol=0)
    assert refused > 100


def test_failed_save_leaves_the_last_checkpoint(cut_off, whole, monkeypatch):
    content = cut_off.read_bytes()
    run = resumed(ToyRun())
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        run.train(at=15, action=press_stop)
    assert cut_off.read_bytes() == content
    assert resumed(ToyRun()).train().results() == whole


def test_unusable_checkpoint_in_a_read_only_folder(cut_off, monkeypatch, capsys):
    damage(cut_off, "cut")
    content = cut_off.read_bytes()
    monkeypatch.setattr(Path, "rename", refuse)
    run = resumed(ToyRun())
    (line,) = capsys.readouterr().out.splitlines()
    assert "damaged" in line and line.endswith("step 1.")
    assert run.step == 0 and cut_off.read_bytes() == content


# --- killed

LONG = replace(PRESET, epochs=60, batch_size=10)  # 300 steps


def train_until_killed(folder, steps):
    """Run in a process of its own; tell `steps` about each step."""
    torch.set_num_threads(1)
    os.environ["GAN_RUNS"] = str(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        run = resumed(ToyRun(preset=LONG, seconds_between_saves=0.002))
        for real in run.batches(POINTS):
            run.record(train_step(run.gan, real))
            steps.send(run.step)


@contextlib.contextmanager
def training_process(folder):
    """Yield a process that trains and a function that waits for its next step."""
    context = multiprocessing.get_context("forkserver")  # pays for the imports once
    context.set_forkserver_preload(["torch._dynamo", "tests.training.toy_run"])
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=train_until_killed, args=(folder, writer))
    process.start()
    writer.close()

    def next_step():
        assert reader.poll(120), "the process does not train"
        return reader.recv()

    try:
        yield process, next_step
    finally:
        process.kill()
        process.join()


def finish(folder):
    with training_process(folder) as (process, _):
        process.join()
    assert process.exitcode == 0
    return {name: (folder / "toy" / name).read_bytes() for name in RESULTS}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and fork")
def test_run_killed_at_ten_moments_ends_as_a_whole_one(tmp_path):
    moments, reached = random.Random(6), []
    for _ in range(10):
        with training_process(tmp_path / "killed") as (process, next_step):
            for _ in range(moments.randrange(8, 24)):
                last = next_step()
            time.sleep(0.01 * moments.random())  # into the middle of a step, or of a save
        assert process.exitcode == -signal.SIGKILL
        reached.append(last)
    assert max(reached) > 50
    results = finish(tmp_path / "killed")
    assert results == finish(tmp_path / "whole")
    assert len(results["history.csv"].splitlines()) == 301
