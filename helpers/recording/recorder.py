"""A recording of a training run, of any framework: NumPy arrays. `helpers.player` shows it."""

import io
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from helpers.base.arrays import read_npz, to_array
from helpers.base.errors import CourseError
from helpers.base.files import new_file
from helpers.base.history import COLUMNS
from helpers.metrics.points import share_covered
from helpers.plotting import plane_grid
from helpers.recording import snapshot
from helpers.recording.encoding import bytes_of, downsampled, packed, sprite, unpacked, whole

VERSION = 1
FRAMES, MOMENTS = 120, 16  # the most frames and moments kept
# What a file says of a recording beside its arrays, `planned` and the two schedules
ABOUT = ("kind", "title", "done", "broken_at", "seconds", "most", "real_label")


class Schedule:
    """Which steps to keep: dense at the start, then ever further apart, never more than `limit`.

    The i-th step kept is about `scale * i ** 2`. When there are too many, `scale` is multiplied
    by four and every second one goes. Of a run of `steps` steps the last one is kept too.
    """

    def __init__(self, limit: int, steps: int | None = None) -> None:
        """Start with the step 0."""
        self.limit, self.next = limit, 0
        self.scale = steps / (limit - 2) ** 2 if steps else 0.05
        self._last = steps - 1 if steps else 0

    def take(self, kept: list[dict]) -> None:
        """Thin out `kept`, if its newest entry makes it too long, and say what comes next."""
        while len(kept) > self.limit:
            self.scale *= 4
            places = [self._place(entry["step"]) for entry in kept]
            inner = (kept[i] for i in range(1, len(kept) - 1) if places[i] != places[i - 1])
            kept[:] = [kept[0], *inner, kept[-1]]
        step = kept[-1]["step"] if kept else -1
        place = self._place(step) + 1 if kept else 0
        self.next = max(step + 1, int(np.ceil(self.scale * place**2)))
        if step < self._last:
            self.next = min(self.next, self._last)

    def _place(self, step: int) -> int:
        return int(np.sqrt(step / self.scale) + 1e-9)


