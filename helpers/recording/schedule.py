"""Which steps of a run are kept: many at first, then fewer, never more than a limit."""

import numpy as np


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
