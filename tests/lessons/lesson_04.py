"""Lesson 04: the slides' layers, the training step, runs that are cut off, the exercises."""

import contextlib
import gc
import io
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
from safetensors.numpy import load_file

from helpers.base import files
from helpers.device.keras import quiet_start
from helpers.player import show
from helpers.player.contact_sheet import contact_sheet
from helpers.presets import LONG_FACES, PRESETS
from helpers.recording import Recording
from notebooks.tools.lesson import code_cells, run_cells
from tests.benchmarks import gpu
from tests.exercises.answers import assert_open, assert_refused, assert_solved, letters
from tests.trouble import damage, refused

LESSON = "04_celeba_keras_gan"
ROOT = Path(__file__).resolve().parents[2]
SMOKE, FULL = PRESETS[LESSON]["smoke"], PRESETS[LESSON]["full"]
BOTH = ("first", "second")


@pytest.fixture(scope="module")
def names(smoke):
    """The names of the lesson whose cells ran twice each, at `smoke`, with drawn faces."""
    with quiet_start():
        import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]  # two of them, for the strategy of copies
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    with contextlib.redirect_stdout(io.StringIO()):
        lesson = run_cells(LESSON, times=2)
    gc.freeze()  # the collector need not look at all that was loaded again and again
    yield lesson
    gc.freeze()  # nor at what is left at the end


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path))
    return tmp_path / "test"


def pair(names, which):
    """Return the functions that make the generator and the discriminator of a GAN."""
    if which == "first":
        return names["create_generator"], names["create_discriminator"]
    return names["create_new_generator"], names["create_deep_discriminator"]


def new_gan(names, which="second"):
    return names["new_gan"](*pair(names, which), getattr(SMOKE, which))


def new_run(names):
    """Return a run of the second GAN with a recording."""

    def look(run):
        pictures = names["make_faces"](run.gan.average, names["fixed_noise"])
        run.keep(names["distance"](pictures).value, run.gan.average)

    real = names["training_faces"][:9] / 127.5 - 1
    recording = Recording("pictures", names["fixed_noise"][:9], real, most=30)
    return names["Run"]("test", new_gan(names), SMOKE.second, 0, "drawn", look, recording)


def fit(names, run, *callbacks, most=-1):
    batches = names["real_batches"](run.settings, run.step).take(most)
    before = [names["Averaging"](run.settings.average), run]
    run.gan.fit(batches, callbacks=[*before, *callbacks], verbose=0, shuffle=False)
    return run


def seen(recording):
    """Return all that a recording holds but its seconds."""
    frames = [{k: v for k, v in f.items() if k != "seconds"} for f in recording.frames]
    return frames, recording.moments, recording.curves


def steps(rows):
    return [row["step"] for row in rows]


def arrays(network):
    return [np.array(weights) for weights in network.get_weights()]


def same(one, other):
    """Tell of each array whether it is the same as its partner."""
    return [np.array_equal(a, b) for a, b in zip(one, other, strict=True)]


def words(network):
    """Return the layers in words."""

    def word(layer):
        name = type(layer).__name__
        if name in ("Conv2D", "Conv2DTranspose"):
            return name, layer.filters, *layer.kernel_size, *layer.strides, layer.padding
        told = {"Dense": "units", "Dropout": "rate", "Reshape": "target_shape"}
        return (name, getattr(layer, told[name])) if name in told else name

    return [word(layer) for layer in network.layers]


def test_layers_are_those_of_the_slides(names):
    network = names["create_discriminator"](FULL)
    assert network.input.shape == (None, 128, 128, 3)
    first = [("Conv2D", 256, 3, 3, 1, 1, "valid"), "LeakyReLU"]
    second = [("Conv2D", 256, 4, 4, 2, 2, "valid"), "LeakyReLU"]
    last = ["Flatten", ("Dropout", 0.4), ("Dense", 1), "Activation"]
    assert words(network) == ["InputLayer", *first, *second, *last]
    assert network.layers[-1].activation.__name__ == "sigmoid"
    network = names["create_generator"](FULL)
    assert network.input.shape == (None, 32) and network.output.shape == (None, 128, 128, 3)
    first = [("Dense", 128 * 16 * 16), "LeakyReLU", ("Reshape", (16, 16, 128))]
    before = [("Conv2D", 256, 5, 5, 1, 1, "same"), "LeakyReLU"]
    up = [("Conv2DTranspose", 256, 4, 4, 2, 2, "same"), "LeakyReLU"]
    flat = [("Conv2D", 512, 5, 5, 1, 1, "same"), "LeakyReLU"]
    last = ("Conv2D", 3, 7, 7, 1, 1, "same")
    assert words(network) == ["InputLayer", *first, *before, *(3 * up), *(2 * flat), last]
    assert network.layers[-1].activation.__name__ == "tanh"