class Recording:
    """Frames of a run of training, `kind` "points" or "pictures", seen through the same `noise`.

    `noise` holds one vector for each fake: 256 do well for points, 16 to 36 for pictures. `real`
    examples are shown beside the fakes (points need them). `steps` are planned, if that is known;
    `most` frames are kept, the fewer, the less it costs. D learns to answer `real_label` to real
    ones. A moment is one iteration seen closely: the networks before it, after D's update and
    after G's. There are at most 16, the player shows three.
    """

    def __init__(
        self,
        kind: str,
        noise: np.ndarray,
        real: np.ndarray | None = None,
        title: str = "",
        steps: int | None = None,
        most: int = FRAMES,
        real_label: float = 1.0,
    ) -> None:
        """Prepare an empty recording; `noise` and `real` may be tensors on any device."""
        if kind not in ("points", "pictures"):
            raise CourseError(f'A recording is of "points" or of "pictures", not of "{kind}".')
        if kind == "points" and real is None:
            raise CourseError("A recording of points needs the real ones: real=points.")
        self.kind, self.title, self.most = kind, title, most
        self.noise = np.array(to_array(noise), np.float32)
        self.real = np.zeros((0, 2), np.float32)  # empty if there are none
        if real is not None:  # all pictures would be too many, and so would be a million points
            every = -(-len(real) // 2048)
            real = real[::every] if kind == "points" else real[: len(self.noise)]
            self.real = np.array(to_array(real), np.float32)
        self.frames: list[dict] = []
        self.moments: list[dict] = []
        self.done = 0  # steps of training seen so far
        self.curves = downsampled(np.zeros((0, len(COLUMNS))))
        self.broken_at: int | None = None  # the first step whose losses are not finite
        self.planned: int | None = None
        self.plan(steps, real_label)
        self._open: dict | None = None  # a moment of which only the beginning was seen
        self._rest(0.0)
        self.grid = self._mesh = None
        if kind == "points":
            low, high = self.real.min(0), self.real.max(0)
            margin = (high - low) * np.array([0.12, 0.3], np.float32)
            self.box = np.concatenate((low - margin, high + margin)).astype(np.float32)
            self._mesh = plane_grid(snapshot.MAP_SIDE, *self.box.reshape(2, 2).T)
            if self.noise.shape[1] == 2:
                x, y = zip(self.noise.min(0), self.noise.max(0), strict=True)
                self.grid = plane_grid(snapshot.GRID_SIDE, x, y)

    def plan(self, steps: int | None, real_label: float) -> None:
        """Say with what label, and how many steps if that was not known; too late with frames."""
        if self.planned is None and not self.frames:
            self.planned, self.real_label = steps, real_label
            self._when, self._when_moment = Schedule(self.most, steps), Schedule(MOMENTS, steps)

    def watch(self, step: int, generator: Callable, discriminator: Callable) -> None:
        """Take a frame if one is due after `step` steps of training; else cost next to nothing."""
        if step >= self._next:
            self._take(step, generator, discriminator)

    @property
    def seconds(self) -> float:
        """Seconds of training so far, without those that recording took."""
        return self._trained + (time.perf_counter() - self._started if self._started else 0)

    def _rest(self, seconds: float) -> None:
        """Let the clock stand still until there is something to look at."""
        self._trained, self._started, self._next = seconds, 0.0, 0

    def _take(self, step: int, generator: Callable, discriminator: Callable) -> None:
        begin = time.perf_counter()
        self._started = self._started or begin
        seconds = self.seconds
        with snapshot.open_eyes(generator, discriminator) as eyes:
            seen = snapshot.look(eyes, self.noise, self._mesh, self.grid)
            if self._open is not None and step == self._open["step"] + 1:
                self.moments.append(snapshot.moment_of(self._open, seen, eyes))
                self._when_moment.take(self.moments)
        self._open = None
        if step >= self._when.next:
            self._add(step, seconds, seen)
            if step >= self._when_moment.next:
                self._open = {"step": step, **seen}
        self._next = self._when.next if self._open is None else step + 1
        self._started += time.perf_counter() - begin

    def _add(self, step: int, seconds: float, seen: dict[str, np.ndarray]) -> None:
        """Keep what was seen as a frame."""
        frame = {"step": step, "seconds": seconds, "answers": bytes_of(seen["answers"])}
        if self.kind == "pictures":
            frame["sprite"] = sprite(seen["fakes"])
        else:
            x = self.real[:, 0]
            frame["coverage"] = share_covered(seen["fakes"], (x.min(), x.max()))
            small = {"map": bytes_of, "fakes": whole, "landing": whole}
            frame |= {name: code(seen[name]) for name, code in small.items() if name in seen}
            if "pushes" in seen:
                frame["pushes"] = seen["pushes"]
        self.frames.append(frame)
        self.done = max(self.done, step)
        self._when.take(self.frames)

    def finish(self, history: Mapping, generator: Callable, discriminator: Callable) -> "Recording":
        """Keep the curves of a history (COLUMNS: a number for each step) and a last frame.

        Returns self; may be called again after more training.
        """
        losses = np.stack([to_array(history[name], np.float32) for name in COLUMNS], axis=1)
        self.done = max(self.done, len(losses))
        if not self.frames or self.frames[-1]["step"] < self.done:
            self._when.next = self.done
            self._take(self.done, generator, discriminator)
        self._rest(self.seconds)
        bad = np.flatnonzero(~np.isfinite(losses).all(axis=1))
        self.broken_at = int(bad[0]) + 1 if len(bad) else None
        self.curves = downsampled(losses)
        for moment in self.moments:
            if moment["step"] < len(losses):
                moment["losses"] = losses[moment["step"]]
        return self

    def rewind(self, step: int) -> None:
        """Forget what was recorded after `step`: the run goes on from a checkpoint made there."""
        self.frames = [frame for frame in self.frames if frame["step"] <= step]
        self.moments = [moment for moment in self.moments if moment["step"] < step]
        self._when.take(self.frames)
        self._when_moment.take(self.moments)
        self.done, self._open = step, None
        self._rest(self.frames[-1]["seconds"] if self.frames else 0.0)

    def save(self, path: str | os.PathLike) -> Path:
        """Write the recording to a file (NumPy arrays, no pickle) and return its path."""
        about: dict[str, Any] = {name: getattr(self, name) for name in ABOUT} | {"version": VERSION}
        about |= {"scales": [self._when.scale, self._when_moment.scale], "steps": self.planned}
        arrays = {"about": np.array(json.dumps(about)), "noise": self.noise, "real": self.real}
        arrays |= {f"curve.{name}": values for name, values in self.curves.items()}
        arrays |= packed("frame", self.frames) | packed("moment", self.moments)
        with new_file(Path(path)) as part, part.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # none is `allow_pickle`
        return Path(path)

    def resumed(self, path: Path) -> "Recording":
        """Return the recording in a file if it has the same noise, else this one: begin here.

        One that the system does not let us read raises CourseError: it may be sound.
        """
        try:
            saved = Recording.load(path)
        except CourseError as problem:
            if isinstance(problem.__cause__, OSError):
                raise
            return self
        return saved if np.array_equal(saved.noise, self.noise) else self

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Recording":
        """Read a recording; a file that is missing, damaged or of another version: CourseError."""
        try:
            content = Path(path).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            content = b""
        except OSError as problem:
            why = f"{path} cannot be read ({problem.strerror})"
            raise CourseError(f"{why}: see that its disk is there, then try again.") from problem
        try:
            arrays = read_npz(io.BytesIO(content))
            about = json.loads(str(arrays["about"]))
            if about["version"] == VERSION:
                return cls._from(about, arrays)
            trouble = f"of version {about['version']}, this course reads version {VERSION}"
        except Exception:  # a dozen kinds: of NumPy, zipfile, zlib, json, and of what lacks a part
            trouble = "missing, damaged or no recording"
        raise CourseError(f"{path} is {trouble}: record the run again.")

    @classmethod
    def _from(cls, about: dict, arrays: dict) -> "Recording":
        given = {name: about[name] for name in ("kind", "title", "steps", "most", "real_label")}
        made = cls(noise=arrays["noise"], real=arrays.get("real"), **given)
        made.frames, made.moments = unpacked("frame", arrays), unpacked("moment", arrays)
        made.curves = {name: arrays[f"curve.{name}"] for name in made.curves}
        made._when.scale, made._when_moment.scale = about["scales"]
        made.rewind(about["done"])
        made.broken_at = about["broken_at"]
        made._rest(about["seconds"])
        return made
