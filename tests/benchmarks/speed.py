"""How long one training step takes: the lesson's loop against the usual tutorial loop.

    python -m tests.benchmarks speed

The usual loop takes batches from a DataLoader (pictures: with ToTensor and Normalize), feeds real
and fake together with `torch.cat`, uses BCELoss on the sigmoid, does not detach the fakes, leaves
the discriminator trainable in the generator's step and reads both losses after every step.
"""

import itertools
import math
import os
import statistics
import tempfile
import time
from dataclasses import replace

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import transforms
from torchvision.datasets import MNIST

from helpers.data.mnist import load_pictures
from helpers.presets import PRESETS
from helpers.training.pytorch import Run
from notebooks.tools.lesson import run_cells

ROUNDS = 15


def usual_loader(lesson: str, names: dict, batch_size: int) -> DataLoader:
    """Return what the usual loop takes its batches from."""
    if lesson == "01_sine_gan":
        points = names["real_points"]
        dataset = TensorDataset(points, torch.zeros(len(points)))
    else:
        normalize = transforms.Normalize((0.5,), (0.5,))
        dataset = MNIST.__new__(MNIST)  # the class as it is, on pictures already in memory
        dataset.data, dataset.targets = names["data"].images, names["data"].labels
        dataset.transform = transforms.Compose([transforms.ToTensor(), normalize])
        dataset.target_transform = None
    return DataLoader(dataset, batch_size=batch_size, shuffle=True)


def usual_loop(loader: DataLoader, gan, learning_rate: float):
    """Train the networks of `gan` as the usual tutorial does; yields after every step."""
    generator, discriminator = gan.generator, gan.discriminator
    device = next(generator.parameters()).device
    loss_function = nn.BCELoss()
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=learning_rate)
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=learning_rate)
    while True:
        for real, _ in loader:
            real = real.to(device)
            ones, zeros = (make(len(real), 1, device=device) for make in (torch.ones, torch.zeros))
            fake = generator(gan.make_noise(len(real)))
            discriminator.zero_grad()
            answers = discriminator(torch.cat([real, fake]))
            loss_d = loss_function(answers, torch.cat([ones, zeros]))
            loss_d.backward()
            optimizer_d.step()
            generator.zero_grad()
            fake = generator(gan.make_noise(len(real)))
            loss_g = loss_function(discriminator(fake), ones)
            loss_g.backward()
            optimizer_g.step()
            yield loss_d.item(), loss_g.item()


def lesson_loop(lesson: str, names: dict, preset):
    """Train as the lesson does, with its own `train_step` and `Run`; yields after every step."""
    images = names["real_points"] if lesson == "01_sine_gan" else names["images"]
    gan = names["new_gan"](preset)
    run = Run(lesson, preset, gan, seed=0)
    run.seconds_between_saves = math.inf
    for real in run.batches(images):
        run.record(names["train_step"](gan, real, preset.real_label))
        yield


def compare(lesson: str, threads: int, steps: int, rounds: int = ROUNDS) -> tuple[float, float]:
    """Time blocks of `steps` of both loops in turn; return the medians: milliseconds a step."""
    preset = replace(PRESETS[lesson]["full"], epochs=200)
    names = run_cells(lesson, until="run.resume()")
    if "data" in names:  # the whole built-in sample
        names["data"] = load_pictures("digits", replace(preset, level="smoke"))
        images = names["data"].images[:, None].to(names["device"])
        names["images"] = images.float() / 127.5 - 1
    loader = usual_loader(lesson, names, preset.batch_size)
    usual = usual_loop(loader, names["new_gan"](preset), preset.learning_rate_d)
    loops = {
        "usual": (usual, os.cpu_count()),
        "lesson": (lesson_loop(lesson, names, preset), threads),
    }
    precision = torch.get_float32_matmul_precision()  # as the lesson sets it
    times = {"usual": [], "lesson": []}
    for name in itertools.islice(itertools.cycle(loops), 2 * rounds):
        loop, loop_threads = loops[name]
        torch.set_num_threads(loop_threads)
        torch.set_float32_matmul_precision(precision if name == "lesson" else "highest")
        start = time.perf_counter()
        for _ in itertools.islice(loop, steps):
            pass
        if torch.accelerator.is_available():  # it may lag behind
            torch.accelerator.synchronize()
        times[name].append(1000 * (time.perf_counter() - start) / steps)
    for loop, _ in loops.values():
        loop.close()  # PyTorch crashes at exit if graphs still hang on a suspended loop
    usual_ms, lesson_ms = (statistics.median(times[name]) for name in ("usual", "lesson"))
    return usual_ms, lesson_ms


def main() -> None:
    """Compare both loops for lessons 01 and 02 on the CPU."""
    os.environ |= {"GAN_PRESET": "smoke", "GAN_DEVICE": "cpu", "GAN_RUNS": tempfile.mkdtemp()}
    for lesson, threads, steps in (("01_sine_gan", 1, 200), ("02_mnist_gan", os.cpu_count(), 30)):
        usual, ours = compare(lesson, threads, steps)
        told = f"usual loop {usual:.2f} ms, lesson {ours:.2f} ms a step, ratio {ours / usual:.2f}"
        print(f"\n{lesson}, batch {PRESETS[lesson]['full'].batch_size}: {told}")
