"""The recording: what it keeps, what it leaves alone, and what it says to broken files."""

import copy
import json
import re
import time

import numpy as np
import pytest
import torch

from helpers import compact
from helpers.base.errors import CourseError
from helpers.player import Player, show, source_of
from helpers.player.page_data import page_data
from helpers.recording.recorder import FRAMES, MOMENTS, VERSION, Recording
from tests.toys import Run


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # faster for networks this small, above all on a busy machine
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def points():
    run = Run("points", planned=200).train(200)
    return run, run.finish()


@pytest.fixture(scope="module")
def pictures():
    run = Run("pictures", planned=60).train(60)
    return run, run.finish()


def steps_kept(total, planned):
    """The steps that a loop of `total` steps keeps, without any networks."""
    schedule, kept = compact.Schedule(FRAMES, planned), []
    step = 0
    while step <= total:
        kept.append({"step": step})
        schedule.take(kept)
        assert len(kept) <= FRAMES
        step = schedule.next
    return [entry["step"] for entry in kept]


@pytest.mark.parametrize("planned", [None, 1, 10, 640, 9_600])
@pytest.mark.parametrize("total", [1, 10, 640, 9_600, 9_600_000])
def test_frames_are_dense_at_the_start_few_and_spread(total, planned):
    steps = steps_kept(total, planned)
    assert steps[0] == 0
    assert len(steps) <= FRAMES
    assert steps == sorted(set(steps))
    gaps = np.diff(steps)
    if total >= 640 and (planned is None or planned <= total):
        assert len(steps) >= 50
        assert steps[-1] >= 0.9 * total
        assert gaps[0] < gaps[-1]
        assert gaps.max() <= 0.06 * total + 2
    if planned == total and total <= 100:
        assert steps == list(range(total + 1))


def test_a_run_keeps_its_first_and_last_frame_however_long_it_is():
    recording = Recording("points", np.zeros((8, 2)), real=np.array([[0, 0], [1, 1]]), steps=50)
    frame = {"answers": np.zeros(8), "fakes": np.zeros((8, 2)), "map": np.zeros((40, 40))}
    for step in range(50_000):
        if recording.due(step):
            recording.add(step, **frame)
    assert recording.frames[0]["step"] == 0
    assert recording.frames[-1]["step"] > 45_000
    assert FRAMES // 3 < len(recording.frames) <= FRAMES


def test_thinning_out_never_drops_the_newest_frame():
    schedule, kept = compact.Schedule(FRAMES), [{"step": step} for step in range(0, 1_210, 10)]
    schedule.take(kept)  # the last two are too close to keep both, but for the last being the last
    assert FRAMES // 3 < len(kept) <= FRAMES
    assert [kept[0]["step"], kept[-1]["step"]] == [0, 1_200]


def test_watching_costs_next_to_nothing_when_no_frame_is_due():
    recording = Recording("points", np.zeros((8, 2)), real=np.zeros((2, 2)))
    recording._next = 10**9
    start = time.perf_counter()
    for step in range(100_000):
        recording.watch(step, None, None)
    assert time.perf_counter() - start < 1  # 100,000 steps; training them takes minutes


@pytest.mark.parametrize("kind", ["points", "pictures"])
def test_training_is_the_same_to_the_bit_with_and_without_recording(kind):
    with_it, without = Run(kind).train(60), Run(kind).train(60, watch=False)
    assert with_it.recording.frames
    assert with_it.history == without.history
    assert torch.equal(torch.rand(3), torch.rand(3)) is False  # the state does move on


