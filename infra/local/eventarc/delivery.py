"""One subscription: an event is posted to a function until it answers 2xx."""

import heapq
import http.client
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from infra.local.eventarc.events import Event, headers

_ACK_SECONDS = 600.0
"""As long as a push subscription waits for an answer at most."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts, in seconds, doubling. In the cloud 10 to 600."""

    first: float = 0.2
    longest: float = 5.0

    def pause(self, attempt: int) -> float:
        """Seconds to wait after an attempt failed; attempts count from 1."""
        return min(self.first * 2.0 ** min(attempt - 1, 32), self.longest)


@dataclass(frozen=True, slots=True, order=True)
class _Delivery:
    due: float
    order: int
    event: Event = field(compare=False)
    attempt: int = field(default=1, compare=False)


Report = Callable[[str], None]
"""Takes one line about one attempt."""


class Subscription:
    """Delivers events to one URL, at most `concurrency` at a time."""

    def __init__(self, name: str, url: str, *, concurrency: int, backoff: Backoff, report: Report) -> None:
        self.name = name
        self._address = urlsplit(url)
        self._backoff = backoff
        self._report = report
        self._order = itertools.count()
        self._queue: list[_Delivery] = []
        self._changed = threading.Condition()
        self._open = 0
        self._stopped = False
        self._workers = [
            threading.Thread(target=self._work, name=f"eventarc-{name}-{number}", daemon=True)
            for number in range(concurrency)
        ]

    @property
    def open(self) -> int:
        """How many events have not been acknowledged yet."""
        with self._changed:
            return self._open

    def start(self) -> None:
        """Begin to deliver."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Begin no further attempt. Those under way end with their connections."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self, seconds: float) -> None:
        """Wait for the attempts under way."""
        deadline = time.monotonic() + seconds
        for worker in self._workers:
            if worker.ident is not None:
                worker.join(max(0.0, deadline - time.monotonic()))

    def put(self, event: Event, delay: float = 0.0) -> None:
        """Take an event on, to be delivered first after `delay` seconds."""
        with self._changed:
            self._open += 1
            self._push(event, 1, delay)

    def _push(self, event: Event, attempt: int, delay: float) -> None:
        heapq.heappush(self._queue, _Delivery(time.monotonic() + delay, next(self._order), event, attempt))
        self._changed.notify()

    def _work(self) -> None:
        while (delivery := self._next()) is not None:
            started = time.monotonic()
            outcome = post(self._address.hostname or "", self._address.port or 80, delivery.event)
            self._settle(delivery, outcome, time.monotonic() - started)

    def _next(self) -> _Delivery | None:
        with self._changed:
            while not self._stopped:
                wait = self._queue[0].due - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._queue)
                self._changed.wait(wait)
            return None

    def _settle(self, delivery: _Delivery, outcome: "Outcome", seconds: float) -> None:
        event = delivery.event
        with self._changed:
            if outcome.acknowledged:
                self._open -= 1
            else:
                self._push(event, delivery.attempt + 1, self._backoff.pause(delivery.attempt))
            stopped = self._stopped
        if not stopped:
            what = f"{event.type.rpartition('.')[2]} {event.subject or event.source.rpartition('/')[2]}"
            self._report(f"{self.name} {event.id} {what}: attempt {delivery.attempt}, {outcome.text}, {seconds:.3f} s")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    acknowledged: bool
    text: str


def post(host: str, port: int, event: Event) -> Outcome:
    """Make one attempt."""
    connection = http.client.HTTPConnection(host, port, timeout=_ACK_SECONDS)
    try:
        connection.request("POST", "/", body=event.body, headers=headers(event))
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException) as error:
        return Outcome(acknowledged=False, text=f"{type(error).__name__}: {error}")
    finally:
        connection.close()
    return Outcome(acknowledged=200 <= response.status < 300, text=str(response.status))  # noqa: PLR2004  # 2xx
