"""What surrounds `fit`: progress, Stop, the recording, the best generator, files, resuming.

The training step stands in the notebook. A GAN here is a `keras.Model` with the attributes
`generator`, `discriminator`, `optimizer_d` and `optimizer_g`, whose `train_step` returns the four
numbers named by COLUMNS:

    run = Run("04_celeba_keras_gan/first", gan, settings, seed, source, look, recording)
    run.resume()
    gan.fit(batches.skip(run.step), callbacks=[run], verbose=0, shuffle=False)
"""

import itertools
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from helpers.base.files import new_file
from helpers.base.history import COLUMNS
from helpers.device.keras import describe_device
from helpers.presets import GanSettings
from helpers.training.run import BaseRun, StopButton

if TYPE_CHECKING:
    from helpers.recording import Recording


class Run(BaseRun, keras.callbacks.Callback):
    """One training run of a GAN as a callback of `fit`, which counts on from `step`.

    `look` is called with the run before the first iteration, after each `settings.look_every` and
    after the last; it may call `keep`. A `recording`, if there is one, watches both players. It
    survives a resume, as do `distances` (iteration -> number) and `history`. The generator with the
    smallest distance is the one that is saved. `seconds` is time by the clock, `processor_seconds`
    that of all CPU cores together: on a machine that does other things too, the latter tells what
    the training took.
    """

    unit, checkpoint_name = "iteration", "checkpoint.npz"

    def __init__(
        self,
        lesson: str,
        gan: keras.Model,
        settings: GanSettings,
        seed: int,
        source: str,
        look: Callable[["Run"], None] = lambda run: None,
        recording: "Recording | None" = None,
        seconds_between_saves: float = 60,
    ):
        """Start at iteration 0 of `settings.iterations`; `source` says where the data are from."""
        super().__init__(lesson, seed, source, recording, seconds_between_saves)
        self.gan, self.settings, self.look = gan, settings, look
        self.total, self.processor_seconds = settings.iterations, 0.0
        self.distances: dict[int, float] = {}
        self._rows: list[list[float]] = []
        self._seconds_per_iteration: list[float] = []
        self._seconds_per_look: list[float] = []
        self._best: list[np.ndarray] = []

    @property
    def best_step(self) -> int:
        """The iteration with the smallest distance, or the last one if none was measured."""
        return min(self.distances, key=self.distances.__getitem__, default=self.step)

    def forecast(self) -> float:
        """Return the seconds that all iterations take, by those of this `fit` but its first one."""
        rest = self._seconds_per_iteration[1:] or self._seconds_per_iteration
        looks = 1 + math.ceil(self.total / self.settings.look_every)
        each_look = np.mean(self._seconds_per_look or [0])  # after a resume there may be none yet
        return float(self.total * np.median(rest) + looks * each_look)

    def keep(self, distance: float) -> None:
        """Keep the distance of this moment, and the weights of the generator if it is the best."""
        self.distances[self.step] = float(distance)
        if self.best_step == self.step:
            self._best = self.gan.generator.get_weights()

    def load_best(self, generator: keras.Model) -> None:
        """Give a generator of the same layers the weights of `best_step`."""
        generator.set_weights(self._best or self.gan.generator.get_weights())

    # --- what fit calls

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Take over the Stop button, show the bar, and look at the untrained generator."""
        self._plan_recording(self.settings.real_label)
        self._stopped, self._bar = StopButton(), self._progress_bar()
        self._begin, self._saved = time.perf_counter() - self.seconds, time.perf_counter()
        self._begin_processor = time.process_time() - self.processor_seconds
        self._seconds_per_iteration.clear()
        if self.step == 0:
            self._look()

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Let the recording see both players, and start the clock of the iteration."""
        self._watch()
        self._tick = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """Count, write down, look, save; end the training after Stop or a loss that is NaN."""
        self._rows.append([float(logs[name]) for name in COLUMNS])
        self.step += 1
        self._seconds_per_iteration.append(time.perf_counter() - self._tick)
        if self.step % self.settings.look_every == 0 or self.step == self.settings.iterations:
            self._look()
        now = time.perf_counter()
        self.seconds = now - self._begin
        self.processor_seconds = time.process_time() - self._begin_processor
        self._show(self._bar)
        if self._stopped.is_set() or not self._losses_are_numbers():
            self.model.stop_training = True
        elif now - self._saved > self.seconds_between_saves:
            self.save_checkpoint()
            self._saved = now

    def on_train_end(self, logs: dict | None = None) -> None:
        """Give the Stop button back and write everything."""
        self._stopped.close()
        self._bar.close()
        self._finish_recording()
        self.save()
        if not self._losses_are_numbers():
            print(f"Stopped at iteration {self.step:,}: a loss is no number.")
        elif self._stopped.is_set():
            print(f"Stopped after iteration {self.step:,}: run this cell again to go on.")

    def _look(self) -> None:
        start = time.perf_counter()
        self.look(self)
        self._seconds_per_look.append(time.perf_counter() - start)

    # --- files

    @property
    def _table(self) -> np.ndarray:
        return np.array(self._rows, np.float32).reshape(-1, len(COLUMNS))

    @property
    def _losses(self) -> list[float]:
        return self._rows[-1][:2]

    @property
    def _players(self) -> list[Callable]:
        """Both players as they are outside of training: arrays in, arrays out."""
        return [
            lambda inputs, player=player: np.asarray(player(inputs, training=False))
            for player in (self.gan.generator, self.gan.discriminator)
        ]

    @property
    def _identity(self) -> dict[str, Any]:
        layers = [list(variable.shape) for variable in self._variables]
        return asdict(self.settings) | {"layers": layers}

    @property
    def _variables(self) -> list:
        """Everything that training changes: weights, states of random numbers, both optimizers."""
        optimizers = (self.gan.optimizer_d, self.gan.optimizer_g)
        return [*self.gan.variables, *itertools.chain(*(o.variables for o in optimizers))]

    def _write_checkpoint(self, facts: dict[str, Any]) -> None:
        arrays = {f"variables/{i}": np.asarray(v) for i, v in enumerate(self._variables)}
        arrays |= {f"best/{i}": weights for i, weights in enumerate(self._best)}
        arrays["history"] = np.array(self._rows, np.float64).reshape(-1, len(COLUMNS))
        header = facts | {
            "processor_seconds": self.processor_seconds,
            "distances": list(self.distances.items()),
        }
        with new_file(self._checkpoint) as part, part.open("wb") as file:
            arrays["header"] = np.array(json.dumps(header))
            np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle

    def _read_checkpoint(self) -> dict[str, Any]:
        with np.load(self._checkpoint, allow_pickle=False) as file:  # looks at the checksums
            arrays = {name: file[name] for name in file.files}
        return json.loads(str(arrays.pop("header"))) | {"arrays": arrays}

    def _restore(self, found: dict[str, Any]) -> None:
        arrays = found["arrays"]
        for index, variable in enumerate(self._variables):
            variable.assign(arrays[f"variables/{index}"])
        self.processor_seconds, self.distances = (
            found["processor_seconds"],
            dict(found["distances"]),
        )
        self._rows = arrays["history"].tolist()
        self._best = [arrays[name] for name in arrays if name.startswith("best/")]

    def _write_weights(self) -> None:
        """Write both players, each under a temporary name first: G as it was at its best."""
        last = self.gan.generator.get_weights()
        self.load_best(self.gan.generator)
        try:
            for name in ("generator", "discriminator"):
                part = self.folder / f"{name}.part.weights.h5"
                getattr(self.gan, name).save_weights(part)
                os.replace(part, self.folder / f"{name}.weights.h5")
        finally:
            self.gan.generator.set_weights(last)

    def _facts(self) -> dict:
        facts = super()._facts()
        facts["versions"] |= {"keras": keras.__version__, "tensorflow": tf.__version__}
        return facts | {
            "settings": asdict(self.settings),
            "processor_seconds": round(self.processor_seconds, 1),
            "generator_of_step": self.best_step,
            "distances": self.distances,
            "device": describe_device(),
        }
