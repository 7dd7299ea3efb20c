"""What surrounds `fit`: progress, Stop, the recording, the best generator, files, resuming.

    run = Run("04_celeba_keras_gan/first", gan, settings, seed, source, look, recording)
    run.resume()
    gan.fit(batches.skip(run.step), callbacks=[run], verbose=0, shuffle=False)

The `train_step` of `gan` stands in the notebook and returns the numbers that COLUMNS names.
"""

import io
import json
import math
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import save

from helpers.base.arrays import read_npz
from helpers.base.files import new_file
from helpers.base.history import COLUMNS
from helpers.device.keras import describe_device
from helpers.presets import GanSettings
from helpers.training.run import BaseRun

if TYPE_CHECKING:
    from helpers.recording import Recording


class Run(BaseRun, keras.callbacks.Callback):
    """One training run of a GAN as a callback of `fit`, which counts on from `step`.

    `look` is called with the run before the first iteration, after each `settings.look_every` and
    after the last; it may call `keep`. The generator with the smallest of the `distances`
    (iteration -> number) is the one that is saved. `processor_seconds` are those of all CPU cores
    together: what the training took on a machine that does other things too.
    """

    unit, suffix = "iteration", ".npz"
    settings: GanSettings

    def __init__(
        self,
        lesson: str,
        gan: keras.Model,
        settings: GanSettings,
        seed: int,
        source: str,
        look: Callable[["Run"], None] = lambda run: None,
        recording: "Recording | None" = None,
    ):
        """Start at iteration 0 of `settings.iterations`; `source` says where the data are from."""
        super().__init__(lesson, settings, seed, source, recording)
        self.gan, self.look = gan, look
        self._players = [partial(p, training=False) for p in (gan.generator, gan.discriminator)]
        self.total, self.processor_seconds = settings.iterations, 0.0
        self.distances: dict[int, float] = {}
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

    def keep(self, distance: float, generator: keras.Model | None = None) -> None:
        """Keep the distance of this moment, and the generator's weights if it is the smallest.

        They are those of `generator`, such as an average of the player, else of the player.
        """
        self.distances[self.step] = float(distance)
        if self.best_step == self.step:
            self._best = (generator or self.gan.generator).get_weights()

    def load_best(self, generator: keras.Model) -> None:
        """Give a generator of the same layers the weights of `best_step`."""
        generator.set_weights(self._best or self.gan.generator.get_weights())

    # --- what fit calls

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Start the clocks, and look at the untrained generator."""
        self._begin()
        self._begin_processor = time.process_time() - self.processor_seconds
        self._seconds_per_iteration: list[float] = []
        if self.step == 0:
            self._look()

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Let the recording see both players, and start the clock of the iteration."""
        self._watch()
        self._tick = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """Count, write down, look, save; end the training after Stop or a loss that is NaN."""
        self._rows[self.step :] = [np.array([logs[name] for name in COLUMNS], np.float32)]
        self.step += 1
        self._seconds_per_iteration.append(time.perf_counter() - self._tick)
        if len(self._seconds_per_iteration) == 1:
            self._bar.unpause()  # does not count the one in which TensorFlow makes the graph
        if self.step % self.settings.look_every == 0 or self.step == self.total:
            self._look()
        self.processor_seconds = time.process_time() - self._begin_processor
        self.model.stop_training |= not self._goes_on()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Write everything."""
        self._end()

    def _look(self) -> None:
        start = time.perf_counter()
        self.look(self)
        self._seconds_per_look.append(time.perf_counter() - start)

    # --- files

    def _identity(self) -> dict[str, Any]:
        return super()._identity() | {"layers": [list(v.shape) for v in self._variables()]}

    def _variables(self) -> list:
        """Return all that training changes: weights, states of random numbers, both optimizers."""
        gan = self.gan
        return [*gan.variables, *gan.optimizer_d.variables, *gan.optimizer_g.variables]

    def _is_used(self) -> bool:
        return any(int(o.iterations) for o in (self.gan.optimizer_d, self.gan.optimizer_g))

    def _write_checkpoint(self, facts: dict[str, Any]) -> None:
        facts["distances"] = list(self.distances.items())
        facts["processor_seconds"] = self.processor_seconds
        with new_file(self._checkpoint) as part, part.open("wb") as file:
            np.savez(file, *self._variables(), *self._best, facts=np.array(json.dumps(facts)))

    def _read_checkpoint(self, file: io.BytesIO) -> dict[str, Any]:
        facts, *arrays = read_npz(file).values()
        return json.loads(str(facts)) | {"arrays": arrays}

    def _restore(self, found: dict[str, Any]) -> None:
        variables, arrays = self._variables(), found["arrays"]
        for variable, array in zip(variables, arrays, strict=False):
            variable.assign(array)
        self._best = arrays[len(variables) :]
        self.processor_seconds = found["processor_seconds"]
        self.distances = dict(found["distances"])

    def _write_weights(self) -> None:
        """Write both players (not as HDF5, which crashes on a full disk): G as at its best."""
        weights = {name: getattr(self.gan, name).weights for name in ("generator", "discriminator")}
        for name, variables in weights.items():
            best = self._best if name == "generator" else []
            arrays = zip(
                (v.path for v in variables), best or [v.numpy() for v in variables], strict=True
            )
            with new_file(self.folder / f"{name}.safetensors") as part:
                part.write_bytes(save(dict(arrays)))

    def _facts(self) -> dict[str, Any]:
        return super()._facts() | {
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "device": describe_device(),
            "processor_seconds": round(self.processor_seconds, 1),
            "generator_of_step": self.best_step,
            "distances": self.distances,
        }
