"""Lesson 04: the slides' layers, what a training step changes, and runs that are cut off."""

import gc
import json
import math
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers import compact, exercises, plotting
from helpers.controls import between, to_png, walk
from helpers.device.keras import quiet_start
from helpers.player import show
from helpers.player.contact_sheet import contact_sheet
from helpers.presets import PRESETS
from helpers.recording import Recording
from notebooks.tools.lesson import code_cells
from tests.benchmarks.faces04 import definitions
from tests.exercises.answers import answers, assert_open, assert_refused, assert_solved, changed

LESSON = "04_celeba_keras_gan"
ROOT = Path(__file__).resolve().parents[1]
SMOKE, FULL = PRESETS[LESSON]["smoke"], PRESETS[LESSON]["full"]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the lesson defines, at the preset `smoke`, with drawn faces."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GAN_PRESET", "smoke")
    patch.setenv("GAN_DEVICE", "cpu")
    patch.setenv("GAN_FACES", "drawn")
    patch.setenv("GAN_RUNS", str(tmp_path_factory.mktemp("runs")))
    with quiet_start():
        import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]  # two of them, for the strategy of copies
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    lesson = definitions()
    gc.freeze()  # the collector need not look at all that was loaded again and again
    yield lesson
    gc.freeze()  # nor at what is left at the end
    patch.undo()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path))
    return tmp_path / "test"


def pair(names, which):
    """Return the functions that make the generator and the discriminator of a GAN."""
    if which == "first":
        return names["create_generator"], names["create_discriminator"]
    return names["create_normalised_generator"], names["create_deep_discriminator"]


def new_run(names, which="second", **options):
    settings = getattr(SMOKE, which)
    gan = names["new_gan"](*pair(names, which), settings)

    def look(run):
        pictures = names["generate"](gan.generator, names["fixed_noise"])
        run.keep(names["distance"](pictures).value)

    return names["Run"]("test", gan, settings, 0, "drawn", look, **options)


def recorded_run(names, which="second", title="", **options):
    real = names["training"][:9] / 127.5 - 1
    recording = Recording("pictures", names["fixed_noise"][:9], real, title, most=30)
    return new_run(names, which, recording=recording, **options)


def seen(recording):
    """Return all that a recording holds but its seconds."""
    frames = [{k: v for k, v in f.items() if k != "seconds"} for f in recording.frames]
    return frames, recording.moments, recording.curves


def fit(names, run, *callbacks, most=None):
    batches = names["real_batches"](run.settings, run.step)
    batches = batches.take(most) if most else batches
    run.gan.fit(batches, callbacks=[run, *callbacks], verbose=0, shuffle=False)


def arrays(network):
    return [np.array(weights) for weights in network.get_weights()]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def finished(names, tmp_path_factory):
    """A whole recorded run of each GAN."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        for which in ("first", "second"):
            patch.setenv("GAN_RUNS", str(tmp_path_factory.mktemp(which)))
            run = recorded_run(names, which)
            fit(names, run)
            made[which] = run
    return made


@pytest.fixture(scope="module")
def begun(names, tmp_path_factory):
    """The checkpoint of the second GAN after two iterations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_RUNS", str(tmp_path_factory.mktemp("begun")))
        run = new_run(names)
        fit(names, run, most=2)
        return (run.folder / "checkpoint.safetensors").read_bytes()


# --- the networks


def words(network):
    """Return the layers in words."""

    def word(layer):
        name = type(layer).__name__
        if name in ("Conv2D", "Conv2DTranspose"):
            return name, layer.filters, *layer.kernel_size, *layer.strides, layer.padding
        told = {"Dense": "units", "Dropout": "rate", "Reshape": "target_shape"}
        return (name, getattr(layer, told[name])) if name in told else name

    return [word(layer) for layer in network.layers]


def test_discriminator_is_that_of_the_slides(names):
    network = names["create_discriminator"](FULL)
    assert network.input.shape == (None, 128, 128, 3)
    assert words(network) == [
        "InputLayer",
        ("Conv2D", 256, 3, 3, 1, 1, "valid"),
        "LeakyReLU",
        ("Conv2D", 256, 4, 4, 2, 2, "valid"),
        "LeakyReLU",
        "Flatten",
        ("Dropout", 0.4),
        ("Dense", 1),
        "Activation",
    ]
    assert network.layers[-1].activation.__name__ == "sigmoid"


