"""Time as the server needs it: what it is now, and waiting that can be cut short."""

import threading
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the server gets its time from, so that a test can give it another."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Let `seconds` pass, or less if `stop` is set; True if it was."""
        ...


class WallClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Let `seconds` pass, or less if `stop` is set; True if it was."""
        return stop.wait(seconds) if seconds > 0 else stop.is_set()
