"""Which device is taken, what it is in words, and seeding."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helpers.device import pytorch as devices
from tests.trouble import refused


@pytest.mark.parametrize(
    ("kind", "wanted"), [("", "cpu"), ("cuda", "cuda"), ("mps", "mps"), ("xpu", "cpu")]
)
def test_a_gpu_is_taken_for_all_but_small_networks(kind, wanted, monkeypatch):
    monkeypatch.delenv("GAN_DEVICE", raising=False)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: bool(kind))
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device(kind))
    assert devices.pick_device() == torch.device(wanted)
    assert devices.pick_device(small_network=True) == torch.device("cpu")


@pytest.mark.parametrize("wish", ["cuda:77", "nonsense", "cpu:x", "hpu"])
def test_absent_device_is_one_sentence_with_the_choice(wish, monkeypatch):
    monkeypatch.setenv("GAN_DEVICE", wish)
    with refused(f"GAN_DEVICE={wish} .*cpu"):
        devices.pick_device()


@pytest.mark.parametrize("small_network", [False, True])
@pytest.mark.parametrize("wish", ["cpu", "meta"])  # the latter for a GPU
def test_gan_device_decides(wish, small_network, monkeypatch):
    monkeypatch.setenv("GAN_DEVICE", wish)
    assert devices.pick_device(small_network) == torch.device(wish)


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