def test_generator_is_that_of_the_slides(names):
    network = names["create_generator"](FULL)
    assert network.input.shape == (None, 32) and network.output.shape == (None, 128, 128, 3)
    up = [("Conv2DTranspose", 256, 4, 4, 2, 2, "same"), "LeakyReLU"]
    flat = [("Conv2D", 512, 5, 5, 1, 1, "same"), "LeakyReLU"]
    assert words(network) == [
        "InputLayer",
        ("Dense", 128 * 16 * 16),
        "LeakyReLU",
        ("Reshape", (16, 16, 128)),
        ("Conv2D", 256, 5, 5, 1, 1, "same"),
        "LeakyReLU",
        *(3 * up),
        *(2 * flat),
        ("Conv2D", 3, 7, 7, 1, 1, "same"),
    ]
    assert network.layers[-1].activation.__name__ == "tanh"


def test_one_argument_narrows_filters_and_picture(names):
    lesson = PRESETS[LESSON]["lesson"]
    for which in ("first", "second"):
        generator, discriminator = (create(lesson) for create in pair(names, which))
        assert generator.output.shape == discriminator.input.shape == (None, 64, 64, 3)
        for network, create in zip((generator, discriminator), pair(names, which), strict=True):
            wide = [w for w in words(create(FULL)) if "Conv" in w[0] and w[1] > 3]
            narrow = [w for w in words(network) if "Conv" in w[0] and w[1] > 3]
            assert [w[1] // 8 for w in wide] == [w[1] for w in narrow]


def test_full_has_the_numbers_of_the_presentation(names):
    assert (FULL.images, FULL.size, FULL.narrow, names["latent_dim"]) == (10_000, 128, 1, 32)
    assert (FULL.first.iterations, FULL.first.batch_size, FULL.first.real_label) == (800, 16, 1)
    optimizer = names["make_optimizer"](FULL.first.learning_rate_d, FULL.first.beta1)
    assert type(optimizer).__name__ == "RMSprop" and optimizer.clipvalue == 1.0
    assert math.isclose(float(optimizer.learning_rate), 1e-4, rel_tol=1e-4)


# --- the training step


def test_training_step_shows_the_five_steps_and_nothing_else():
    cell = next(source for source in code_cells(LESSON) if "def train_step" in source)
    body = cell[cell.index("    def train_step") :].splitlines()
    comments = [line.strip() for line in body if "#" in line]
    assert [comment[:4] for comment in comments] == [f"# {n}." for n in range(1, 6)]
    assert len(body) <= 25


@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize("learner", ["discriminator", "generator"])
def test_each_step_changes_its_own_player_only(names, which, learner):
    keras = names["keras"]
    create_generator, create_discriminator = pair(names, which)
    gan = names["GAN"](create_generator(SMOKE), create_discriminator(SMOKE), 1.0)
    rates = [1.0 if learner == player else 0.0 for player in ("discriminator", "generator")]
    gan.compile(*map(keras.optimizers.SGD, rates))
    players = {"discriminator": gan.discriminator, "generator": gan.generator}
    before = {n: [v.numpy() for v in p.trainable_variables] for n, p in players.items()}
    gan.train_step(names["tf"].random.uniform((4, 16, 16, 3), -1, 1, seed=1))
    for name, player in players.items():
        now = [v.numpy() for v in player.trainable_variables]
        if name == learner:
            assert not any(np.array_equal(*w) for w in zip(before[name], now, strict=True))
        else:
            assert equal(before[name], now)


def test_dropout_and_batch_norm_know_that_it_is_training(names, monkeypatch):
    told = []
    layers = names["keras"].layers
    for kind in (layers.Dropout, layers.BatchNormalization):

        def call(self, inputs, training=False, _call=kind.call, _kind=kind, **more):
            told.append((_kind.__name__, training))
            return _call(self, inputs, training=training, **more)

        monkeypatch.setattr(kind, "call", call)
    gan = names["new_gan"](*pair(names, "second"), SMOKE.second)
    moving = [v for v in gan.generator.variables if "moving_mean" in v.path]
    before = [v.numpy() for v in moving]
    told.clear()
    gan.train_step(names["tf"].zeros((4, 16, 16, 3)))
    assert {kind for kind, _ in told} == {"Dropout", "BatchNormalization"}
    assert all(training is True for _, training in told)
    assert not any(np.array_equal(b, v.numpy()) for b, v in zip(before, moving, strict=True))
    told.clear()
    names["generate"](gan.generator, names["fixed_noise"])
    assert told and not any(training for _, training in told)


def test_losses_are_those_of_the_lecture_with_the_label_of_real(names):
    gan = names["new_gan"](*pair(names, "second"), SMOKE.second)
    dense = gan.discriminator.layers[-2]
    dense.set_weights([np.zeros(dense.kernel.shape), np.array([2.0])])  # answers sigmoid(2) always
    for optimizer in (gan.optimizer_d, gan.optimizer_g):
        optimizer.learning_rate = 0.0
    told = {k: float(v) for k, v in gan.train_step(names["tf"].zeros((4, 16, 16, 3))).items()}
    real, fake = math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))
    assert math.isclose(told["loss_d"], 0.9 * real + 0.1 * fake + fake, rel_tol=1e-5)
    assert math.isclose(told["loss_g"], real, rel_tol=1e-5)
    assert math.isclose(told["answer_real"], 1 / (1 + math.exp(-2)), rel_tol=1e-5)
    assert told["answer_real"] == told["answer_fake"]


