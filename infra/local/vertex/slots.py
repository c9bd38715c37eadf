"""The places for jobs at work: those that wait get them in the order they came."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """At most `limit` holders at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: deque[threading.Event] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def held(self, stop: threading.Event) -> Iterator[bool]:
        """Wait for a place and hold it; False, and no place, if `stop` was set first."""
        got = self._acquire(stop)
        try:
            yield got
        finally:
            if got:
                self._release()

    def wake(self) -> None:
        """Let those that wait look at their `stop` again."""
        with self._changed:
            self._changed.notify_all()

    def _acquire(self, stop: threading.Event) -> bool:
        with self._changed:
            self._waiting.append(stop)
            self._changed.wait_for(lambda: stop.is_set() or (self._waiting[0] is stop and self._used < self._limit))
            self._waiting.remove(stop)
            got = not stop.is_set()
            self._used += got
            self._changed.notify_all()
            return got

    def _release(self) -> None:
        with self._changed:
            self._used -= 1
            self._changed.notify_all()
