"""Documents for many runs: what is written is neither copied nor measured where that cannot make a difference."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from batchdrop.cloud.codec import Plain
from batchdrop.domain.refs import D, Document, Ref
from batchdrop.ports import Delete, Snapshot, Write
from tests.fakes.documents import FakeDocuments

_SMALL_BYTES = 16 * 1024
"""As MessagePack. Firestore counts a value at up to 33 times as much, so this is far from any limit."""
_MOST_WRITES = 60
_pack = msgspec.msgpack.Encoder().encode


class QuickDocuments(FakeDocuments):
    """`FakeDocuments` for documents whose times are plain ones in UTC, with a memory for snapshots."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshots: dict[str, Snapshot[Any]] = {}

    def get(self, ref: Ref[D]) -> Snapshot[D] | None:
        stored = self._stored.get(ref.path)
        known = self._snapshots.get(ref.path)
        if known is not None and stored is not None and known.version == stored.version:
            return known
        found = super().get(ref)
        if found is not None:
            self._snapshots[ref.path] = found
        return found

    def _encoded(self, writes: Sequence[Write]) -> Mapping[str, dict[str, Plain] | None]:
        written = {write.ref.path: None if isinstance(write, Delete) else _fields(write.value) for write in writes}
        sizes = [len(_pack(fields)) for fields in written.values()]
        if len(written) < len(writes) or len(writes) > _MOST_WRITES or max(sizes) > _SMALL_BYTES:
            return super()._encoded(writes)
        return written


def _fields(document: Document) -> dict[str, Plain]:
    fields: dict[str, Plain] = msgspec.to_builtins(document, builtin_types=(datetime,))
    return fields
