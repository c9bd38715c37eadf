"""What the server tells about committed changes, and how it reaches those who listen."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

import orjson
import requests

from infra.local.storage.model import Change, EventKind, Generation, Json
from infra.local.storage.resources import object_resource

_LOG = logging.getLogger(__name__)
_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 2.0
_REQUEST_TIMEOUT_S = 30.0
_DRAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class StorageEvent:
    """A change of an object.

    `data` is the object resource as the real event carries it (`size` and generations are strings). The
    other generation of an overwrite is not part of the resource: Pub/Sub sends it as an attribute.
    """

    kind: EventKind
    bucket: str
    data: Json
    overwrote_generation: str | None = None
    overwritten_by_generation: str | None = None

    def as_json(self) -> Json:
        """The body of a notification: `type`, `bucket`, `data`, and the other generation if there is one."""
        body: Json = {"type": self.kind.value, "bucket": self.bucket, "data": self.data}
        if self.overwrote_generation is not None:
            body["overwroteGeneration"] = self.overwrote_generation
        if self.overwritten_by_generation is not None:
            body["overwrittenByGeneration"] = self.overwritten_by_generation
        return body


Listener: TypeAlias = Callable[[StorageEvent], None]


def event_of(change: Change, base: str) -> StorageEvent:
    """The event for a change; `base` is the server's URL, for the links in the resource."""
    return StorageEvent(
        kind=change.kind,
        bucket=change.object.bucket,
        data=object_resource(change.object, base),
        overwrote_generation=_text(change.overwrote),
        overwritten_by_generation=_text(change.overwritten_by),
    )


class EventBus:
    """Hands every event to every listener: in order, each listener on a thread of its own."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._couriers = [_Courier(listener) for listener in listeners]

    def publish(self, event: StorageEvent) -> None:
        """Queue the event; never waits for a listener."""
        for courier in self._couriers:
            courier.queue.put(event)

    def close(self) -> None:
        """Let the listeners work off what is queued, for two seconds at most."""
        for courier in self._couriers:
            courier.queue.put(None)
        for courier in self._couriers:
            courier.thread.join(_DRAIN_S)


class _Courier:
    def __init__(self, listener: Listener) -> None:
        self.queue: queue.SimpleQueue[StorageEvent | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._deliver, args=(listener,), daemon=True)
        self.thread.start()

    def _deliver(self, listener: Listener) -> None:
        while (event := self.queue.get()) is not None:
            try:
                listener(event)
            except Exception:  # noqa: BLE001  # logged; one failure must not end the delivery
                _LOG.exception("A listener failed on %s of bucket %s.", event.kind.value, event.bucket)


class HttpNotifier:
    """A listener that posts events to a URL, each until a 2xx answers it, in order.

    After `close` every event left gets one more attempt.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._closing = threading.Event()

    def __call__(self, event: StorageEvent) -> None:
        """Deliver the event; returns when it is accepted, or when the notifier is closed."""
        body = orjson.dumps(event.as_json())
        wait_s = _FIRST_WAIT_S
        while not self._post(body):
            if self._closing.wait(wait_s):
                _LOG.warning("Not delivered to %s: %s.", self._url, event.kind.value)
                return
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def close(self) -> None:
        """Stop repeating."""
        self._closing.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _post(self, body: bytes) -> bool:
        headers = {"Content-Type": "application/json"}
        try:
            response = self._session.post(self._url, body, headers=headers, timeout=_REQUEST_TIMEOUT_S)
        except requests.RequestException as error:
            _LOG.info("Not accepted by %s, trying again: %s.", self._url, type(error).__name__)
            return False
        return response.ok


def _text(generation: Generation | None) -> str | None:
    return None if generation is None else str(generation)
