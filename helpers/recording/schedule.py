"""Which steps of a run are kept: many at first, then fewer, never more than a limit."""

import numpy as np


class Schedule:
    """Which steps to keep: dense at the start, then ever further apart, never more than `limit`.

    The i-th step kept is about `scale * i ** 2`. When there are too many, `scale` is multiplied
    by four and every second one goes. `steps` is how long the run is meant to be.
    """

    def __init__(self, limit: int, steps: int | None = None) -> None:
        """Start with the step 0."""
        self.limit = limit
        self.scale = steps / (limit - 2) ** 2 if steps else 0.05
        self.next = 0

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

    def _place(self, step: int) -> int:
        return int(np.sqrt(step / self.scale) + 1e-9)
