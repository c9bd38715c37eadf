"""What no input may do to the process: take long, or take memory, at once or little by little."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import msgspec

KIB = 1024
MIB = 1024 * KIB
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of CPU of one input, bytes that it may take at once, and that all may leave behind.

    What is left behind is looked at after every so many inputs. A run of the service on 4 KiB needs a tenth of
    what it may take.
    """

    seconds: float = 5.0
    at_once: int = 96 * MIB
    in_all: int = 256 * MIB
    every: int = 500


class TooSlow(BaseException):
    """An input took longer than it may. Not an Exception, so that nobody on the way takes it for one of theirs."""


class Grew(Exception):
    """An input took more memory than it may, or many did together."""


class Guard:
    """Calls a check, and raises if it breaks a limit. Time is CPU time, so that a busy machine breaks nothing."""

    def __init__(self, check: Callable[[bytes], object], limits: Limits = Limits()) -> None:  # noqa: B008  # is frozen
        self._check = check
        self._limits = limits
        self._runs = 0
        self._first = 0

    def __call__(self, data: bytes) -> None:
        """Check one input."""
        _CLEAR.write_text("5")
        before = _resident("VmRSS")
        signal.signal(signal.SIGPROF, _too_slow)
        signal.setitimer(signal.ITIMER_PROF, self._limits.seconds)
        try:
            self._check(data)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        taken = _resident("VmHWM") - before
        if taken > self._limits.at_once:
            raise Grew(f"{len(data)} bytes took {taken // MIB} MiB")
        self._look_back()

    def _look_back(self) -> None:
        self._runs += 1
        if self._runs % self._limits.every:
            return
        now = _resident("VmRSS")
        self._first = self._first or now
        if now - self._first > self._limits.in_all:
            raise Grew(f"{self._runs} inputs left {(now - self._first) // MIB} MiB behind")


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow("An input took too many seconds of CPU")


def _resident(field: str) -> int:
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * KIB
    raise AssertionError(f"/proc/self/status has no {field}")
