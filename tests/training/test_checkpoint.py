"""Checkpoints: a run goes on bit by bit, and a file that does not fit is put aside."""

import contextlib
import io
import multiprocessing
import os
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.recording import Recording
from helpers.training import run as base
from tests.training.toy_run import POINTS, PRESET, RESULTS, STEPS, ToyRun, press_stop, refuse
from tests.trouble import damage, refused


def test_resumed_run_ends_as_a_whole_one(cut_off, whole, capsys):
    run = ToyRun()
    for optimizer in (run.gan.optimizer_g, run.gan.optimizer_d):
        for settings in (optimizer.defaults, *optimizer.param_groups):
            settings["of_a_newer_pytorch"] = False
    assert run.resumed().step == 10 and "after step 10:" in capsys.readouterr().out
    assert run.train().results() == whole


def test_resume_brings_back_kept_pictures_seconds_and_the_average():
    run = ToyRun(average=torch.nn.Linear(2, 2))
    run.train(at=8, action=lambda: (run.keep(torch.ones(2, 3)), press_stop()))
    again = ToyRun(average=torch.nn.Linear(2, 2)).resumed()
    assert again.kept.keys() == {2} and torch.equal(again.kept[2], torch.ones(2, 3))
    assert again.seconds == run.seconds > 0
    assert torch.equal(again.networks["average"].weight, run.networks["average"].weight)


def recorded_run(lesson="toy", title=""):
    noise = torch.randn(100, 2, generator=torch.Generator().manual_seed(3))
    return ToyRun(lesson, recording=Recording("points", noise, POINTS, title))


def test_a_recording_goes_on_even_if_it_is_ahead_of_its_run():
    def frames(run):
        return [{k: v for k, v in f.items() if k != "seconds"} for f in run.recording.frames]

    run = recorded_run(title="before").train(at=10, action=press_stop)
    checkpoint = run.checkpoint.read_bytes()
    run.train(at=15, action=press_stop)  # killed after the recording was saved
    run.checkpoint.write_bytes(checkpoint)
    again, whole = recorded_run(title="after").resumed().train(), recorded_run("whole").train()
    assert again.recording.title == "before"
    np.testing.assert_equal(frames(again), frames(whole))
    anew = recorded_run("anew")
    anew.recording = again.recording
    np.testing.assert_equal(frames(anew.train()), frames(whole))


@pytest.mark.parametrize("how", ["cut", "missing"])
def test_without_its_recording_a_run_goes_on_and_records_from_there(how):
    run = recorded_run().train(at=10, action=press_stop)
    damage(run.folder / "recording.npz", how)
    frames = recorded_run().resumed().train().recording.frames
    assert [frame["step"] for frame in frames] == list(range(10, STEPS + 1))


def test_a_full_disk_costs_no_checkpoint(cut_off, whole, folder, capsys):
    resource = pytest.importorskip("resource")
    content, (soft, hard) = cut_off.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    run = recorded_run().resumed()
    run.seconds_between_saves = 0
    capsys.readouterr()
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))  # bytes: less than each of its files
    try:
        assert run.train().step == STEPS
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert capsys.readouterr().out.count("GAN_RUNS") == 1
    assert cut_off.read_bytes() == content and not [*folder.glob("*.part")]
    assert ToyRun().resumed().train().results() == whole
    assert not cut_off.exists()


def test_what_a_killed_run_has_half_written_is_cleared_away(cut_off, whole):
    for name in (cut_off.name, "recording.npz"):
        cut_off.with_name(f"{name}.0.part").write_bytes(b"half")
    assert ToyRun().resumed().train().results() == whole
    assert not [*cut_off.parent.glob("*.part")]


def test_the_checkpoint_is_written_before_the_results(monkeypatch):
    def killed(run):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(ToyRun, "_write_weights", killed)
        ToyRun().train(at=10, action=press_stop)
    assert ToyRun().resumed().step == 10


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read")
def test_a_checkpoint_that_cannot_be_read_is_left_where_it_is(cut_off):
    cut_off.unlink()
    cut_off.symlink_to("/proc/self/mem")  # "Input/output error"
    with refused("cannot be read"):
        ToyRun().resume()
    assert cut_off.is_symlink() and not [*cut_off.parent.glob("*.damaged")]


def test_a_gan_that_was_trained_before_begins_no_run_unless_there_is_a_checkpoint(cut_off, whole):
    used = ToyRun("another").train(at=3, action=press_stop).gan
    with refused("makes the GAN again"):
        ToyRun("new", gan=used).resumed().train()
    assert ToyRun(gan=used).resumed().train().results() == whole
    warm = ToyRun("warm")
    warm.gan.generator.load_state_dict(used.generator.state_dict())
    assert warm.train().step == STEPS


def test_an_error_in_the_first_step_leaves_nothing_to_resume(whole):
    run = ToyRun()
    with pytest.raises(PermissionError):
        run.train(at=1, action=refuse)
    with refused("makes the GAN again"):
        run.train()
    assert ToyRun().resumed().train().results() == whole


class Surprise:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


