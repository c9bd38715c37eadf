"""Processes that stop where they are told and go on when they are told. Exactly one runs at a time.

Each runs in a thread of its own, because the steps are plain functions; control is handed over by locks, so nothing is
ever concurrent and a run is the same each time.
"""

import threading
from collections.abc import Callable

Act = Callable[[], None]


class Killed(BaseException):
    """The process ends here, as if its machine was switched off. `again`: its event is delivered again."""

    def __init__(self, *, again: bool) -> None:
        super().__init__()
        self.again = again


class _Worker:
    """A thread that runs one process after another."""

    def __init__(self) -> None:
        self._go = threading.Lock()
        self._stopped = threading.Lock()
        self._go.acquire()
        self._stopped.acquire()
        self._act: Act | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def begin(self, act: Act) -> None:
        self._act = act
        self.switch()

    def switch(self) -> None:
        """Let the process run until it stops; called by the scheduler."""
        self._go.release()
        self._stopped.acquire()

    def stop(self) -> None:
        """Give control back until the scheduler switches here again; called by the process."""
        self._stopped.release()
        self._go.acquire()

    def _run(self) -> None:
        while True:
            self._go.acquire()
            if self._act is None:
                return
            self._act()
            self._act = None
            self._stopped.release()


_IDLE: list[_Worker] = []


class Process:
    """One delivery of an event. `name` is the same in each run of a schedule."""

    def __init__(self, name: str, act: Act) -> None:
        self.name = name
        self.effects = 0
        self.ended = False
        self.error: BaseException | None = None
        self._killed: Killed | None = None
        self._act = act
        self._worker: _Worker | None = None

    def go_on(self) -> None:
        """Run until the process parks or ends. Called by the scheduler."""
        if self._worker is None:
            self._worker = _IDLE.pop() if _IDLE else _Worker()
            self._worker.begin(self._whole)
        else:
            self._worker.switch()
        if self.ended:
            _IDLE.append(self._worker)

    def park(self) -> None:
        """Stop here until `go_on`. Called by the process."""
        if self._worker is None:
            raise AssertionError("a process parks itself while it runs")
        self._worker.stop()
        self.check()

    def kill(self, *, again: bool) -> None:
        """Make the process end at this point, or where it is parked; it does nothing any more."""
        self._killed = Killed(again=again)

    def check(self) -> None:
        """Raise Killed in a process that was killed: what its `finally` blocks try has no effect either."""
        if self._killed is not None:
            raise self._killed

    def _whole(self) -> None:
        try:
            self._act()
        except (Exception, Killed) as error:  # noqa: BLE001  # the scheduler judges what a delivery raised
            self.error = error
        finally:
            self.ended = True
