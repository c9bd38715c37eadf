"""Virtual time, and what is to happen in it."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from tests.fakes.small import FakeClock


class Agenda:
    """Things to do, each at its time; of two at one time the one that was entered first."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._things: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._things)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Enter a thing to do in so many seconds."""
        due = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._things, (due, next(self._order), act))

    def next_due(self) -> datetime | None:
        """When the first thing is due; None if there is none."""
        return self._things[0][0] if self._things else None

    def do_next(self) -> None:
        """Let time pass until the first thing is due, and do it."""
        due, _, act = heapq.heappop(self._things)
        self.clock.advance(max(due - self.clock.now(), timedelta()))
        act()
