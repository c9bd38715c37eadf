"""Time as the server needs it: what it is now, waiting that can be cut short, and a way to put it forward."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the server gets its time from. Nothing else in it reads or waits for time."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...

    def wait_for(self, condition: Callable[[], bool], until: datetime | None) -> bool:
        """Wait until `condition` holds, which is looked at after each `wake`, or the time is `until` (None: never).

        Returns whether the condition held.
        """
        ...

    def wake(self) -> None:
        """Something changed that a condition may depend on."""
        ...

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        ...


class SimClock:
    """The time of this machine, which can be put forward; with `standing`, time passes only by `advance`."""

    def __init__(self, machine: Callable[[], datetime] = lambda: datetime.now(UTC), *, standing: bool = False) -> None:
        begun = machine()
        self._machine: Callable[[], datetime] = (lambda: begun) if standing else machine
        self._ahead = timedelta()
        self._changed = threading.Condition()

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._machine() + self._ahead

    def wait_for(self, condition: Callable[[], bool], until: datetime | None) -> bool:
        """Wait until `condition` holds or the time is `until`; whether it held."""
        with self._changed:
            while not condition():
                left = (until - self.now()).total_seconds() if until else None
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def wake(self) -> None:
        """Let those that wait look at their conditions again."""
        with self._changed:
            self._changed.notify_all()

    def advance(self, seconds: float) -> None:
        """Put the time forward; those that have waited long enough go on."""
        with self._changed:
            self._ahead += timedelta(seconds=seconds)
            self._changed.notify_all()
