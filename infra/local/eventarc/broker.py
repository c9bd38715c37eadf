"""Eventarc as a whole: sources, routes, subscriptions."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from infra.local.errors import LocalError
from infra.local.eventarc.delivery import Backoff, Outcome, Report, Subscription, post
from infra.local.eventarc.events import Database, Event, created_event, published_event, storage_event
from infra.local.eventarc.faults import NO_FAULTS, Faults
from infra.local.eventarc.listener import CreationListener
from infra.local.eventarc.receiver import Receiver
from infra.local.eventarc.routing import DISPATCH, StorageRoutes, turn_target
from infra.local.eventarc.ticks import Ticker

_TOPIC = "tick"
_CONCURRENCY = 4
_JOIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """What is connected to what. `functions` maps names to URLs, `concurrency` names to threads."""

    functions: Mapping[str, str]
    routes: StorageRoutes
    database: Database
    concurrency: Mapping[str, int] = field(default_factory=dict)
    backoff: Backoff = field(default_factory=Backoff)
    receiver_port: int = 0


class Eventarc:
    """Delivers events for as long as the block lasts. `faults` may be changed at any time.

    `report` takes a line per attempt.
    """

    def __init__(self, wiring: Wiring, report: Report, *, faults: Faults = NO_FAULTS, seed: int = 0) -> None:
        self.faults = faults
        self._wiring = wiring
        self._report = report
        self._random = Random(seed)  # noqa: S311  # makes schedules that can be repeated
        self._ids = itertools.count(int(datetime.now(UTC).timestamp() * 1e6))
        self._lock = threading.Lock()
        self._receiver = Receiver(self._take_notice, wiring.receiver_port)
        self._listener: CreationListener | None = None
        self._ticker: Ticker | None = None
        self._subscriptions = {
            name: Subscription(
                name,
                url,
                concurrency=wiring.concurrency.get(name, _CONCURRENCY),
                backoff=wiring.backoff,
                report=report,
            )
            for name, url in wiring.functions.items()
        }

    @property
    def notify_url(self) -> str:
        """Where the storage stand-in posts its notices."""
        return self._receiver.url

    @property
    def open(self) -> int:
        """How many events, ticks aside, have not been acknowledged yet."""
        return sum(subscription.open for subscription in self._subscriptions.values())

    def __enter__(self) -> Self:
        self._receiver.start()
        for subscription in self._subscriptions.values():
            subscription.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._ticker:
            self._ticker.join(_JOIN_SECONDS)
        for subscription in self._subscriptions.values():
            subscription.join(_JOIN_SECONDS)

    def stop(self) -> None:
        """Begin no further delivery."""
        if self._ticker:
            self._ticker.stop()
        if self._listener:
            self._listener.stop()
        self._receiver.stop()
        for subscription in self._subscriptions.values():
            subscription.stop()

    def listen(self, firestore_host: str) -> None:
        """Begin to tell of turns created on the emulator at `firestore_host`, those that stand included."""
        self._listener = CreationListener(firestore_host, self._wiring.database, self._take_created, self._report)
        self._listener.start()
        if not self._listener.wait(30.0):
            raise LocalError(f"Eventarc cannot listen on the Firestore emulator at {firestore_host}.")

    def tick_every(self, seconds: float) -> None:
        """Begin to tick."""
        self._ticker = Ticker(seconds, self.tick, self._report)
        self._ticker.start()

    def tick(self) -> Outcome:
        """Send one tick now, and wait for its answer."""
        now = datetime.now(UTC)
        event = published_event(self._fresh_id(), self._wiring.database.project, _TOPIC, b"tick", now)
        address = urlsplit(self._wiring.functions[DISPATCH])
        return post(address.hostname or "", address.port or 80, event)

    def _take_notice(self, kind: str, bucket: str, resource: dict[str, Any]) -> None:
        target = self._wiring.routes.target(kind, bucket)
        if target is not None:
            self.send(target, storage_event(self._fresh_id(), kind, bucket, resource, datetime.now(UTC)))

    def _take_created(self, path: str, document: bytes, created: datetime) -> None:
        target = turn_target(path)
        if target is not None:
            self.send(target, created_event(self._fresh_id(), self._wiring.database, path, document, created))

    def send(self, target: str, event: Event) -> None:
        """Deliver an event to a function, under the faults that hold now."""
        with self._lock:
            delays = self.faults.delays(self._random)
        if not delays:
            self._report(f"{target} {event.id} {event.type} {event.subject}: dropped, as told")
        for delay in delays:
            self._subscriptions[target].put(event, delay)

    def _fresh_id(self) -> str:
        with self._lock:
            return str(next(self._ids))