def test_modes_random_state_and_gradients_are_left_as_they_were():
    run = Run("points").train(1)
    run.discriminator.body[2].eval()  # one layer set otherwise than the rest
    modes = [m.training for m in run.discriminator.modules()]
    gradients = [p.grad.clone() for p in run.discriminator.parameters()]
    state = torch.get_rng_state()

    class Noisy(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner
            self.seen = []

        def forward(self, z):
            self.seen.append(self.training)
            return self.inner(z + 0.01 * torch.randn_like(z))

    generator = Noisy(run.generator)
    run.recording._take(1, generator, run.discriminator, at_end=True)
    assert generator.seen
    assert not any(generator.seen)
    assert generator.training
    assert [m.training for m in run.discriminator.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    for parameter, before in zip(run.discriminator.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, before)


def test_modes_come_back_after_an_error():
    run = Run("points").train(1)

    def fail(_):
        raise RuntimeError("no")

    run.discriminator.logits = fail
    with pytest.raises(RuntimeError):
        run.recording._take(5, run.generator, run.discriminator)
    assert run.generator.training
    assert run.discriminator.training


def test_the_last_frame_shows_the_networks_as_they_are(points):
    run, recording = points
    frame = recording.frames[-1]
    assert frame["step"] == 200
    run.generator.eval()
    run.discriminator.eval()
    fakes = run.generator(torch.tensor(recording.noise)).detach()
    assert np.abs(frame["fakes"] / compact.UNIT - fakes.numpy()).max() <= 0.0006
    answers = run.discriminator(fakes).detach().numpy().ravel()
    assert np.abs(frame["answers"] / 254 - answers).max() <= 0.003
    # one place of the map: column 30, row 10 from below
    left, bottom, right, top = recording.box
    place = torch.tensor([[left + (right - left) * 30 / 39, bottom + (top - bottom) * 10 / 39]])
    assert abs(frame["map"][10, 30] / 254 - run.discriminator(place).item()) <= 0.003
    landing = run.generator(torch.tensor(recording.grid)).detach().numpy()
    assert np.abs(frame["landing"] / compact.UNIT - landing).max() <= 0.0006


def test_seconds_count_training_only(points):
    seconds = [frame["seconds"] for frame in points[1].frames]
    assert 0 <= seconds[0] < 0.01
    assert seconds == sorted(seconds)
    assert points[1].cost > 0


def test_a_pause_between_two_runs_is_not_counted():
    run = Run("points", planned=40).train(20)
    recording = run.finish()
    before = recording.seconds
    time.sleep(0.5)
    assert recording.seconds == before
    begin = time.perf_counter()
    run.train(20).finish()
    assert recording.seconds - before <= time.perf_counter() - begin


def test_arrows_are_minus_the_gradient_of_the_generators_loss(points):
    run, recording = points
    run.generator.eval()
    run.discriminator.double().eval()
    fakes = run.generator(torch.tensor(recording.noise))[:64].detach().double()

    def loss(x):
        return -torch.log(run.discriminator(x)).detach().numpy().ravel()

    for axis in (0, 1):
        move = torch.zeros(2, dtype=torch.float64)
        move[axis] = 1e-5
        slope = (loss(fakes + move) - loss(fakes - move)) / 2e-5
        assert np.allclose(recording.frames[-1]["pushes"][:, axis], -slope, atol=1e-3)
    run.discriminator.float()


def test_a_moment_holds_both_networks_before_and_after_one_iteration():
    run = Run("points", planned=30)
    before = []
    for _ in range(30):
        before.append(copy.deepcopy((run.generator, run.discriminator)))
        run.train(1)
    before.append((run.generator, run.discriminator))
    recording = run.finish()
    assert [recording.moments[0]["step"], recording.moments[-1]["step"]] == [0, 29]
    moment = recording.moments[-1]
    (old_g, old_d), (_, new_d) = (tuple(n.eval() for n in before[i]) for i in (29, 30))
    fakes = old_g(torch.tensor(recording.noise)).detach()
    assert np.allclose(moment["fakes"], fakes)
    assert np.allclose(moment["answers"], old_d(fakes).detach().ravel(), atol=1e-6)
    assert np.allclose(moment["answers_between"], new_d(fakes).detach().ravel(), atol=1e-6)
    assert not np.allclose(moment["answers"], moment["answers_between"])
    assert not np.allclose(moment["fakes"], moment["fakes_after"])
    assert moment["losses"].tolist() == pytest.approx(run.history[29], rel=1e-5)


def test_there_are_few_moments_when_the_length_is_not_known():
    recording = Run("points").train(400).finish()
    assert 3 <= len(recording.moments) <= MOMENTS
    assert recording.moments[0]["step"] == 0
    assert recording.moments[-1]["step"] > 250


def test_curves_keep_the_extremes_of_every_stretch():
    history = np.random.default_rng(0).normal(1, 0.1, (9_600, 4))
    history[4_321, 0], history[77, 1] = 9.0, -5.0
    curves = compact.downsampled(history)
    assert len(curves["step"]) == compact.BUCKETS
    assert curves["loss_d"][:, 2].max() == 9.0
    assert curves["loss_g"][:, 1].min() == -5.0
    assert curves["answer_real"][:, 0].mean() == pytest.approx(history[:, 2].mean(), abs=1e-4)
    assert len(compact.downsampled(history[:7])["step"]) == 7
    assert len(compact.downsampled(history[:0])["step"]) == 0


def test_losses_that_are_not_numbers_are_shown_as_far_as_they_go(points):
    _, recording = points
    recording = copy.deepcopy(recording)
    history = {name: np.ones(200, np.float32) for name in compact.CURVES}
    history["loss_d"][120:] = np.nan
    history["loss_g"][150:] = np.inf
    recording.finish(history)
    assert recording.broken_at == 121
    assert np.isfinite(recording.curves["loss_d"][:119]).all()
    assert np.isnan(recording.curves["loss_d"][-1]).all()
    assert "From step 121 on the losses are not numbers." in Player(recording).page()


def test_networks_that_broke_are_recorded_too():
    run = Run("points", planned=20).train(5)
    with torch.no_grad():
        for network in (run.generator, run.discriminator):
            for parameter in network.parameters():
                parameter.fill_(float("nan"))
    recording = run.train(1).finish()
    frame = recording.frames[-1]
    assert (frame["map"] == 255).all()
    assert (frame["fakes"] == -32768).all()
    assert frame["coverage"] == 0
    assert "not a number" in show(recording).page()


def test_an_interrupted_run_goes_on(points):
    run = Run("points", planned=100).train(40)
    recording = run.finish()
    assert recording.frames[-1]["step"] == 40
    assert page_data(recording)["done"] == 40
    run.train(60)
    recording = run.finish()
    steps = [frame["step"] for frame in recording.frames]
    assert steps == sorted(set(steps))
    assert steps[-1] == 100
    assert recording.moments[-1]["step"] == 99


def test_going_back_to_a_checkpoint_forgets_what_came_after(points):
    recording = copy.deepcopy(points[1])
    recording.rewind(90)
    assert recording.frames[-1]["step"] <= 90
    assert all(moment["step"] < 90 for moment in recording.moments)
    run = points[0]
    for step in range(91, 201):
        recording.watch(step, run.generator, run.discriminator)
    steps = [frame["step"] for frame in recording.frames]
    assert steps == sorted(set(steps))
    assert steps[-1] == 200


@pytest.mark.parametrize("which", ["points", "pictures"])
def test_saved_and_loaded_it_is_the_same(which, request, tmp_path):
    _, recording = request.getfixturevalue(which)
    again = Recording.load(recording.save(tmp_path / "run.npz"))
    assert page_data(again) == page_data(recording)
    assert json.dumps(page_data(again), allow_nan=False)
    assert not (tmp_path / "run.npz.part").exists()
    assert [m["step"] for m in again.moments] == [m["step"] for m in recording.moments]
    assert again.seconds == pytest.approx(recording.seconds, abs=1)


def test_a_loaded_recording_goes_on(tmp_path):
    run = Run("points").train(30)
    run.finish().save(tmp_path / "run.npz")
    run.recording = Recording.load(tmp_path / "run.npz")
    run.train(30)
    assert run.finish().frames[-1]["step"] == 60


def broken_files(path, good):
    data = good.read_bytes()
    for part in (0, 1, 100, len(data) // 2, len(data) - 30):
        path.write_bytes(data[:part])
        yield path
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :])
    yield path
    path.write_text("not a recording")
    yield path
    for arrays in ({"x": np.zeros(3)}, {"about": np.array('{"version": 1}')}):
        with path.open("wb") as file:
            np.savez(file, **arrays)
        yield path
    np.save(path.with_suffix(".npy"), np.array([{"a": 1}], dtype=object), allow_pickle=True)
    yield path.with_suffix(".npy")
    yield path.parent  # a folder


def test_a_damaged_file_is_named_in_one_sentence(points, tmp_path):
    good = points[1].save(tmp_path / "good.npz")
    count = 0
    for path in broken_files(tmp_path / "bad.npz", good):
        with pytest.raises(CourseError) as error:
            Recording.load(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)
        count += 1
    assert count == 11


def test_a_file_of_another_version_and_a_missing_one_are_named(points, tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.recorder.VERSION", VERSION + 1)
    path = points[1].save(tmp_path / "new.npz")
    monkeypatch.undo()
    with pytest.raises(CourseError, match=f"version {VERSION + 1}.*version {VERSION}"):
        Recording.load(path)
    with pytest.raises(CourseError, match="no recording"):
        Recording.load(tmp_path / "none.npz")


def test_what_cannot_be_shown_is_said_in_one_sentence(points):
    with pytest.raises(CourseError, match="no frame yet"):
        show(Recording("points", np.zeros((4, 2)), real=np.zeros((4, 2))))
    with pytest.raises(CourseError, match="takes recordings"):
        show("run.npz")
    with pytest.raises(CourseError, match="points"):
        Recording("films", np.zeros((4, 2)))
    with pytest.raises(CourseError, match="real"):
        Recording("points", np.zeros((4, 2)))


@pytest.mark.parametrize("label", [1.0, 0.9])
def test_lines_stand_where_real_and_fake_cannot_be_told_apart(label):
    answers = np.linspace(0.01, 0.99, 9_801)
    losses = -label * np.log(answers) - (2 - label) * np.log(1 - answers)
    loss_d, loss_g, answer = compact.balance(label)
    assert answers[losses.argmin()] == pytest.approx(answer, abs=1e-4)
    assert losses.min() == pytest.approx(loss_d, abs=1e-6)
    assert -np.log(answer) == pytest.approx(loss_g)


def test_the_page_draws_the_lines_of_the_label_that_the_run_has(pictures, tmp_path):
    recording = copy.copy(pictures[1])
    page = page_data(recording)
    assert page["levels"] == pytest.approx([2 * np.log(2), np.log(2), 0.5])
    assert page["levelNames"] == ("2 ln 2", "ln 2", "0.5")
    assert "(0.693 if D cannot tell)" in page["moments"][0]["captions"][8]
    recording.real_label = 0.9
    page = page_data(Recording.load(recording.save(tmp_path / "run.npz")))
    assert page["levelNames"] == ("1.38", "0.80", "0.45")
    assert "(0.799 if D cannot tell)" in page["moments"][0]["captions"][8]


def test_one_frame_makes_a_page():
    run = Run("points")
    run.recording.watch(0, run.generator, run.discriminator)
    page = show(run.recording).page(contact_sheet=True)
    assert '"steps":[0]' in page


def test_pictures_are_kept_exactly_if_small_and_small_if_not():
    random = np.random.default_rng(0)
    few = random.integers(0, 255, (5, 8, 8), dtype=np.uint8)
    sheet = compact.sprite_image(compact.sprite(few))
    assert sheet.shape == (16, 24, 3)
    assert np.array_equal(sheet[8:16, 8:16, 0], few[4])
    noise = random.uniform(-1, 1, (36, 1, 28, 28))
    assert len(compact.sprite(noise)) <= compact.SPRITE_BYTES
    faces = random.integers(0, 255, (16, 128, 128, 3), dtype=np.uint8)
    data = compact.sprite(faces)
    assert len(data) <= 2 * compact.SPRITE_BYTES
    assert compact.sprite_image(data).shape == (256, 256, 3)


def test_channels_may_come_first_or_last_and_colours_stay():
    red = np.full((4, 3, 10, 10), -1.0)
    red[:, 0] = 1.0
    for pictures in (red, np.moveaxis(red, 1, 3)):
        assert compact.to_pixels(pictures).shape == (4, 10, 10, 3)
        assert compact.to_pixels(pictures)[0, 0, 0].tolist() == [255, 0, 0]
    assert compact.to_pixels(np.full((1, 4, 4), np.nan)).tolist() == [[[128] * 4] * 4]


def test_networks_need_not_be_modules():
    recording = Recording("pictures", np.zeros((4, 3)), steps=2)
    for step in range(3):
        shade = step / 2

        def generator(noise, shade=shade):
            return np.full((len(noise), 6, 6, 3), shade)

        recording.watch(step, generator, lambda pictures: pictures.mean(axis=(1, 2, 3)))
    assert [frame["answers"][0] for frame in recording.frames] == [0, 127, 254]
    assert len(recording.moments) == 2


def test_the_page_is_complete_in_itself_and_its_words_cannot_break_out(points):
    recording = copy.deepcopy(points[1])
    recording.title = '</script><script>alert("x")</script>'
    page = show(recording, train_step=Run.train_step).page(contact_sheet=True)
    assert "<script>alert" not in page
    assert not re.search(r"https?://|//cdn|@import|url\((?!#)", page)
    for mark in ("/*DATA*/", "/*SCRIPTS*/", "<!--CONTACT SHEET-->"):
        assert mark not in page
    assert "# 3. the discriminator learns" in page
    assert "<script>alert" not in show(recording)._repr_html_()


@pytest.mark.parametrize("which", ["points", "pictures"])
def test_two_recordings_stay_below_two_megabytes_each(which, request):
    _, recording = request.getfixturevalue(which)
    assert len(show(recording).page()) < 2_000_000
    assert len(page_data(recording, 60)["steps"]) <= 60
    assert page_data(recording, 60)["steps"][-1] == recording.frames[-1]["step"]
    assert len(show(recording, recording).recordings) == 2


def test_the_source_of_a_function_is_found():
    assert source_of(Run.train_step).startswith("def train_step(self, real):")
    assert source_of("    a = 1\n    b = 2") == "a = 1\nb = 2"
    assert source_of(len) == source_of(None) == ""


def test_a_cell_gets_the_player_and_an_ordinary_picture_with_alt_text(points, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **options: shown.append((data, options))
    )
    show(points[1])._ipython_display_()
    (player, _), (picture, options) = shown
    assert 'sandbox="allow-scripts"' in player["text/html"]
    assert "text/html" not in picture
    assert picture["image/png"].startswith("iVBOR")
    alt = options["metadata"]["image/png"]["alt"]
    assert "from step 0 to step 200" in alt


def test_the_figure_of_six_moments_has_six_panels(points, pictures):
    from helpers.player.contact_sheet import contact_sheet

    figure = contact_sheet(points[1], pictures[1])
    assert len(figure.axes) == 12
    assert figure.axes[0].get_title() == "step 0"
    assert figure.axes[5].get_title() == "step 200"
    assert figure.alt
