"""Presets, devices and seeds, and how a reader's mistake is shown."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from helpers import device as devices
from helpers.base.errors import CourseError
from helpers.presets import LEVELS, PRESETS, choose_preset
from tests.sentences import is_one_sentence

ROOT = Path(__file__).resolve().parents[1]
LESSONS = list(PRESETS)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    monkeypatch.delenv("GAN_PRESET", raising=False)
    monkeypatch.delenv("GAN_DEVICE", raising=False)


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def two_devices(monkeypatch):
    monkeypatch.setattr(devices, "available_devices", lambda: ["cuda", "cpu"])


# --- presets


@pytest.mark.parametrize("lesson", LESSONS)
def test_preset_without_a_wish_depends_on_the_device(lesson):
    assert choose_preset(lesson, on_gpu=True) == PRESETS[lesson]["full"]
    assert choose_preset(lesson, on_gpu=False) == PRESETS[lesson]["lesson"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("on_gpu", [True, False])
def test_gan_preset_decides(level, on_gpu, monkeypatch):
    monkeypatch.setenv("GAN_PRESET", level)
    assert choose_preset("02_mnist_gan", on_gpu).level == level


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_has_every_level_under_its_own_name(lesson):
    assert {name: preset.level for name, preset in PRESETS[lesson].items()} == {
        level: level for level in LEVELS
    }


def test_unknown_preset_is_one_sentence_with_the_choice(monkeypatch):
    monkeypatch.setenv("GAN_PRESET", "fast")
    with pytest.raises(CourseError, match=r"GAN_PRESET=fast .*smoke, lesson, full") as caught:
        choose_preset("02_mnist_gan", on_gpu=False)
    assert is_one_sentence(str(caught.value))


def test_unknown_lesson_is_one_sentence_with_the_choice():
    with pytest.raises(CourseError, match=r"05_none .*01_sine_gan, 02_mnist_gan") as caught:
        choose_preset("05_none", on_gpu=False)
    assert is_one_sentence(str(caught.value))


# --- devices


@pytest.mark.parametrize("wish", ["cuda", "cuda:7", "nonsense", "cpu:x"])
def test_absent_device_is_one_sentence_with_the_choice(wish, no_cuda, monkeypatch):
    monkeypatch.setenv("GAN_DEVICE", wish)
    choice = ", ".join(devices.available_devices())
    with pytest.raises(
        CourseError, match=rf"GAN_DEVICE={wish} .*: choose one of {choice}"
    ) as caught:
        devices.pick_device()
    assert is_one_sentence(str(caught.value))


def test_absent_second_gpu_is_one_sentence(two_devices, monkeypatch):
    monkeypatch.setenv("GAN_DEVICE", "cuda:77")
    with pytest.raises(CourseError, match=r"GAN_DEVICE=cuda:77 .*cuda, cpu") as caught:
        devices.pick_device()
    assert is_one_sentence(str(caught.value))


def test_gan_device_decides(two_devices, monkeypatch):
    monkeypatch.setenv("GAN_DEVICE", "cpu")
    assert devices.pick_device() == torch.device("cpu")
    assert devices.pick_device(small_network=True) == torch.device("cpu")


def test_a_gpu_is_taken_for_large_networks(two_devices, monkeypatch):
    monkeypatch.setattr(devices, "seconds_per_small_step", lambda name: pytest.fail("timed"))
    assert devices.pick_device() == torch.device("cuda")


@pytest.mark.parametrize("faster", ["cuda", "cpu"])
def test_small_networks_get_the_faster_device(faster, two_devices, monkeypatch):
    monkeypatch.setattr(devices, "seconds_per_small_step", lambda name: 1 + (name != faster))
    assert devices.pick_device(small_network=True) == torch.device(faster)


def test_timing_a_small_step_leaves_the_random_state():
    before = torch.get_rng_state()
    assert 0 < devices.seconds_per_small_step("cpu", steps=2) < 1
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("threads", "words"), [(1, "CPU, 1 thread"), (2, "CPU, 2 threads")])
def test_cpu_in_words(threads, words, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert devices.describe_device(torch.device("cpu")) == words


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_in_words():
    assert devices.describe_device(torch.device("cuda")).startswith("NVIDIA ")


def test_same_seed_same_numbers():
    def numbers(seed):
        assert devices.seed_everything(seed) == seed
        return random.random(), np.random.rand(), torch.rand(1).item()

    assert numbers(3) == numbers(3)
    assert not set(numbers(3)) & set(numbers(4))


# --- imports


def loaded_by(modules: str) -> list[str]:
    """Return the frameworks that an import of these modules brings with it."""
    code = (
        f"import sys, {modules}\n"
        "print(*{'torch', 'tensorflow', 'keras'}.intersection(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_helpers_alone_load_no_framework():
    assert loaded_by("helpers, helpers.device, helpers.errors, helpers.presets") == []
    assert loaded_by("helpers.run_files, helpers.array_file") == []


def test_helpers_for_pytorch_load_no_tensorflow():
    assert loaded_by("helpers.data, helpers.plotting, helpers.run") == ["torch"]


# --- a mistake in a notebook


def test_course_error_shows_its_sentence_alone(capsys):
    shell = InteractiveShell()
    shell.run_cell("from helpers.base.errors import CourseError\nraise CourseError('Do it so.')")
    assert capsys.readouterr().out.strip() == "Do it so."
