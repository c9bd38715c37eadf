"""A client of the server's control resource, for tests."""

from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx
import msgspec

from infra.local.vertex.billing import Billed, BilledRequest
from infra.local.vertex.faults import Fault, JobFault, MethodFault, RowFault, Scripted
from infra.local.vertex.rows import refused_for

__all__ = [
    "Billed",
    "BilledRequest",
    "Fault",
    "JobFault",
    "MethodFault",
    "RowFault",
    "Scripted",
    "VertexControl",
    "refused_for",
]

_FAULTS = "/_control/faults"
_BILLED = "/_control/billed"


class VertexControl:
    """Scripts faults on the server at `url`, puts its time forward, and asks what happened there."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30.0, trust_env=False)

    def add(self, fault: Fault) -> int:
        """Script a fault; returns its number."""
        reply = self._client.post(_FAULTS, content=msgspec.json.encode(fault))
        return msgspec.json.decode(_checked(reply).content, type=Scripted).id

    def faults(self) -> list[Scripted]:
        """All faults, with how often each has happened."""
        reply = _checked(self._client.get(_FAULTS))
        return msgspec.json.decode(reply.content, type=dict[str, list[Scripted]])["faults"]

    def consumed(self, fault_id: int) -> int:
        """How often one fault has happened."""
        return next(scripted.consumed for scripted in self.faults() if scripted.id == fault_id)

    def remove(self, fault_id: int) -> None:
        """Forget one fault."""
        _checked(self._client.delete(f"{_FAULTS}/{fault_id}"))

    def clear(self) -> None:
        """Forget all faults."""
        _checked(self._client.delete(_FAULTS))

    def now(self) -> datetime:
        """The server's time, in UTC."""
        return _time(self._client.get("/_control/clock"))

    def advance(self, seconds: float) -> datetime:
        """Let time pass on the server at once; returns its time after that."""
        return _time(self._client.post("/_control/clock", json={"advance_s": seconds}))

    def billed(self) -> Billed:
        """What was answered, by job and by `custom_id`."""
        return msgspec.json.decode(_checked(self._client.get(_BILLED)).content, type=Billed)

    def requests(self, job_name: str = "") -> Iterator[BilledRequest]:
        """Every answered request, of one job or all, with its tokens, in the order of the answers."""
        with self._client.stream("GET", f"{_BILLED}/requests", params={"job": job_name}) as reply:
            for line in _checked(reply).iter_lines():
                yield msgspec.json.decode(line, type=BilledRequest)

    def forget_billed(self) -> None:
        """Begin the books anew."""
        _checked(self._client.delete(_BILLED))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _time(reply: httpx.Response) -> datetime:
    return msgspec.json.decode(_checked(reply).content, type=dict[str, datetime])["now"]


def _checked(reply: httpx.Response) -> httpx.Response:
    if reply.is_error:
        reply.read()
        raise ValueError(f"the server refused: {reply.text}")
    return reply
