"""Time, randomness and log lines in memory."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


class FakeClock:
    """A clock that stands until it is advanced."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        if by < timedelta():
            raise ValueError("Time only goes on")
        self._now += by


class FakeTokens:
    """Tokens by number: `token-1`, `token-2`, ..."""

    def __init__(self, prefix: str = "token") -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def fresh(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"


class Line(msgspec.Struct, frozen=True):
    severity: str
    event: str
    fields: dict[str, object]


class MemoryLog:
    """Keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._lock = threading.Lock()

    def info(self, event: str, **fields: object) -> None:
        self._add("INFO", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._add("WARNING", event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._add("ERROR", event, fields)

    def of(self, severity: str) -> list[str]:
        """The events of one severity, in order."""
        return [line.event for line in self.lines if line.severity == severity]

    def _add(self, severity: str, event: str, fields: dict[str, object]) -> None:
        with self._lock:
            self.lines.append(Line(severity, event, fields))
