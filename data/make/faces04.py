"""Lesson 04 with other seeds, and which change of the networks does what.

    GAN_RUNS=RUNS python -m data.make.faces04 0 1 2         # the second GAN with these seeds
    GAN_RUNS=RUNS python -m data.make.faces04 plain 0 1 2   # without the penalty, 1,200 iterations
    GAN_RUNS=RUNS python -m data.make.faces04 trial 0 1 2   # all pairs of networks, equal settings
    python -m data.make.faces04 first 0 1 2    # the first GAN with these seeds
    GAN_RUNS=RUNS python -m data.make.faces04 long    # the generator that comes with it
    python -m data.make.faces04 xla            # what the compiler gains or loses
    python -m data.make.faces04 full           # two iterations of `full`, on this device
    python -m data.make.faces04 full 2         # the same with batches of 2

All use the networks, settings, training step and measures of the notebook. The rows of `trial` have
a sixteenth of the filters, 800 iterations and batches of 16, all of them, and no average is taken.
Runs that are done are kept in RUNS, and those that were cut off are gone on with, so seeds may be
trained side by side. `long` is the second GAN with the settings LONG_FACES. The distance is that of
the lesson, of 500 faces from noise that was not used to choose the best moment.
"""

import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from data.make.kept import kept
from helpers.base.files import DATA, write_sum
from helpers.presets import LONG_FACES, GanSettings
from helpers.tables import write_rows
from notebooks.tools.lesson import code_cells, run_cells

LESSON = "04_celeba_keras_gan"
NETWORKS, SEEDS = "faces04_networks", "faces04_seeds"  # the tables that the lesson shows
PLAYERS = {
    "both of the lecture": ("create_generator", "create_discriminator"),
    "deep discriminator": ("create_generator", "create_deep_discriminator"),
    "new generator": ("create_new_generator", "create_discriminator"),
    "both": ("create_new_generator", "create_deep_discriminator"),
    "both, no normalisation": ("create_plain_generator", "create_deep_discriminator"),
}


def definitions() -> dict:
    """Run the cells of the lesson that define something, without training anything."""
    second = (
        "def field_of_view",
        "def create_deep_discriminator",
        "def create_new_generator",
    )
    with contextlib.redirect_stdout(io.StringIO()):
        names = run_cells(LESSON, until="def new_run")
        for word in second:  # they stand behind the training of the first GAN
            (cell,) = (cell for cell in code_cells(LESSON) if word in cell)
            exec(compile(cell, f"<{LESSON}>", "exec"), names)
    names["create_plain_generator"] = partial(names["create_new_generator"], normalise=False)
    return names


def train(
    names: dict,
    players: str,
    settings: GanSettings,
    seed: int,
    folder: str,
    *,
    judged: str = "average",
    after: Callable[[Any, Any], None] = lambda generator, run: None,
    **options,
) -> dict:
    """Train one pair of networks, or go on with it; return what came of `average` or `generator`.

    `after` is called with this generator as it was at its best, and with the run.
    """
    creators = [names[name] for name in PLAYERS[players]]
    gan = names["new_gan"](*creators, settings, seed=seed, **options)
    generator = getattr(gan, judged)
    spreads = []

    def look(run):
        pictures = fakes(names["fixed_noise"])
        run.keep(names["distance"](pictures).value, generator)
        spreads.append(round(names["spread"](pictures), 2))

    def fakes(noise):
        return names["make_faces"](generator, noise)

    with contextlib.redirect_stdout(io.StringIO()):
        run = names["Run"](folder, gan, settings, seed, "benchmark", look)
        run.resume()
        batches = names["real_batches"](settings, run.step, seed)
        gan.fit(
            batches, callbacks=[names["Averaging"](settings.average), run], verbose=0, shuffle=False
        )
    noise = np.random.default_rng(1000 + seed).normal(size=names["fixed_noise"].shape)
    last = fakes(noise.astype("float32"))
    run.load_best(generator)
    after(generator, run)
    best = fakes(noise.astype("float32"))
    picture = run.folder / "fakes.png"
    picture.write_bytes(names["plot_faces"](best[:64]).shown["image/png"])
    return {
        "networks": players,
        "seed": seed,
        "iterations": run.step,
        "seconds": round(run.seconds),
        "CPU seconds": round(run.processor_seconds),
        "distance, last": round(names["distance"](last).value, 1),
        "spread, last": round(names["spread"](last), 2),
        "best at": run.best_step,
        "distance, best": round(names["distance"](best).value, 1),
        "spread, best": round(names["spread"](best), 2),
        "floor": round(names["distance"](best).floor, 1),
        "all": [round(v) for v in run.distances.values()],
        "spreads": spreads,
        "64 fakes": str(picture),
    }


