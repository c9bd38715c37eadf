"""The places for jobs at work: those that wait get them in the order they came."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from infra.local.vertex.clock import Clock


class Slots:
    """At most `limit` holders at once."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._used = 0
        self._waiting: deque[object] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, stop: threading.Event, until: datetime) -> Iterator[bool]:
        """Wait for a place and hold it; False, and no place, if `stop` was set or it became `until` first."""
        got = self._acquire(stop, until)
        try:
            yield got
        finally:
            if got:
                self._release()

    def _acquire(self, stop: threading.Event, until: datetime) -> bool:
        ticket = object()
        with self._lock:
            self._waiting.append(ticket)
        self._clock.wait_for(lambda: stop.is_set() or self._taken(ticket), until)
        with self._lock:
            got = ticket not in self._waiting
            if not got:
                self._waiting.remove(ticket)
        self._clock.wake()
        return got

    def _taken(self, ticket: object) -> bool:
        with self._lock:
            if self._waiting[0] is not ticket or self._used == self._limit:
                return False
            self._waiting.popleft()
            self._used += 1
            return True

    def _release(self) -> None:
        with self._lock:
            self._used -= 1
        self._clock.wake()
