"""What only a GPU can tell, in one table: lessons 01, 02 and 04, trained on it.

    python -m tests.benchmarks gpu            # lesson 04 at `full`; or give another preset

How many milliseconds an iteration takes, by the lesson's loop and by the usual one, with 32 bits
and with 16; the most memory; how long lesson 04 says a short training will take, and how long it
took. All goes to `data/measured/gpu.csv`. The usual loop of lesson 04 is that of the lecture's
time: two models, the discriminator frozen by turns, a call for each batch. Each row is measured in
a process of its own: memory is counted from the start, and PyTorch and TensorFlow are kept apart.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from helpers.tables import Table, write_rows

ROWS = (
    ("01_sine_gan", "float32"),
    ("02_mnist_gan", "float32"),
    *itertools.product(("first", "second"), ("float32", "mixed_float16")),
)
PLAYERS = {
    "first": ("create_generator", "create_discriminator"),
    "second": ("create_new_generator", "create_deep_discriminator"),
}


def pytorch_row(lesson: str, steps: int = 200, rounds: int = 5) -> dict:
    """Time the loop of lesson 01 or 02 and the usual one."""
    import torch

    from helpers.device.pytorch import describe_device, pick_device
    from tests.benchmarks.speed import compare

    usual, ours = compare(lesson, os.cpu_count() or 1, steps, rounds)
    cuda = torch.cuda.is_available()
    return {
        "GAN": lesson,
        "bits": 32,
        "usual loop, ms": round(usual, 2),
        "lesson, ms": round(ours, 2),
        "memory, GB": round(torch.cuda.max_memory_allocated() / 1e9, 2) if cuda else "",
        "forecast, s": "",
        "needed, s": "",
        "device": describe_device(pick_device()),
    }


def keras_row(names: dict, which: str, policy: str, iterations: int = 24) -> dict:
    """Time one GAN of lesson 04, its loop and the usual one, and forecast a short training."""
    keras = names["keras"]
    settings = getattr(names["preset"], which)
    settings = replace(settings, iterations=iterations, look_every=iterations // 2)
    keras.config.set_dtype_policy(policy)
    try:
        gan, other = (
            names["new_gan"](*(names[name] for name in PLAYERS[which]), settings) for _ in "ab"
        )
        usual = usual_keras(names, other, settings)
        next(usual)  # makes the graphs
        usual_ms = milliseconds(usual, iterations // 2)
    finally:
        keras.config.set_dtype_policy("float32")

    def look(run):
        fakes = names["make_faces"](gan.average, names["fixed_noise"][: names["preset"].looked])
        run.keep(names["distance"](fakes).value, gan.average)

    run = names["Run"](f"gpu/{which}", gan, settings, 0, "benchmark", look)
    for start, stop in ((0, 4), (4, iterations)):
        batches = names["real_batches"](settings, start).take(stop - start)
        gan.fit(
            batches, callbacks=[names["Averaging"](settings.average), run], verbose=0, shuffle=False
        )
        if not start:
            forecast = run.forecast()
    return {
        "GAN": f"04, {which}",
        "bits": 16 if "16" in policy else 32,
        "usual loop, ms": round(usual_ms, 1),
        "lesson, ms": round(1000 * float(np.median(run._seconds_per_iteration)), 1),
        "memory, GB": round(names["peak_memory"](), 2),
        "forecast, s": round(forecast, 1),
        "needed, s": round(run.seconds, 1),
        "device": names["describe_device"](),
    }


def usual_keras(names: dict, gan, settings) -> Iterator[list]:
    """Train the networks of `gan` as code of the lecture's time does; yields after every step."""
    generator, discriminator = gan.generator, gan.discriminator
    optimizers = [
        names["make_optimizer"](rate, settings.beta1)
        for rate in (settings.learning_rate_d, settings.learning_rate_g)
    ]
    discriminator.compile(optimizers[0], "binary_crossentropy")
    chain = names["Model"](generator.input, discriminator(generator.output))
    chain.compile(optimizers[1], "binary_crossentropy")
    draw, count = np.random.default_rng(0), settings.batch_size
    ones, labels = np.ones((count, 1)), np.repeat([[1.0], [0.0]], count, axis=0)
    for real in itertools.cycle(names["real_batches"](settings)):
        noise = [draw.normal(size=(count, names["latent_dim"])) for _ in "ab"]
        fake = generator.predict_on_batch(noise[0])
        discriminator.trainable = True
        loss_d = discriminator.train_on_batch(np.concatenate([real, fake]), labels)
        discriminator.trainable = False
        yield [loss_d, chain.train_on_batch(noise[1], ones)]


def milliseconds(loop: Iterator, steps: int) -> float:
    """Return what a step of a loop takes."""
    start = time.perf_counter()
    for _ in itertools.islice(loop, steps):
        pass
    return 1000 * (time.perf_counter() - start) / steps


def row(which: str, policy: str) -> dict:
    """Measure one row; the lesson's cells say which device and preset."""
    if which not in PLAYERS:
        return pytorch_row(which)
    from data.make.faces04 import definitions

    return keras_row(definitions(), which, policy)


def main(*arguments: str) -> None:
    """Measure all rows, each in a process of its own, and write the table."""
    if len(arguments) == 2:  # such a process
        print(json.dumps(row(*arguments)))
        return
    from helpers.device.pytorch import pick_device

    device = str(pick_device())
    if device == "cpu":
        print("No GPU is found here, so there is nothing to measure.")
        return
    level, rows = (*arguments, "full")[0], []
    with tempfile.TemporaryDirectory() as runs:
        for which, policy in ROWS:
            command = [sys.executable, "-m", "tests.benchmarks", "gpu", which, policy]
            told = {"DEVICE": device, "FACES": "drawn", "RUNS": runs}
            told["PRESET"] = level if which in PLAYERS else "smoke"  # which needs no full MNIST
            new = os.environ | {f"GAN_{name}": value for name, value in told.items()}
            done = subprocess.run(command, env=new, stdout=subprocess.PIPE, check=True)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(rows[-1], flush=True)
    write_rows("gpu", rows)
    print(Table(rows, "Measured on a GPU"))