def trial(names: dict, seeds: list[int]) -> None:
    """Train all pairs of networks with equal settings, and write the table."""
    preset, table = names["preset"], []
    settings = GanSettings(800, 16, 4e-4, 8e-4, beta1=0.5, real_label=0.9, look_every=50)
    make = partial(train, preset=replace(preset, narrow=16, narrow_new=16), judged="generator")
    for players in PLAYERS:
        found = []
        for seed in seeds:
            folder = f"trial/{players} {seed}"
            found.append(kept(folder, make, names, players, settings, seed, folder))
            print(found[-1], flush=True)
        columns = ("distance, best", "distance, last", "spread, last", "CPU seconds")
        shown = {column: " ".join(str(row[column]) for row in found) for column in columns}
        table.append({"networks": players} | shown)
    write_rows(NETWORKS, table)


def long(names: dict) -> None:
    """Train the second GAN for long, and write its generator to `data/`."""
    from helpers.data.keras import save_weights  # loads TensorFlow: after its quiet start

    def write(generator: Any, run: Any) -> None:
        facts = {"data": names["faces"].description, "seed": 0, "keras": names["keras"].__version__}
        facts |= {"iterations": run.best_step, "of": run.step, "seconds": round(run.seconds)}
        facts["processor_seconds"] = round(run.processor_seconds)
        path = DATA / "faces_generator_long.safetensors"
        save_weights(path, generator, facts)
        write_sum(path, DATA)
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {facts}")

    print(train(names, "both", LONG_FACES, 0, "faces_long", after=write))


def two_iterations_of_full(batch_size: int | None = None) -> None:
    """Build the lecture's networks as they are, at 128 pixels, and run two iterations of each."""
    os.environ["GAN_PRESET"] = "full"
    os.environ["GAN_FACES"] = os.environ.get("GAN_FACES", "drawn")
    names = definitions()
    for players, part in (("both", "second"), ("both of the lecture", "first")):
        settings = replace(getattr(names["preset"], part), iterations=2)
        settings = replace(settings, batch_size=batch_size or settings.batch_size)
        gan = names["new_gan"](*(names[name] for name in PLAYERS[players]), settings)
        begin, cpu = time.perf_counter(), time.process_time()
        real = names["real_batches"](settings)
        logs = gan.fit(real, verbose=0, shuffle=False).history
        print(
            f"{players}: two iterations in {time.perf_counter() - begin:.0f} s "
            f"({time.process_time() - cpu:.0f} s CPU), batch {settings.batch_size}, at most "
            f"{names['peak_memory']():.1f} GB so far, {logs}",
            flush=True,
        )


def compare_xla() -> None:
    """Time ten iterations of both GANs with XLA and without it."""
    names = definitions()
    for players, part in (("both of the lecture", "first"), ("both", "second")):
        settings = getattr(names["preset"], part)
        for jit in (False, True):
            gan = names["new_gan"](*(names[name] for name in PLAYERS[players]), settings)
            gan.jit_compile = jit
            gan.fit(names["real_batches"](settings).take(1), verbose=0, shuffle=False)
            begin, cpu = time.perf_counter(), time.process_time()
            gan.fit(names["real_batches"](settings).take(10), verbose=0, shuffle=False)
            spent = (time.perf_counter() - begin) / 10, (time.process_time() - cpu) / 10
            print(f"{players}, XLA {jit}: {spent[0]:.2f} s an iteration, {spent[1]:.2f} s CPU")


def main(kind: str, *arguments: str) -> None:
    """Print one row for each training."""
    os.environ.setdefault("GAN_PRESET", "lesson")
    os.environ.setdefault("GAN_RUNS", tempfile.mkdtemp())
    if kind == "full":
        return two_iterations_of_full(*map(int, arguments))
    if kind == "xla":
        return compare_xla()
    names = definitions()
    preset, rows = names["preset"], []

    def add(players: str, settings: GanSettings, seed: str, kind: str = "") -> None:
        folder = f"{kind}{players} {seed}"
        rows.append(kept(folder, train, names, players, settings, int(seed), folder))
        print(rows[-1], flush=True)

    if kind == "long":
        long(names)
    elif kind == "trial":
        trial(names, [int(seed) for seed in arguments])
    elif kind == "first":
        for seed in arguments:
            add("both of the lecture", preset.first, seed)
    elif kind == "plain":
        for seed in arguments:
            add("both", replace(preset.second, penalty=0.0, iterations=1_200), seed, "plain ")
    else:
        for seed in (kind, *arguments):
            add("both", preset.second, seed)
        shown = ("seed", "distance, best", "spread, best", "best at")
        write_rows(SEEDS, [{name: row[name] for name in shown} for row in rows])


if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[1:] else sys.exit(__doc__)