def test_half_precision_keeps_last_layers_and_losses_in_32_bits(names):
    keras = names["keras"]
    keras.config.set_dtype_policy("mixed_float16")
    try:
        gan = names["new_gan"](*pair(names, "second"), SMOKE.second)
    finally:
        keras.config.set_dtype_policy("float32")
    assert type(gan.optimizer_d).__name__ == "LossScaleOptimizer"
    assert gan.generator.output.dtype == gan.logits.output.dtype == "float32"
    assert gan.generator.layers[1].compute_dtype == "float16"
    before = arrays(gan.discriminator)
    told = gan.train_step(names["tf"].zeros((4, 16, 16, 3)))
    assert all(value.dtype == "float32" for value in told.values())
    assert 1 < float(told["loss_d"]) < 2 and not equal(before, arrays(gan.discriminator))


# --- the data


def test_plan_takes_every_face_once_in_each_round(names):
    count = len(names["training"])
    settings = replace(SMOKE.first, iterations=count, batch_size=4)  # four rounds
    order = names["plan"](settings)
    assert order.shape == (count, 4)
    rounds = order.reshape(4, count)
    assert all(sorted(one) == list(range(count)) for one in rounds)
    assert not np.array_equal(rounds[0], rounds[1])
    assert np.array_equal(order, names["plan"](settings))


def test_batches_are_the_faces_of_the_plan(names):
    batches = list(names["real_batches"](SMOKE.first, start=2))
    rows = names["plan"](SMOKE.first)[2:]
    assert len(batches) == len(rows) == 4
    for batch, row in zip(batches, rows, strict=True):
        faces = names["training"][row].astype(np.float32) / 127.5 - 1
        assert np.allclose(batch, faces, atol=1e-6)


# --- runs


def test_two_runs_are_equal(names, folder, finished):
    plain = new_run(names)  # a recording changes nothing
    fit(names, plain)
    run = finished["second"]
    history = (run.folder / "history.csv").read_bytes()
    assert history == (folder / "history.csv").read_bytes() and history.count(b"\n") == 7
    assert equal(arrays(plain.gan.generator), arrays(run.gan.generator))
    recording = run.recording
    assert [frame["step"] for frame in recording.frames] == list(range(7))
    assert [moment["step"] for moment in recording.moments] == list(range(6))
    assert recording.planned == recording.done == 6
    assert np.array_equal(recording.curves["loss_d"][:, 0], run.history["loss_d"])
    assert all(np.isfinite(moment["losses"]).all() for moment in recording.moments)
    fakes = run.gan.generator(recording.noise, training=False)
    answers = np.asarray(run.gan.discriminator(fakes, training=False)).ravel()
    assert np.array_equal(recording.frames[-1]["answers"], compact.bytes_of(answers))
    assert recording.frames[-1]["sprite"] == compact.sprite(fakes)
    np.testing.assert_equal(seen(Recording.load(run.folder / "recording.npz")), seen(recording))


