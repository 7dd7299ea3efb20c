"""Runs and checkpoints: what a run writes, how it stops, and that it goes on bit by bit."""

import contextlib
import csv
import io
import json
import math
import multiprocessing
import os
import pickle
import random
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.checkpoint import load_checkpoint
from safetensors.torch import load_file
from torch import nn

from helpers import array_file, checkpoint
from helpers import run as runs
from helpers.base.errors import CourseError
from helpers.base.files import DATA
from helpers.device.pytorch import seed_everything
from helpers.presets import Preset
from helpers.recording import Recording
from helpers.training.pytorch import COLUMNS, Run

PRESET = Preset("lesson", epochs=3, batch_size=8, learning_rate_d=1e-2, learning_rate_g=1e-2)
POINTS = torch.linspace(-1, 1, 100).reshape(50, 2)
STEPS = 21  # three epochs of six full batches and one of two points
RESULTS = ("history.csv", "generator.safetensors", "discriminator.safetensors")


class ToyRun(Run):
    """A run of a tiny GAN, with a training step that draws from every source of random numbers."""

    def __init__(
        self, lesson="toy", preset=PRESET, seed=1, width=8, adam=torch.optim.Adam, **options
    ):
        seed_everything(seed)
        networks = {
            "generator": nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 2)),
            "discriminator": nn.Sequential(
                nn.Linear(2, width), nn.Dropout(0.3), nn.Linear(width, 1)
            ),
        }
        rates = {"generator": preset.learning_rate_g, "discriminator": preset.learning_rate_d}
        optimizers = {name: adam(networks[name].parameters(), rates[name]) for name in networks}
        super().__init__(lesson, preset, networks, optimizers, seed, **options)

    def train_step(self, real):
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        spread = random.random() + np.random.rand()
        fake = generator(spread * torch.randn(len(real), 2))
        answer_real, answer_fake = discriminator(real), discriminator(fake.detach())
        loss_d = nn.functional.softplus(torch.cat([-answer_real, answer_fake])).mean()
        loss_g = nn.functional.softplus(-discriminator(fake)).mean()
        for name, loss in (("discriminator", loss_d), ("generator", loss_g)):
            self.optimizers[name].zero_grad()
            loss.backward(inputs=list(self.networks[name].parameters()), retain_graph=True)
        for optimizer in self.optimizers.values():
            optimizer.step()
        return loss_d, loss_g, answer_real.sigmoid().mean(), answer_fake.sigmoid().mean()

    def train(self, at=None, action=lambda: None):
        """Run the loop of a lesson, with an action in the middle of one step; return the run."""
        for real in self.batches(POINTS):
            self.record(self.train_step(real))
            if self.step + 1 == at:
                action()
        return self

    def results(self):
        return {name: (self.folder / name).read_bytes() for name in RESULTS}


def press_stop():
    signal.raise_signal(signal.SIGINT)


