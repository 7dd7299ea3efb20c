"""Which device is taken, what it is in words, and seeding."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helpers.base.errors import CourseError
from helpers.device import pytorch as devices
from tests.sentences import is_one_sentence


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    monkeypatch.delenv("GAN_DEVICE", raising=False)


@pytest.fixture
def two_devices(monkeypatch):
    monkeypatch.setattr(devices, "available_devices", lambda: ["cuda", "cpu"])


@pytest.mark.parametrize("kind", ["", "cuda", "mps", "xpu"])
def test_the_accelerator_comes_first_if_the_course_knows_it(kind, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: bool(kind))
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device(kind))
    assert devices.available_devices() == [*{"cuda", "mps"}.intersection([kind]), "cpu"]


@pytest.mark.parametrize("wish", ["cuda", "cuda:7", "nonsense", "cpu:x"])
def test_absent_device_is_one_sentence_with_the_choice(wish, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.setenv("GAN_DEVICE", wish)
    with pytest.raises(CourseError, match=f"GAN_DEVICE={wish} .*cpu") as caught:
        devices.pick_device()
    assert is_one_sentence(str(caught.value))


def test_absent_second_gpu_is_one_sentence(two_devices, monkeypatch):
    monkeypatch.setenv("GAN_DEVICE", "cuda:77")
    with pytest.raises(CourseError, match=r"GAN_DEVICE=cuda:77 .*cuda, cpu") as caught:
        devices.pick_device()
    assert is_one_sentence(str(caught.value))


def test_gan_device_decides_else_a_gpu_is_taken(two_devices, monkeypatch):
    monkeypatch.setenv("GAN_DEVICE", "cpu")
    assert devices.pick_device() == torch.device("cpu")
    assert devices.pick_device(small_network=True) == torch.device("cpu")
    monkeypatch.delenv("GAN_DEVICE")
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


@pytest.mark.parametrize(
    ("name", "hip", "maker"),
    [("Tesla T4", None, "NVIDIA "), ("NVIDIA L4", None, ""), ("Radeon VII", "6.2", "AMD ")],
)
def test_gpu_in_words(name, hip, maker, monkeypatch):
    card = SimpleNamespace(name=name, total_memory=15 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    monkeypatch.setattr(torch.version, "hip", hip)
    assert devices.describe_device(torch.device("cuda")) == f"{maker}{name}, 15 GB"


def test_same_seed_same_numbers():
    def numbers(seed):
        assert devices.seed_everything(seed) == seed
        return random.random(), np.random.rand(), torch.rand(1).item()

    assert numbers(3) == numbers(3)
    assert not set(numbers(3)) & set(numbers(4))
