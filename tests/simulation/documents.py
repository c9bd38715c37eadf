"""Documents for many runs: what was read once at a version is not decoded again."""

from typing import Any

from batchdrop.domain.refs import D, Ref
from batchdrop.ports import Snapshot
from tests.fakes.documents import FakeDocuments


class QuickDocuments(FakeDocuments):
    """`FakeDocuments` with a memory for snapshots."""

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