class Kill(Exception):
    pass


def killer(names, at):
    """Return a callback that ends `fit` as a crash does, after so many iterations."""

    class Killer(names["keras"].callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch + 1 == at:
                raise Kill

    return Killer()


@pytest.mark.parametrize("which", ["first", "second"])
def test_killed_and_started_again_it_comes_to_the_same_end(names, folder, finished, which, capsys):
    whole = finished[which]
    killed = recorded_run(names, which, "killed", seconds_between_saves=0)
    with pytest.raises(Kill):
        fit(names, killed, killer(names, at=4))
    again = recorded_run(names, which)
    again.resume()
    assert again.recording.title == "killed" and again.recording.most == 30
    assert "cut off after iteration 4" in capsys.readouterr().out
    assert again.step == 4 and len(again.history["step"]) == 4
    assert int(again.gan.optimizer_g.iterations) == 4
    assert equal(arrays(again.gan.generator), arrays(killed.gan.generator))
    fit(names, again)
    assert (folder / "history.csv").read_bytes() == (whole.folder / "history.csv").read_bytes()
    assert equal(arrays(again.gan.generator), arrays(whole.gan.generator))
    assert again.distances == whole.distances and sorted(again.distances) == [0, 3, 6]
    frames, moments, curves = seen(whole.recording)
    moments = moments[:3] + moments[4:]  # one must be seen from its beginning to its end
    np.testing.assert_equal(seen(again.recording), (frames, moments, curves))
    assert not (folder / "checkpoint.safetensors").exists()


def test_a_recording_forgets_what_the_checkpoint_lacks_and_begins_where_it_is_lost(names, folder):
    run = recorded_run(names)
    fit(names, run, most=2)
    checkpoint = (folder / "checkpoint.safetensors").read_bytes()
    fit(names, run, most=2)
    assert run.recording.done == 4
    saved = (folder / "recording.npz").read_bytes()
    for content, frames, moments in (
        (saved, [0, 1, 2, 3, 4, 5, 6], [0, 1, 3, 4, 5]),
        (saved[:100], [2, 3, 4, 5, 6], [2, 3, 4, 5]),
    ):
        (folder / "checkpoint.safetensors").write_bytes(checkpoint)
        (folder / "recording.npz").write_bytes(content)
        again = recorded_run(names)
        again.resume()
        fit(names, again)
        assert [frame["step"] for frame in again.recording.frames] == frames
        assert [moment["step"] for moment in again.recording.moments] == moments


def test_a_player_of_both_is_small_and_lights_the_lesson(finished):
    made = [run.recording for run in finished.values()]
    cell = next(source for source in code_cells(LESSON) if "def train_step" in source)
    page = show(*made, train_step=cell[cell.index("    def train_step") :]).page()
    assert len(page) < 300_000 and page.count("self.optimizer_d.apply(") == 1
    assert contact_sheet(*made).alt.count("the same fake pictures from step 0 to step 6") == 2


def test_other_settings_or_damage_put_the_checkpoint_aside(names, folder, begun, capsys):
    folder.mkdir()
    path, sound = folder / "checkpoint.safetensors", begun
    other = new_run(names)
    other.settings = replace(other.settings, learning_rate_d=1.0)
    for number, (run, content, why) in enumerate(
        (
            (other, sound, "another run"),
            (new_run(names), sound[:-9], "damaged"),
            (new_run(names), sound[:-9] + bytes([sound[-9] ^ 1]) + sound[-8:], "damaged"),
        )
    ):
        path.write_bytes(content)
        run.resume()
        assert run.step == 0 and why in capsys.readouterr().out
        assert (folder / f"checkpoint.{number + 1}.safetensors").read_bytes() == content
        assert not path.exists()


def test_an_unusable_checkpoint_that_cannot_be_renamed(names, folder, begun, monkeypatch, capsys):
    folder.mkdir()
    path = folder / "checkpoint.safetensors"
    path.write_bytes(content := begun[:-9])

    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    new_run(names).resume()
    (line,) = capsys.readouterr().out.splitlines()
    assert "is damaged" in line and line.endswith("used. Training starts at iteration 1.")
    assert path.read_bytes() == content


def test_the_best_generator_is_saved(names, folder):
    run = new_run(names)
    values = iter((9.0, 4.0, 7.0))
    seen = {}

    def look(run):
        seen[run.step] = arrays(run.gan.generator)
        run.keep(next(values))

    run.look = look
    fit(names, run)
    assert run.best_step == 3
    generator = names["create_normalised_generator"](SMOKE)
    generator.load_weights(folder / "generator.weights.h5")
    assert equal(arrays(generator), seen[3])
    assert equal(arrays(run.gan.generator), seen[6])  # the players go on undisturbed
    facts = json.loads((folder / "run.json").read_text())
    assert facts["generator_of_step"] == 3 and facts["steps"] == 6
    head = (folder / "history.csv").read_text().splitlines()[0]
    assert head == "step,loss_d,loss_g,answer_real,answer_fake"


def test_stop_ends_politely_and_the_same_cell_goes_on(names, folder, capsys):
    run = recorded_run(names)
    look, run.look = run.look, lambda run: run.step == 3 and os.kill(os.getpid(), signal.SIGINT)
    before = signal.getsignal(signal.SIGINT)
    fit(names, run)
    assert run.step == 3 and "Stopped after iteration 3" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before
    run.look = look
    fit(names, run)
    assert run.step == 6 and "Stopped" not in capsys.readouterr().out
    assert [frame["step"] for frame in run.recording.frames] == list(range(7))
    assert [moment["step"] for moment in run.recording.moments] == [0, 1, 2, 4, 5]


def test_a_loss_that_is_no_number_ends_the_training_and_is_not_saved(names, folder, begun, capsys):
    folder.mkdir()
    path = folder / "checkpoint.safetensors"
    path.write_bytes(begun)
    run = new_run(names)
    run.resume()
    dense = run.gan.discriminator.layers[-2]
    dense.set_weights([np.full(dense.kernel.shape, np.nan), np.array([0.0])])
    fit(names, run)
    assert run.step == 3 and "a loss is no number" in capsys.readouterr().out
    assert path.read_bytes() == begun


def test_a_folder_that_cannot_be_written_is_one_sentence(names, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "file"))
    run = new_run(names)
    run.resume()
    fit(names, run)
    assert run.step == 6
    assert capsys.readouterr().out.count("cannot be written") == 1


