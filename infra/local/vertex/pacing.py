"""The order in which rows are answered, and how fast."""

import random
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

from infra.local.vertex.clock import Clock

_STEPS_MIN = 20
_STEP_MAX = 256


def shuffled(count: int, seed: str) -> list[int]:
    """The row indexes in an order that only the seed decides, and that is never the input's from two rows on."""
    order = list(range(count))
    random.Random(seed).shuffle(order)  # noqa: S311  # an order, not a secret
    return order if order != sorted(order) else order[::-1]


def step(count: int) -> int:
    """After how many rows of `count` the job shows progress."""
    return max(1, min(_STEP_MAX, count // _STEPS_MIN))


class Pace:
    """Spreads rows evenly over `seconds` from now on; ends early when `stop` is set or the time is `until`."""

    def __init__(self, clock: Clock, stop: threading.Event, seconds: float, until: datetime) -> None:
        self._clock = clock
        self._stop = stop
        self._begun = clock.now()
        self._seconds = seconds
        self._until = until

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self._clock.now() >= self._until

    def rows(self, order: list[int]) -> Iterator[int]:
        """The rows of `order`, each when it is due."""
        every = step(len(order))
        for at, index in enumerate(order):
            if at % every == 0 and not self._due(at / len(order)):
                return
            yield index
        self._due(1.0)

    def wait(self, seconds: float) -> bool:
        """Let `seconds` pass; False if that was cut short."""
        due = self._clock.now() + timedelta(seconds=seconds)
        return self._wait_until(due)

    def hold(self) -> None:
        """Wait for the end of all."""
        self._clock.wait_for(self._stop.is_set, self._until)

    def _due(self, share: float) -> bool:
        return self._wait_until(self._begun + timedelta(seconds=self._seconds * share))

    def _wait_until(self, due: datetime) -> bool:
        return not self._clock.wait_for(self._stop.is_set, min(due, self._until)) and not self.over