def refuse(*arguments, **options):
    raise PermissionError(13, "Permission denied")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Let runs write to a temporary folder, in one thread."""
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path / "runs"
    torch.set_num_threads(threads)


@pytest.fixture
def whole(monkeypatch, tmp_path):
    """The results of a run that nothing interrupted."""
    with monkeypatch.context() as patch:
        patch.setenv("GAN_RUNS", str(tmp_path / "whole"))
        return ToyRun().train().results()


@pytest.fixture
def cut_off(capsys):
    """The checkpoint of a run that was stopped after its tenth step."""
    run = ToyRun().train(at=10, action=press_stop)
    capsys.readouterr()
    return run.folder / "checkpoint.safetensors"


# --- batches


def test_batches_cover_every_example_once_per_epoch():
    run = ToyRun()
    epochs = {1: [], 2: [], 3: []}
    for real in run.batches(POINTS):
        run.record(run.train_step(real))
        epochs[run.epoch].append(real)
        assert run.epoch_ends == (len(epochs[run.epoch]) == 7)
    for batches in epochs.values():
        assert [len(batch) for batch in batches] == [8] * 6 + [2]
        assert torch.equal(torch.cat(batches).sort(dim=0).values, POINTS)
    first, second, third = (torch.cat(batches) for batches in epochs.values())
    assert not torch.equal(first, second) and not torch.equal(second, third)


def test_order_of_the_batches_depends_on_the_seed():
    one, same, other = (next(ToyRun(seed=seed).batches(POINTS)) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_loop_that_is_done_says_so(capsys):
    run = ToyRun().train()
    capsys.readouterr()
    assert list(run.batches(POINTS)) == []
    assert capsys.readouterr().out.startswith("All 21 steps are done: ")


def test_loop_runs_outside_the_main_thread():
    run = ToyRun()
    thread = threading.Thread(target=run.train)
    thread.start()
    thread.join()
    assert run.step == STEPS


# --- what a run writes


def test_same_seed_twice_writes_the_same(whole):
    assert ToyRun().train().results() == whole
    assert ToyRun(seed=2).train().results()["history.csv"] != whole["history.csv"]


def test_history_has_a_row_for_each_step():
    run, told = ToyRun(), []
    for real in run.batches(POINTS):
        values = run.train_step(real)
        told.append([value.item() for value in values])
        run.record(values)
    with (run.folder / "history.csv").open(encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head == ["step", "loss_d", "loss_g", "answer_real", "answer_fake"]
    assert [row[0] for row in rows] == [str(step) for step in range(1, STEPS + 1)]
    written = [[np.float32(value) for value in row[1:]] for row in rows]
    assert written == [[np.float32(value) for value in row] for row in told]
    assert list(run.history) == head
    assert np.array_equal(np.stack([run.history[name] for name in COLUMNS], axis=1), told)


def test_facts_of_the_run():
    run = ToyRun(source="Data: fifty points").train()
    facts = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    assert facts.pop("seconds") >= 0
    assert set(facts.pop("versions")) == {"python", "torch"}
    assert facts == {
        "lesson": "toy",
        "preset": {**vars(PRESET)},
        "seed": 1,
        "steps": STEPS,
        "of_steps": STEPS,
        "data": "Data: fifty points",
        "device": "CPU, 1 thread",
    }


def test_weights_on_disk_are_those_of_the_networks():
    run = ToyRun().train()
    for name, network in run.networks.items():
        saved = load_file(run.folder / f"{name}.safetensors")
        torch.testing.assert_close(saved, dict(network.state_dict()), rtol=0, atol=0)


def test_finished_run_leaves_its_results_and_nothing_else():
    run = ToyRun(seconds_between_saves=0).train()
    assert sorted(path.name for path in run.folder.iterdir()) == sorted([*RESULTS, "run.json"])


def test_gan_runs_names_the_folder(folder, monkeypatch):
    assert ToyRun().folder == folder / "toy"
    monkeypatch.setenv("GAN_RUNS", "~/runs")
    assert ToyRun().folder == Path.home() / "runs" / "toy"
    monkeypatch.delenv("GAN_RUNS")
    assert ToyRun().folder == DATA / "runs" / "toy"


# --- Stop


def test_stop_ends_after_the_step_and_the_loop_goes_on(whole, capsys):
    before = signal.getsignal(signal.SIGINT)
    run = ToyRun().train(at=10, action=press_stop)
    assert run.step == 10
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().out.endswith(
        "Stopped after step 10: run this cell again to go on from there.\n"
    )
    assert len(run.results()["history.csv"].splitlines()) == 11
    assert json.loads((run.folder / "run.json").read_text())["steps"] == 10
    assert run.train().results() == whole


def test_second_stop_interrupts_at_once():
    run = ToyRun()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            run.train(at=10, action=lambda: (press_stop(), press_stop()))
    finally:
        signal.signal(signal.SIGINT, before)
    assert run.step == 9
    assert (run.folder / "checkpoint.safetensors").is_file()


def test_error_in_the_step_keeps_what_there_is():
    run = ToyRun()
    with pytest.raises(ZeroDivisionError):
        run.train(at=10, action=lambda: 1 / 0)
    assert len(run.results()["history.csv"].splitlines()) == 10


@pytest.mark.parametrize("column", [0, 1], ids=["loss of D", "loss of G"])
def test_a_loss_that_is_no_number_ends_the_loop(column, monkeypatch, capsys):
    monkeypatch.setattr(runs, "SECONDS_BETWEEN_DISPLAYS", 0)
    run = ToyRun(seconds_between_saves=0)
    for real in run.batches(POINTS):
        values = list(run.train_step(real))
        if run.step + 1 == 10:
            values[column] *= math.nan
        run.record(values)
    assert run.step == 10
    told = capsys.readouterr().out.splitlines()[-1]
    assert told == "Stopped at step 10: a loss is no number. Try lower learning rates."
    ToyRun().resume()
    assert "after step 9:" in capsys.readouterr().out


def test_the_sentence_about_a_loss_is_said_once(monkeypatch, capsys):
    monkeypatch.setattr(runs, "SECONDS_BETWEEN_DISPLAYS", 0)
    run = ToyRun()
    for _ in run.batches(POINTS):
        run.record([torch.tensor(math.inf)] * 4)
    assert capsys.readouterr().out.count("a loss is no number") == 1


# --- resuming


def test_resumed_run_ends_as_a_whole_one(cut_off, whole, capsys):
    run = ToyRun()
    capsys.readouterr()
    run.resume()
    assert capsys.readouterr().out == (
        "A run was cut off after step 10: training goes on from there.\n"
    )
    assert run.train().results() == whole


def test_resume_brings_back_kept_pictures_and_seconds():
    run = ToyRun()
    run.train(at=8, action=lambda: (run.keep(torch.ones(2, 3)), press_stop()))
    again = ToyRun()
    again.resume()
    assert again.kept.keys() == {2} and torch.equal(again.kept[2], torch.ones(2, 3))
    assert again.seconds == run.seconds > 0


# --- a run with a recording


class ToyGan(nn.Sequential):
    """A discriminator that answers, as a recording wants it."""

    def logits(self, x):
        return super().forward(x)

    def forward(self, x):
        return self.logits(x).sigmoid()


class RecordedRun(ToyRun):
    """The toy run under a recording."""

    def __init__(self, title="", **options):
        noise = torch.randn(100, 2, generator=torch.Generator().manual_seed(3))
        super().__init__(recording=Recording("points", noise, POINTS, title), **options)

    @property
    def _players(self):
        return [self.networks["generator"], ToyGan(*self.networks["discriminator"])]


def same_frames(one, other):
    frames = [
        [{k: v for k, v in frame.items() if k != "seconds"} for frame in recording.frames]
        for recording in (one, other)
    ]
    np.testing.assert_equal(*frames)
    return True


def test_a_recording_changes_nothing_and_is_complete(whole):
    run = RecordedRun().train()
    assert run.results() == whole
    recording = run.recording
    assert [frame["step"] for frame in recording.frames] == list(range(STEPS + 1))
    assert recording.planned == recording.done == STEPS
    assert np.array_equal(recording.curves["loss_d"][:, 0], run.history["loss_d"])
    assert recording.moments[0]["step"] == 0
    assert recording.moments[-1]["step"] == STEPS - 1
    assert same_frames(Recording.load(run.folder / "recording.npz"), recording)


def test_a_stopped_recording_goes_on_in_the_same_session():
    run = RecordedRun().train(at=10, action=press_stop)
    assert run.recording.frames[-1]["step"] == run.recording.done == 10
    run.train()
    assert same_frames(run.recording, RecordedRun(lesson="whole").train().recording)


def test_a_resumed_run_records_on(capsys):
    RecordedRun("before").train(at=10, action=press_stop)
    run = RecordedRun("after")
    run.resume()
    assert run.recording.title == "before" and run.recording.done == 10
    run.train()
    assert same_frames(run.recording, RecordedRun(lesson="whole").train().recording)


def test_a_recording_that_is_ahead_of_the_checkpoint_forgets():
    run = RecordedRun().train(at=8, action=press_stop)
    checkpoint = (run.folder / "checkpoint.safetensors").read_bytes()
    run.train(at=15, action=press_stop)
    (run.folder / "checkpoint.safetensors").write_bytes(checkpoint)
    run = RecordedRun()
    run.resume()
    run.train()
    assert same_frames(run.recording, RecordedRun(lesson="whole").train().recording)


@pytest.mark.parametrize("what", ["damaged", "missing"])
def test_without_its_recording_a_run_goes_on_and_records_from_there(what):
    run = RecordedRun().train(at=10, action=press_stop)
    path = run.folder / "recording.npz"
    path.write_bytes(path.read_bytes()[:100]) if what == "damaged" else path.unlink()
    run = RecordedRun()
    run.resume()
    run.train()
    steps = [frame["step"] for frame in run.recording.frames]
    assert steps == list(range(10, STEPS + 1))


def test_training_anew_begins_a_used_recording_anew():
    run = RecordedRun().train()
    again = RecordedRun(lesson="again")
    again.recording = run.recording
    again.train()
    assert same_frames(again.recording, RecordedRun(lesson="whole").train().recording)


def test_without_a_checkpoint_training_starts_at_step_1(capsys):
    ToyRun().resume()
    assert capsys.readouterr().out.strip().endswith("training starts at step 1.")


def test_nothing_is_unpickled(cut_off, monkeypatch):
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    run = ToyRun()
    run.resume()
    assert run.step == 10
    run.train()


def rewrite(change):
    """Return an action that changes the bytes of a file."""

    def act(path, monkeypatch):
        content = bytearray(path.read_bytes())
        change(content)
        path.write_bytes(content)

    return act


def flip_last_byte(content):
    content[-1] ^= 1


def flip_header_byte(content):
    content[content.index(b'\\"step\\":') + 11] ^= 1


def cut_short(content):
    del content[-100:]


def empty(content):
    content.clear()


def change_version(path, monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", checkpoint.VERSION + 1)


def from_other_lesson(path, monkeypatch):
    run = ToyRun("other").train(at=10, action=press_stop)
    os.replace(run.folder / path.name, path)


def nothing(path, monkeypatch):
    pass


UNUSABLE = {
    "last byte flipped": (rewrite(flip_last_byte), {}, "is damaged"),
    "byte of the header flipped": (rewrite(flip_header_byte), {}, "is damaged"),
    "truncated": (rewrite(cut_short), {}, "is damaged"),
    "empty": (rewrite(empty), {}, "is damaged"),
    "other version": (change_version, {}, "another version of the course (1)"),
    "other lesson": (from_other_lesson, {}, "(lesson: other, not toy)"),
    "other preset": (
        nothing,
        {"preset": replace(PRESET, level="full")},
        "(level: lesson, not full)",
    ),
    "other seed": (nothing, {"seed": 2}, "(seed: 1, not 2)"),
    "other data": (nothing, {"source": "more"}, "(data: , not more)"),
    "other layers": (nothing, {"width": 9}, "other layers"),
    "other optimizer": (nothing, {"adam": torch.optim.RMSprop}, "other optimizers"),
}


@pytest.mark.parametrize(("spoil", "options", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_checkpoint_is_kept_under_another_name(
    spoil, options, words, cut_off, monkeypatch, capsys
):
    spoil(cut_off, monkeypatch)
    content = cut_off.read_bytes()
    run, fresh = ToyRun(**options), ToyRun(**options)
    capsys.readouterr()
    run.resume()
    (line,) = capsys.readouterr().out.splitlines()
    assert words in line
    assert line.endswith("called checkpoint.1.safetensors, and training starts at step 1.")
    assert (cut_off.parent / "checkpoint.1.safetensors").read_bytes() == content
    assert run.step == 0
    for name, network in run.networks.items():
        expected = fresh.networks[name].state_dict()
        torch.testing.assert_close(network.state_dict(), expected, rtol=0, atol=0)
    run.train()
    assert (cut_off.parent / "checkpoint.1.safetensors").read_bytes() == content


def test_second_unusable_checkpoint_does_not_replace_the_first(cut_off):
    first = cut_off.read_bytes()
    ToyRun(seed=2).resume()
    ToyRun(seed=2).train(at=5, action=press_stop)
    second = cut_off.read_bytes()
    ToyRun(seed=3).resume()
    kept = [cut_off.with_name(f"checkpoint.{i}.safetensors").read_bytes() for i in (1, 2)]
    assert kept == [first, second] and first != second


def test_no_flipped_bit_goes_unnoticed(cut_off):
    content, moments, run = cut_off.read_bytes(), random.Random(5), ToyRun()
    before = torch.get_rng_state()
    for _ in range(200):
        flipped = bytearray(content)
        flipped[moments.randrange(len(content))] ^= 1 << moments.randrange(8)
        cut_off.write_bytes(flipped)
        with pytest.raises(CourseError):
            load_checkpoint(cut_off, run._identity, run.networks, run.optimizers)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_checksum_is_that_of_the_checkpoints_that_exist():
    tensors = {"b": torch.tensor(2.0), "a": torch.arange(6).reshape(2, 3)}
    assert checkpoint._checksum(tensors, {"version": 1, "seed": 0}) == 3326492121
    arrays = {"b": np.full(1, 2, np.float32), "a": np.arange(6, dtype=np.int64).reshape(2, 3)}
    assert array_file._checksum(arrays) == 2484666381  # of lesson 04


# --- where nothing can be written


def below_a_file(folder, monkeypatch):
    folder.parent.touch()


def no_new_files(folder, monkeypatch):
    for name in ("generator", "checkpoint"):
        (folder / f"{name}.safetensors.part").mkdir(parents=True)


def no_renaming(folder, monkeypatch):
    monkeypatch.setattr(os, "replace", refuse)


@pytest.mark.parametrize("forbid", [below_a_file, no_new_files, no_renaming])
def test_training_goes_on_without_files(forbid, folder, monkeypatch, capsys):
    forbid(folder / "toy", monkeypatch)
    run = ToyRun(seconds_between_saves=0)
    run.resume()
    run.train()
    assert run.step == STEPS and len(run.history["step"]) == STEPS
    lines = [line for line in capsys.readouterr().out.splitlines() if "GAN_RUNS" in line]
    assert len(lines) == 1 and "The files of this run cannot be written (" in lines[0]


def test_failed_save_leaves_the_last_checkpoint(cut_off, whole, monkeypatch):
    content = cut_off.read_bytes()
    run = ToyRun()
    run.resume()
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        run.train(at=15, action=press_stop)
    assert cut_off.read_bytes() == content
    again = ToyRun()
    again.resume()
    assert again.train().results() == whole


def test_unusable_checkpoint_in_a_read_only_folder(cut_off, monkeypatch, capsys):
    rewrite(cut_short)(cut_off, monkeypatch)
    content = cut_off.read_bytes()
    monkeypatch.setattr(Path, "rename", refuse)
    run = ToyRun()
    run.resume()
    (line,) = capsys.readouterr().out.splitlines()
    assert "is damaged" in line and line.endswith("Training starts at step 1.")
    assert run.step == 0 and cut_off.read_bytes() == content


# --- killed

LONG = replace(PRESET, epochs=60, batch_size=10)  # 300 steps


def train_until_killed(folder, steps):
    """Run in a process of its own; tell `steps` about each step."""
    torch.set_num_threads(1)
    os.environ["GAN_RUNS"] = str(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        run = ToyRun(preset=LONG, seconds_between_saves=0.002)
        run.resume()
        for real in run.batches(POINTS):
            run.record(run.train_step(real))
            steps.send(run.step)


@contextlib.contextmanager
def training_process(folder):
    """Yield a process that trains and a function that waits for its next step."""
    context = multiprocessing.get_context("forkserver")  # pays for the imports once
    context.set_forkserver_preload(["torch._dynamo", "safetensors.torch", "tqdm"])
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