# --- measures and pictures


def test_measures_of_real_faces_are_good_and_of_one_face_bad(names):
    real = names["training"][:40]
    one = np.repeat(real[:1], 40, axis=0)
    assert names["distance"](real).value < names["distance"](one).value / 2
    assert names["spread"](one) == 0 and math.isclose(names["spread"](real), 1, rel_tol=0.1)


def test_faces_are_shown_at_their_own_size(tmp_path):
    faces = np.zeros((4, 64, 64, 3), np.uint8)
    faces[1], faces[2] = (200, 30, 60), (10, 90, 250)
    shown = plotting.plot_faces(faces, 2, heads=["a", "b"])
    data, metadata = shown._repr_mimebundle_()
    assert "4 faces" in data["text/plain"] and metadata["image/png"]["alt"] == shown.alt
    from PIL import Image

    (tmp_path / "faces.png").write_bytes(data["image/png"])
    pixels = np.asarray(Image.open(tmp_path / "faces.png").convert("RGB")).reshape(-1, 3)
    for colour in ((200, 30, 60), (10, 90, 250)):
        assert 55**2 < (pixels == colour).all(axis=1).sum() <= 68**2


# --- the exercises


@pytest.fixture(scope="module")
def solving(names):
    """The names of the lesson at its end, after a very short training of the second GAN."""
    gan = names["new_gan"](*pair(names, "second"), SMOKE.second)
    gan.fit(names["real_batches"](SMOKE.second), verbose=0, shuffle=False)
    return names | {
        "gan": gan,
        "replace": replace,
        "exercises": exercises,
        "noise": names["fixed_noise"],
    }


