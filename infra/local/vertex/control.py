"""A client of the server's control resource, for tests."""

from types import TracebackType
from typing import Self

import httpx
import msgspec

from infra.local.vertex.billing import Billed
from infra.local.vertex.faults import Fault, JobFault, MethodFault, RowFault, Scripted
from infra.local.vertex.rows import refused_for

__all__ = [
    "Billed",
    "Fault",
    "JobFault",
    "MethodFault",
    "RowFault",
    "Scripted",
    "VertexControl",
    "refused_for",
]


class VertexControl:
    """Scripts faults on the server at `url`, and asks what happened there."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30.0, trust_env=False)

    def add(self, fault: Fault) -> int:
        """Script a fault; returns its number."""
        reply = self._client.post("/_control/faults", content=msgspec.json.encode(fault))
        return msgspec.json.decode(_checked(reply).content, type=Scripted).id

    def faults(self) -> list[Scripted]:
        """All faults, with how often each has happened."""
        reply = _checked(self._client.get("/_control/faults"))
        return msgspec.json.decode(reply.content, type=dict[str, list[Scripted]])["faults"]

    def consumed(self, fault_id: int) -> int:
        """How often one fault has happened."""
        return next(scripted.consumed for scripted in self.faults() if scripted.id == fault_id)

    def clear(self) -> None:
        """Forget all faults."""
        _checked(self._client.delete("/_control/faults"))

    def billed(self) -> Billed:
        """What was answered, by job and by `custom_id`."""
        return msgspec.json.decode(_checked(self._client.get("/_control/billed")).content, type=Billed)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _checked(reply: httpx.Response) -> httpx.Response:
    if reply.is_error:
        raise ValueError(f"the server refused: {reply.text}")
    return reply