@pytest.mark.parametrize("how", ["cut", "empty", "text", "code"])
@pytest.mark.parametrize("can_write", [True, False])
def test_a_damaged_checkpoint_is_put_aside(how, can_write, cut_off, monkeypatch, capsys):
    monkeypatch.chdir(cut_off.parent)
    if how == "code":
        torch.save({"history": Surprise()}, cut_off)
    else:
        damage(cut_off, how)
    content = cut_off.read_bytes()
    if not can_write:
        monkeypatch.setattr(Path, "replace", refuse)
    assert ToyRun().resumed().step == 0 and not Path("unpickled").exists()
    (line,) = capsys.readouterr().out.splitlines()
    assert "damaged" in line and "step 1." in line
    aside = cut_off.with_suffix(".damaged")
    assert (aside if can_write else cut_off).read_bytes() == content
    assert (aside.name in line) == can_write


OTHERS = {
    "preset": {"preset": replace(PRESET, level="full")},
    "seed": {"seed": 2},
    "data": {"source": "more"},
    "layers": {"gan": {"width": 9}},
    "average": {"average": torch.nn.Linear(2, 2)},
    "optimizer": {"gan": {"adam": torch.optim.RMSprop}},
    "version": {},
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_run_has_another_checkpoint_and_the_first_still_goes_on(other, cut_off, capsys):
    with pytest.MonkeyPatch.context() as patch:
        if other == "version":
            patch.setattr(base, "VERSION", base.VERSION + 1)
        run, fresh = ToyRun(**OTHERS[other]).resumed(), ToyRun(**OTHERS[other])
        assert "No run to resume" in capsys.readouterr().out and run.step == 0
        for name in ("generator", "discriminator"):
            one, two = (r.networks[name].state_dict() for r in (run, fresh))
            torch.testing.assert_close(one, two, rtol=0, atol=0)
        run.train()
    assert ToyRun().resumed().step == 10


def train_beside(folder, started, ended):
    os.environ["GAN_RUNS"] = str(folder)
    ToyRun().train(at=10, action=lambda: (started.set(), ended.wait(60)))


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_run_that_is_alive_is_not_resumed_and_one_that_was_killed_is(folder):
    """Not while another process trains in the same folder; a lock does not outlive its process."""
    context = multiprocessing.get_context("spawn")
    started, ended = context.Event(), context.Event()
    other = context.Process(target=train_beside, args=(folder.parent, started, ended))
    other.start()
    assert started.wait(60)
    with refused("Another notebook trains"):
        ToyRun().resume()
    with refused("Another notebook trains"):
        ToyRun().train()
    other.kill()
    other.join()
    assert ToyRun().resumed().train().step == STEPS


def test_no_flipped_bit_changes_anything(cut_off):
    content, moments = cut_off.read_bytes(), random.Random(5)
    sound, damaged = ToyRun().resumed(), 0
    for _ in range(200):
        flipped = bytearray(content)
        flipped[moments.randrange(len(content))] ^= 1 << moments.randrange(8)
        cut_off.write_bytes(flipped)
        run, before = ToyRun(), torch.get_rng_state()
        if run._load():  # a byte that fills up space, or the time of a file
            np.testing.assert_equal(run.history, sound.history)
            for name, network in run.networks.items():
                other = sound.networks[name].state_dict()
                torch.testing.assert_close(network.state_dict(), other, rtol=0, atol=0)
        else:
            damaged += 1
            assert torch.equal(torch.get_rng_state(), before) and run.step == 0
    assert damaged > 100


def train_until_killed(folder, steps, seconds):
    """Go on in a process of its own, which the system kills so long after so many steps."""
    torch.set_num_threads(1)
    os.environ["GAN_RUNS"] = str(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        run = ToyRun(preset=replace(PRESET, epochs=60, batch_size=10)).resumed()  # 300 steps
        run.seconds_between_saves = 0.002
        run.train(run.step + steps, lambda: signal.setitimer(signal.ITIMER_REAL, seconds))


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and the timer of POSIX")
def test_run_killed_at_ten_moments_ends_as_a_whole_one(tmp_path):
    context = multiprocessing.get_context("forkserver")  # pays for the imports once
    context.set_forkserver_preload(["torch._dynamo", "tests.training.toy_run"])

    def train(name, *when):
        process = context.Process(target=train_until_killed, args=(tmp_path / name, *when))
        process.start()
        process.join()
        return process.exitcode

    moments = random.Random(6)
    for _ in range(10):  # each in the middle of a step, or of a save
        assert train("killed", moments.randrange(8, 24), 0.01 * moments.random()) < 0
    (path,) = (tmp_path / "killed" / "toy").glob("checkpoint-*.pt")
    checkpoint = torch.load(path, weights_only=True)
    assert 50 < checkpoint["step"] < 300
    assert train("killed", 999, 0) == train("whole", 999, 0) == 0
    one, other = (tmp_path / name / "toy" for name in ("killed", "whole"))
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in RESULTS)
    assert len((one / "history.csv").read_bytes().splitlines()) == 301