@pytest.mark.parametrize("which", BOTH)
def test_one_argument_narrows_filters_and_picture(names, which):
    def filters(network):
        return [word[1] for word in words(network) if "Conv" in word[0] and word[1] > 3]

    for create in pair(names, which):
        lesson = PRESETS[LESSON]["lesson"]
        wide, narrow = create(FULL), create(lesson)
        assert (None, 64, 64, 3) in (narrow.input.shape, narrow.output.shape)
        divided = lesson.narrow if which == "first" else lesson.narrow_new
        assert [number // divided for number in filters(wide)] == filters(narrow)


def test_full_has_the_numbers_of_the_presentation(names):
    assert (FULL.images, FULL.size, FULL.narrow, names["latent_dim"]) == (10_000, 128, 1, 32)
    assert (FULL.first.iterations, FULL.first.batch_size, FULL.first.real_label) == (800, 16, 1)
    optimizer = names["make_optimizer"](FULL.first.learning_rate_d, FULL.first.beta1)
    assert type(optimizer).__name__ == "RMSprop" and optimizer.clipvalue == 1.0
    assert math.isclose(float(optimizer.learning_rate), 1e-4, rel_tol=1e-4)


def resting_gan(names):
    gan = new_gan(names)
    gan.optimizer_d.learning_rate = gan.optimizer_g.learning_rate = 0.0
    return gan


def test_dropout_and_batch_norm_know_that_it_is_training(names):
    gan, real = resting_gan(names), names["tf"].ones((4, 16, 16, 3))
    means = [v for v in gan.generator.variables if "moving_mean" in v.path]
    before = [v.numpy() for v in means]
    one, other = (float(gan.train_step(real)["answer_real"]) for _ in range(2))
    assert one != other and not any(same(before, [v.numpy() for v in means]))
    before = arrays(gan.generator)
    made = [names["make_faces"](gan.generator, names["fixed_noise"]) for _ in range(2)]
    assert all(same(before, arrays(gan.generator))) and np.array_equal(*made)


def test_losses_are_those_of_the_lecture_with_the_label_of_real(names):
    gan = resting_gan(names)
    dense = gan.discriminator.layers[-2]
    dense.set_weights([np.zeros(dense.kernel.shape), np.array([2.0])])  # answers sigmoid(2) always
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
        gan = new_gan(names)
    finally:
        keras.config.set_dtype_policy("float32")
    assert type(gan.optimizer_d).__name__ == "LossScaleOptimizer"
    assert gan.generator.output.dtype == gan.logits.output.dtype == "float32"
    assert gan.generator.layers[1].compute_dtype == "float16"
    before = arrays(gan.discriminator)
    told = gan.train_step(names["tf"].zeros((4, 16, 16, 3)))
    assert all(value.dtype == "float32" for value in told.values())
    assert 1 < float(told["loss_d"]) < 2 and not all(same(before, arrays(gan.discriminator)))


def test_16_bits_are_chosen_where_all_gpus_have_tensor_cores(names, monkeypatch):
    config, powers = names["tf"].config, {"T4": (7, 5), "P100": (6, 0)}
    tell = lambda gpu: {"compute_capability": powers[gpu]}  # noqa: E731
    monkeypatch.setattr(config.experimental, "get_device_details", tell)
    for gpus, wanted in (((), False), (("T4",), True), (("P100",), False), (("T4", "P100"), False)):
        monkeypatch.setattr(config, "get_visible_devices", lambda kind, found=gpus: found)
        assert names["has_tensor_cores"]() is wanted
    assert names["policy"] == "float32"


def test_plan_takes_every_face_once_in_each_round(names):
    count = len(names["training_faces"])
    settings = replace(SMOKE.first, iterations=count, batch_size=4)  # four rounds
    order = names["plan"](settings)
    rounds = order.reshape(4, count)
    assert all(sorted(one) == list(range(count)) for one in rounds)
    assert not np.array_equal(rounds[0], rounds[1])
    assert np.array_equal(order, names["plan"](settings))
    assert not np.array_equal(order, names["plan"](settings, seed=1))


def test_batches_are_the_faces_of_the_plan(names):
    rows = names["plan"](SMOKE.first)[2:]
    for batch, row in zip(names["real_batches"](SMOKE.first, start=2), rows, strict=True):
        faces = names["training_faces"][row].astype(np.float32) / 127.5 - 1
        assert np.allclose(batch, faces, atol=1e-6)


def test_two_runs_are_equal_and_a_recording_changes_nothing(names, folder):
    plain, run = new_run(names), names["second"]
    plain.recording = None
    fit(names, plain)
    history = (run.folder / "history.csv").read_bytes()
    assert history == (folder / "history.csv").read_bytes() and history.count(b"\n") == 7
    assert all(same(arrays(plain.gan.generator), arrays(run.gan.generator)))
    recording = run.recording
    assert steps(recording.frames) == list(range(7)) and steps(recording.moments) == list(range(6))
    assert recording.planned == recording.done == 6
    assert np.array_equal(recording.curves["loss_d"][:, 0], run.history["loss_d"])
    assert all(np.isfinite(moment["losses"]).all() for moment in recording.moments)


def test_killed_and_started_again_it_comes_to_the_same_end(names, folder, capsys):
    def kill(batch, logs):
        if killed.step == 4:
            raise KeyboardInterrupt

    whole, killed = names["second"], new_run(names)
    killed.seconds_between_saves = 0
    with pytest.raises(KeyboardInterrupt):
        fit(names, killed, names["keras"].callbacks.LambdaCallback(on_train_batch_end=kill))
    again = new_run(names)
    again.resume()
    assert "after iteration 4" in capsys.readouterr().out
    assert again.step == int(again.gan.optimizer_g.iterations) == 4 and again.recording.most == 30
    fit(names, again)
    assert (folder / "history.csv").read_bytes() == (whole.folder / "history.csv").read_bytes()
    for player in ("generator", "average"):
        assert all(same(arrays(getattr(again.gan, player)), arrays(getattr(whole.gan, player))))
    assert again.distances == whole.distances and sorted(again.distances) == [0, 3, 6]
    frames, moments, curves = seen(again.recording)
    assert steps(moments) == [0, 1, 2, 4, 5]  # one must be seen from its beginning to its end
    np.testing.assert_equal((frames, curves), seen(whole.recording)[::2])
    assert not [*folder.glob("checkpoint-*")]


def test_a_player_of_both_is_small_and_lights_the_lesson(names):
    made = [names[which].recording for which in BOTH]
    (cell,) = (cell for cell in code_cells(LESSON) if "def train_step" in cell)
    page = show(*made, train_step=cell[cell.index("    def train_step") :]).page()
    assert len(page) < 300_000 and page.count("self.optimizer_d.apply(") == 1
    assert contact_sheet(*made).alt.count("from step 0 to step 6") == 2


def test_too_little_memory_is_one_sentence(names, folder):
    def exhausted(run):
        raise names["tf"].errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    run = new_run(names)
    run.look = exhausted
    with refused("16 bits .* or a smaller batch"):
        names["train"](run)


def test_a_damaged_checkpoint_is_put_aside(names, folder, capsys):
    checkpoint = fit(names, new_run(names), most=2)._checkpoint
    content = checkpoint.read_bytes()
    for how in ("cut", "flipped", "text"):
        checkpoint.write_bytes(content)
        damage(checkpoint, how)
        run = new_run(names)
        run.resume()
        assert run.step == 0 and "damaged" in capsys.readouterr().out


def test_the_penalty_is_due_in_every_16th_iteration_and_turns_the_discriminator(names):
    assert names["by_tape"] == pytest.approx(names["squared"], rel=1e-5)
    real = names["tf"].constant(names["tiny_pictures"], "float32")

    def step(done, penalty):
        """Return the discriminator after one more iteration."""
        gan = new_gan(names)
        gan.penalty = penalty
        gan.optimizer_d.iterations.assign(done)
        gan.train_step(real)
        return arrays(gan.discriminator)

    assert new_gan(names).penalty > 0 == new_gan(names, "first").penalty
    assert not all(same(step(16, 5.0), step(16, 0.0)))
    assert all(same(step(17, 5.0), step(17, 0.0)))


# The length of a comment, and a digit in the name arr_12.
@pytest.mark.parametrize(("at", "bits"), [(33, 128), (50, 3)])
def test_a_checkpoint_whose_list_of_entries_is_damaged(at, bits, names, folder, capsys):
    checkpoint = fit(names, new_run(names), most=2)._checkpoint
    content = bytearray(checkpoint.read_bytes())
    content[content.rfind(b"PK\1\2", 0, content.rfind(b"arr_12.npy")) + at] ^= bits
    checkpoint.write_bytes(content)
    run = new_run(names)
    run.resume()
    assert run.step == 0 and "damaged" in capsys.readouterr().out


def test_the_best_generator_is_saved(names, folder):
    run = new_run(names)
    values, weights = iter((9.0, 4.0, 7.0)), {}

    def look(run):
        weights[run.step] = arrays(run.gan.generator)
        run.keep(next(values))

    run.look = look
    fit(names, run)
    assert run.best_step == 3
    saved = load_file(folder / "generator.safetensors")
    paths = [weight.path for weight in run.gan.generator.weights]
    assert all(same([saved[path] for path in paths], weights[3]))
    assert all(same(arrays(run.gan.generator), weights[6]))  # the players go on undisturbed
    facts = json.loads((folder / "run.json").read_text())
    assert facts["generator_of_step"] == 3 and facts["steps"] == 6


def test_the_shipped_generator_is_that_of_the_long_run(names):
    network, facts = names["long_generator"], names["facts"]
    assert network.output.shape == (None, 64, 64, 3)
    assert 0 < facts["iterations"] <= facts["of"] <= LONG_FACES.iterations
    assert "drawn" in facts["data"] and names["long_fakes"].std(axis=0).mean() > 20
    assert "drawn faces of 64 pixels" in names["verdict"]  # those of `smoke` have 16


def test_weights_of_keras_come_back_or_leave_the_network_alone(names, tmp_path, monkeypatch):
    def refuse(match, network):
        before = arrays(network)
        with refused(match):
            weights.load_weights(network, "player")
        assert all(same(before, arrays(network)))

    from helpers.data import keras as weights

    monkeypatch.setattr(files, "DATA", tmp_path)
    player, other = (new_gan(names).generator for _ in range(2))
    player.set_weights([weight + 1 for weight in player.get_weights()])
    path = tmp_path / "player.safetensors"
    weights.save_weights(path, player, {"iterations": 7})
    (tmp_path / "SHA256SUMS").write_text(f"{files.sha256(path)}  {path.name}\n")
    assert weights.load_weights(other, "player") == {"iterations": 7}
    halves = [np.float32(np.float16(weight)) for weight in arrays(player)]
    assert all(same(halves, arrays(other)))
    refuse("other layers", new_gan(names, "first").generator)
    damage(path, "flipped")
    refuse("missing or damaged", other)


def test_stop_ends_politely_and_the_same_cell_goes_on(names, folder, capsys):
    run = new_run(names)
    run.look = lambda run: run.step == 3 and signal.raise_signal(signal.SIGINT)
    fit(names, run)
    assert run.step == 3 and "Stopped after iteration 3" in capsys.readouterr().out
    fit(names, run)
    assert run.step == 6 and "Stopped" not in capsys.readouterr().out
    assert steps(run.recording.frames) == list(range(7))


def test_a_forecast_after_a_resume_without_a_look_is_a_number(names, folder):
    fit(names, new_run(names), most=2)
    run = new_run(names)
    run.resume()
    run.settings = replace(run.settings, look_every=6)
    assert run.step == 2 and 0 < fit(names, run, most=2).forecast() < 600


def test_measures_of_real_faces_are_good_and_of_one_face_bad(names):
    real = names["training_faces"][:40]
    one = np.repeat(real[:1], 40, axis=0)
    assert names["distance"](real).value < names["distance"](one).value / 2
    assert names["spread"](one) == 0 and math.isclose(names["spread"](real), 1, rel_tol=0.1)


def test_faces_are_shown_at_their_own_size(names, tmp_path):
    faces = np.zeros((4, 64, 64, 3), np.uint8)
    faces[1] = (200, 30, 60)
    data, metadata = names["plot_faces"](faces, 2, heads=["a", "b"])._repr_mimebundle_()
    assert "4 faces" in data["text/plain"] == metadata["image/png"]["alt"]
    (tmp_path / "faces.png").write_bytes(data["image/png"])
    pixels = np.asarray(names["keras"].utils.load_img(tmp_path / "faces.png"))
    assert 55**2 < (pixels == faces[1, 0, 0]).all(axis=-1).sum() <= 68**2


WRONG = {
    1: [("answer = 2", "4.00 times the multiply-adds"), ("answer = None or [4]", "[4]")],
    2: letters("ab", "Measured: spread 0."),
    3: letters("ac", "by up to 0."),
    4: [
        ("create_larger_generator = create_new_generator", "(16, 16, 3), not"),
        (
            {"size // 8": "size // 4", "filters, filters, filters)": "filters, filters)"},
            "3 layers Conv2DT",
        ),
        ({'activation="tanh", ': ""}, "not in [-1, 1]"),
        ({"return Model": "Model"}, "return a Model"),
        ({", use_bias=False)(x)": ")(x)"}, "without a bias"),
        ({"filters, filters, filters)": "filters, filters, 8 * filters)"}, "weights more"),
    ],
}


def test_exercises_wait_for_answers_and_know_right_from_wrong(names, capsys):
    here, before = dict(names), arrays(names["best_second"])
    assert_open(here, LESSON, capsys)
    assert_solved(here, LESSON, capsys)
    assert_refused(here, LESSON, WRONG, capsys)
    assert all(same(before, arrays(names["best_second"])))


def test_keras_starts_quietly_and_an_absent_gpu_is_one_sentence():
    code = (
        "from helpers.device.keras import describe_device, pick_device, quiet_start\n"
        "from helpers.base.errors import CourseError\n"
        "with quiet_start():\n    import helpers.training.keras, sys\n"
        "assert 'torch' not in sys.modules\n"
        "try: pick_device()\nexcept CourseError as error: print(error)\n"
        "import os; os.environ['GAN_DEVICE'] = 'cpu'\n"
        "print(pick_device(), describe_device())"
    )
    told = os.environ | {"GAN_DEVICE": "cuda:7", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first.startswith("GAN_DEVICE=cuda:7 ") and "choose cpu, or" in first
    assert re.fullmatch(r"cpu CPU, \d+ threads?", second)


@pytest.mark.parametrize(("which", "policy"), gpu.ROWS[-3::2])
def test_the_benchmark_of_gpus_runs(names, folder, which, policy):
    row = gpu.keras_row(names, which, policy, iterations=6)
    assert row["bits"] == 16 and names["keras"].config.dtype_policy().name == "float32"
    numbers = [value for value in row.values() if isinstance(value, float)]
    assert len(numbers) == 5 and all(0 < number < 60_000 for number in numbers)


def test_two_copies_stay_equal(names):
    copied, strategy = names["copied"], names["several"]
    assert strategy.num_replicas_in_sync == 2
    for player in (copied.generator, copied.discriminator):
        for variable in player.trainable_variables:
            one, two = strategy.experimental_local_results(variable.value)
            assert np.array_equal(one, two), variable.path


def test_two_copies_draw_noise_of_their_own(names):
    one, two = names["noise_of_each"]
    assert one.shape == two.shape == (4, 32) and not np.isclose(one, two).any()
