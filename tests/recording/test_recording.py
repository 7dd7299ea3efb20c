"""The recording: what it keeps, what it leaves alone, and what it says to broken files."""

import copy
import json
import re
import sys
import time
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from helpers.base.history import COLUMNS
from helpers.player.page_data import page_data, to_json
from helpers.recording import Recording, recorder
from helpers.recording.encoding import (
    BUCKETS,
    SPRITE_BYTES,
    answers_of,
    bytes_of,
    downsampled,
    places_of,
    sprite,
    sprite_image,
    whole,
)
from helpers.recording.recorder import FRAMES, MOMENTS, VERSION, Schedule
from tests.toys import Recorded
from tests.trouble import DAMAGE, damage, refused

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def points(one_thread):
    run = Recorded("points", planned=200).train(200)
    return run, run.finish()


@pytest.mark.parametrize("planned", [None, 1, 10, 640, 9_600])
@pytest.mark.parametrize("total", [1, 10, 640, 9_600, 9_600_000])
def test_frames_are_dense_at_the_start_few_and_spread(total, planned):
    schedule, kept = Schedule(FRAMES, planned), []
    while schedule.next <= total:
        step = schedule.next
        kept.append({"step": step})
        schedule.take(kept)
        assert len(kept) <= FRAMES and kept[-1]["step"] == step
    steps = [entry["step"] for entry in kept]
    assert steps[0] == 0 and steps == sorted(set(steps))
    gaps = np.diff(steps)
    if total >= 640 and (planned is None or planned <= total):
        assert len(steps) >= 50
        assert steps[-1] >= 0.9 * total
        assert gaps[0] < gaps[-2]  # the last but one step may be kept beside the last
        assert gaps.max() <= 0.06 * total + 2
    if planned == total and total <= 100:
        assert steps == list(range(total + 1))


@pytest.mark.parametrize("kind", ["points", "pictures"])
def test_training_is_the_same_to_the_bit_with_and_without_recording(kind):
    with_it, without = Recorded(kind).train(60), Recorded(kind).train(60, watch=False)
    assert with_it.recording.frames
    assert with_it.history == without.history


class Odd(torch.nn.Module):
    """A generator that draws random numbers and may fail; there is only one mode it works in."""

    def __init__(self, inner, fails):
        super().__init__()
        self.inner, self.fails = inner, fails

    def forward(self, z):
        assert not self.training
        if self.fails:
            raise ArithmeticError
        return self.inner(z + 0.01 * torch.randn_like(z))


