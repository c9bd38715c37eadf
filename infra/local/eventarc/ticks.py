"""A stand-in for Cloud Scheduler: a tick every so many seconds, never one before the last is answered."""

import threading
from collections.abc import Callable

from infra.local.eventarc.delivery import Outcome, Report


class Ticker:
    """Calls `tick`, which posts and waits for the answer, every `seconds`. A tick that failed is not repeated."""

    def __init__(self, seconds: float, tick: Callable[[], Outcome], report: Report) -> None:
        self._seconds = seconds
        self._tick = tick
        self._report = report
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventarc-ticks", daemon=True)

    def start(self) -> None:
        """Begin; the first tick comes after one interval."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further tick."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait for the tick under way."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            outcome = self._tick()
            if not outcome.acknowledged and not self._stopped.is_set():
                self._report(f"tick: {outcome.text}")