def test_exercises_wait_for_answers_and_know_right_from_wrong(solving, capsys):
    before = arrays(solving["gan"].generator)
    assert_open(solving, LESSON, capsys)
    assert_solved(solving, LESSON, capsys)
    wrong = {
        1: [
            (lambda _: "answer = 2", "Measured: 4.00 times the multiply-adds, 1.0"),
            (lambda _: "answer = None or [4]", "You predicted [4]."),
        ],
        2: answers("ab", "Measured: spread 0."),
        3: answers("ac", "by up to 0."),
        4: [
            (lambda _: "create_larger_generator = create_normalised_generator", "(16, 16, 3), not"),
            (
                lambda s: changed(
                    s, ("size // 8", "size // 4"), (", filters, filters, f", ", filters, f")
                ),
                "It has 3 layers Conv2DT",
            ),
            (lambda s: changed(s, ('activation="tanh", ', "")), "not in [-1, 1]"),
            (lambda s: changed(s, ("return Model", "Model")), "has to return a Model"),
            (lambda s: changed(s, (", use_bias=False)(x)", ")(x)")), "without a bias"),
            (
                lambda s: changed(
                    s, ("filters, filters, filters)", "filters, filters, 8 * filters)")
                ),
                "weights more than before",
            ),
            (
                lambda s: changed(
                    s,
                    ("    x = Conv2D(", "    x = keras.layers.UpSampling2D()(x)\n    x = Conv2D("),
                    (", filters, filters, filters)", ", filters, filters)"),
                ),
                "It has 3 layers Conv2DTranspose, not 4",
            ),
            (
                lambda s: changed(
                    s,
                    ("filters, filters, filters):", "filters, filters):"),
                    (
                        "    x = Conv2D(",
                        "    x = Conv2DTranspose(filters, 4, strides=2, padding='same')(x)\n"
                        "    x = LeakyReLU()(x)\n    x = Conv2D(",
                    ),
                ),
                "It has 4 layers BatchNormalization, not 5",
            ),
        ],
    }
    assert_refused(solving, LESSON, wrong, capsys)
    assert equal(before, arrays(solving["gan"].generator))


def test_the_slider_goes_from_one_face_to_another(names):
    generator = names["create_normalised_generator"](SMOKE)
    start, end = names["fixed_noise"][:4], names["fixed_noise"][4:8]

    def draw(noise):
        return names["generate"](generator, noise)

    control = walk(draw, start, end)
    shown = [control.image.value]
    for way in (0.25, 1.0):
        control.handles[0].value = way
        shown.append(control.image.value)
    assert shown == [to_png(draw(between(start, end, way))) for way in (0.0, 0.25, 1.0)]
    assert len(set(shown)) == 3 and control.text.value == "100% of the way"


# --- the device and the imports


def in_python(code, **environment):
    command = [sys.executable, "-c", code]
    told = os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True)


def test_keras_starts_quietly_without_pytorch_and_an_absent_gpu_is_one_sentence():
    code = (
        "import sys\n"
        "from helpers.device.keras import describe_device, pick_device, quiet_start\n"
        "from helpers.base.errors import CourseError\n"
        "with quiet_start():\n    import helpers.keras_run, tensorflow as tf\n"
        "import helpers.contact, helpers.controls, helpers.faces, helpers.metrics, "
        "helpers.player, helpers.plotting, helpers.recorder\n"
        "assert 'torch' not in sys.modules\n"
        "try: pick_device()\nexcept CourseError as error: print(error)\n"
        "import os; os.environ['GAN_DEVICE'] = 'cpu'\n"
        "print(pick_device(), describe_device())"
    )
    done = in_python(code, GAN_DEVICE="cuda:7", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0 and done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first == "GAN_DEVICE=cuda:7 is not to be had here: choose cpu, or leave it unset."
    assert re.fullmatch(r"cpu CPU, \d+ threads?", second)


def test_two_copies_stay_equal(names, capsys):
    few = names | {"replace": replace, "narrow": replace(names["preset"], narrow=64)}
    exec(next(cell for cell in code_cells(LESSON) if "MirroredStrategy(" in cell), few)
    assert capsys.readouterr().out.startswith("copies: 2")
    copied, strategy = few["copied"], few["strategy"]
    for player in (copied.generator, copied.discriminator):
        for variable in player.trainable_variables:
            one, two = strategy.experimental_local_results(variable.value)
            assert np.array_equal(one, two), variable.path