@pytest.mark.parametrize("fails", [False, True])
def test_modes_random_state_and_gradients_are_left_as_they_were(fails):
    run = Recorded().train(1)
    discriminator, generator = run.gan.discriminator, Odd(run.gan.generator, fails)
    discriminator[3].eval()  # one layer set otherwise than the rest
    modes = [m.training for m in discriminator.modules()]
    gradients = [p.grad.clone() for p in discriminator.parameters()]
    state = torch.get_rng_state()
    with pytest.raises(ArithmeticError) if fails else nullcontext():
        run.recording.watch(1, generator, discriminator)
    assert generator.training and [m.training for m in discriminator.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    for parameter, before in zip(discriminator.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, before)


def test_the_last_frame_shows_the_networks_as_they_are(points):
    run, recording = points
    generator, discriminator = (network.eval() for network in run.players)
    frame = recording.frames[-1]
    assert frame["step"] == 200
    fakes = generator(torch.tensor(recording.noise)).detach()
    landing = generator(torch.tensor(recording.grid)).detach()
    for name, values in (("fakes", fakes), ("landing", landing)):
        assert np.abs(places_of(frame[name]) - values.numpy()).max() <= 0.0006
    answers = discriminator(fakes).detach().numpy().ravel()
    assert np.abs(answers_of(frame["answers"]) - answers).max() <= 0.003
    # one place of the map: column 30, row 10 from below
    left, bottom, right, top = recording.box
    place = torch.tensor([[left + (right - left) * 30 / 39, bottom + (top - bottom) * 10 / 39]])
    assert abs(answers_of(frame["map"])[10, 30] - discriminator(place).item()) <= 0.003


def test_seconds_count_training_only_and_no_pause():
    run = Recorded(planned=40).train(20)
    before = run.finish().seconds
    time.sleep(0.5)
    assert run.recording.seconds == before
    begin = time.perf_counter()
    run.train(20).finish()
    assert run.recording.seconds - before <= time.perf_counter() - begin
    seconds = [frame["seconds"] for frame in run.recording.frames]
    assert 0 <= seconds[0] < 0.01 and seconds == sorted(seconds)


def test_arrows_are_minus_the_gradient_of_the_generators_loss(points):
    run, recording = points
    generator, discriminator = (copy.deepcopy(network).eval() for network in run.players)
    fakes = generator(torch.tensor(recording.noise))[:64].detach().double()
    discriminator.double()

    def loss(x):
        return -torch.log(discriminator(x)).detach().numpy().ravel()

    for axis in (0, 1):
        move = torch.zeros(2, dtype=torch.float64)
        move[axis] = 1e-5
        slope = (loss(fakes + move) - loss(fakes - move)) / 2e-5
        assert np.allclose(recording.frames[-1]["pushes"][:, axis], -slope, atol=1e-3)


def test_a_moment_holds_both_networks_before_and_after_one_iteration():
    run, before = Recorded(planned=30), []
    for _ in range(30):
        before.append(copy.deepcopy(run.players))
        run.train(1)
    recording = run.finish()
    assert [recording.moments[0]["step"], recording.moments[-1]["step"]] == [0, 29]
    moment = recording.moments[-1]
    old_g, old_d, new_d = (network.eval() for network in (*before[29], run.gan.discriminator))
    fakes = old_g(torch.tensor(recording.noise)).detach()
    assert np.allclose(moment["fakes"], fakes)
    assert np.allclose(moment["answers"], old_d(fakes).detach().ravel(), atol=1e-6)
    assert np.allclose(moment["answers_between"], new_d(fakes).detach().ravel(), atol=1e-6)
    assert not np.allclose(moment["answers"], moment["answers_between"])
    assert not np.allclose(moment["fakes"], moment["fakes_after"])
    assert moment["losses"].tolist() == pytest.approx(run.history[29], rel=1e-5)


def test_there_are_few_moments_when_the_length_is_not_known():
    recording = Recorded().train(400).finish()
    assert 3 <= len(recording.moments) <= MOMENTS
    assert recording.moments[0]["step"] == 0
    assert recording.moments[-1]["step"] > 250


def test_curves_keep_the_extremes_of_every_stretch():
    history = np.random.default_rng(0).normal(1, 0.1, (9_600, 4))
    history[4_321, 0], history[77, 1] = 9.0, -5.0
    curves = downsampled(history)
    assert len(curves["step"]) == BUCKETS
    assert curves["loss_d"][:, 2].max() == 9.0
    assert curves["loss_g"][:, 1].min() == -5.0
    assert curves["answer_real"][:, 0].mean() == pytest.approx(history[:, 2].mean(), abs=1e-4)
    assert [len(downsampled(history[:count])["step"]) for count in (7, 0)] == [7, 0]


def test_losses_that_are_not_numbers_are_kept_as_far_as_they_go(points):
    recording = copy.deepcopy(points[1])
    history = {name: np.ones(200, np.float32) for name in COLUMNS}
    history["loss_d"][120:] = np.nan
    history["loss_g"][150:] = np.inf
    recording.finish(history, *points[0].players)
    assert recording.broken_at == 121
    assert np.isfinite(recording.curves["loss_d"][:119]).all()
    assert np.isnan(recording.curves["loss_d"][-1]).all()


def test_what_is_not_a_number_is_kept_as_such():
    places, answers = np.float32([[1.5, np.nan]]), np.float32([0.5, np.nan])
    assert np.array_equal(places_of(whole(places)), places, equal_nan=True)
    assert np.array_equal(answers_of(bytes_of(answers)), answers, equal_nan=True)
    run = Recorded(planned=20).train(5)
    for network in run.players:
        for parameter in network.parameters():
            parameter.data.fill_(float("nan"))
    frame = run.train(1).finish().frames[-1]
    assert np.isnan(answers_of(frame["map"])).all() and np.isnan(places_of(frame["fakes"])).all()
    assert frame["coverage"] == 0


@pytest.mark.parametrize("how", ["stopped", "loaded", "gone back"])
def test_an_interrupted_run_goes_on(how, tmp_path):
    run = Recorded(planned=100).train(40)
    assert run.finish().frames[-1]["step"] == run.recording.done == 40
    if how == "loaded":
        run.recording = Recording.load(run.recording.save(tmp_path / "run.npz"))
    if how == "gone back":
        run.recording.rewind(25)
        del run.history[25:]
        assert run.recording.frames[-1]["step"] == 25 > run.recording.moments[-1]["step"]
    recording = run.train(100 - len(run.history)).finish()
    for entries, last in ((recording.frames, 100), (recording.moments, 99)):
        steps = [entry["step"] for entry in entries]
        assert steps == sorted(set(steps)) and steps[-1] == last


def page(recording):
    return json.dumps(page_data(recording), default=to_json, allow_nan=False)


@pytest.mark.parametrize("kind", ["points", "pictures"])
def test_saved_and_loaded_it_is_the_same(kind, tmp_path):
    recording = Recorded(kind, planned=20).train(20).finish()
    again = Recording.load(recording.save(tmp_path / "run.npz"))
    assert page(again) == page(recording)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    assert [m["step"] for m in again.moments] == [m["step"] for m in recording.moments]
    assert again.seconds == pytest.approx(recording.seconds, abs=1)


@pytest.mark.parametrize("how", [*DAMAGE, "another run", "object", "folder", "version"])
def test_a_damaged_file_is_named_and_the_run_records_anew(points, how, tmp_path, monkeypatch):
    path = points[1].save(tmp_path / "run.npz")
    if how in DAMAGE:
        damage(path, how)
    elif how == "version":  # another one than was current when it was saved
        monkeypatch.setattr(recorder, "VERSION", VERSION + 1)
    elif how == "another run":
        np.savez(path, about=np.array('{"version": 1}'))
    elif how == "object":
        np.savez(path, about=np.array([{"a": 1}], dtype=object))
    else:
        path = tmp_path
    with refused(re.escape(str(path))):
        Recording.load(path)
    assert points[1].resumed(path) is points[1]


def test_a_recording_whose_list_of_arrays_is_cut_short_is_damaged(points, tmp_path):
    path = points[1].save(tmp_path / "run.npz")
    content = bytearray(path.read_bytes())
    content[content.rfind(b"PK\1\2", 0, content.rfind(b"PK\1\2")) + 33] = 128  # swallows the last
    path.write_bytes(content)
    with refused("damaged"):
        Recording.load(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read")
def test_a_recording_that_cannot_be_read_is_not_damaged(points, tmp_path):
    """Nor is it begun anew, which would overwrite it."""
    path = tmp_path / "run.npz"
    path.symlink_to("/proc/self/mem")  # "Input/output error"
    with refused("cannot be read"):
        Recording.load(path)
    with refused("cannot be read"):
        points[1].resumed(path)


def test_only_a_recording_of_the_same_noise_is_resumed(points, tmp_path):
    path = points[1].save(tmp_path / "run.npz")
    same, other = copy.deepcopy(points[1]), copy.deepcopy(points[1])
    other.noise += 1
    assert same.resumed(path) is not same and same.resumed(path).done == 200
    assert other.resumed(path) is other


@pytest.mark.parametrize(("kind", "word"), [("films", "films"), ("points", "real")])
def test_what_cannot_be_recorded_is_said_in_one_sentence(kind, word):
    with refused(word):
        Recording(kind, np.zeros((4, 2)))


def test_pictures_are_kept_exactly_if_small_and_small_if_not():
    random = np.random.default_rng(0)
    few = random.integers(0, 255, (5, 8, 8), dtype=np.uint8)
    sheet = sprite_image(sprite(few))
    assert sheet.shape == (16, 24, 3)
    assert np.array_equal(sheet[8:16, 8:16, 0], few[4])
    assert len(sprite(random.uniform(-1, 1, (36, 1, 28, 28)))) <= SPRITE_BYTES
    data = sprite(random.integers(0, 255, (16, 128, 128, 3), dtype=np.uint8))
    assert len(data) <= 2 * SPRITE_BYTES
    assert sprite_image(data).shape == (256, 256, 3)
