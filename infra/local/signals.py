"""Being told to end: SIGTERM and SIGHUP unwind the stack as Ctrl-C does."""

import signal
from types import FrameType

_ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_on_signals() -> None:
    """Make SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread.

    The first one only: what ends the stack must not be interrupted by the next, and ends within seconds.
    """
    for number in _ALL:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in _ALL:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
