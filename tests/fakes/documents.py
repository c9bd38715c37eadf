"""Firestore in memory: stores encoded values, keeps the cloud's preconditions and limits."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import assert_never

import msgspec

from batchdrop.cloud.codec import Plain, decode, encode
from batchdrop.domain.errors import Conflict
from batchdrop.domain.refs import D, Query, Ref
from batchdrop.ports import Create, Delete, Put, Replace, Snapshot, Write
from tests.fakes.limits import check_commit, check_sums
from tests.fakes.querying import Fields, select, totals

Watch = Callable[[Sequence[Write]], None]


class _Stored(msgspec.Struct, frozen=True):
    fields: dict[str, Plain]
    version: int


class FakeDocuments:
    """`Documents` in memory, safe among threads.

    `before_commit` and `after_commit` are called with the writes; an exception of the one keeps a commit from
    happening, of the other it loses the reply. `created` has the paths of documents that came to be, in order:
    what Firestore's trigger would tell.
    """

    def __init__(self) -> None:
        self.created: list[str] = []
        self.before_commit: Watch = _nothing
        self.after_commit: Watch = _nothing
        self._stored: dict[str, _Stored] = {}
        self._collections: defaultdict[str, dict[str, Fields]] = defaultdict(dict)
        self._versions = count(1)
        self._lock = threading.Lock()

    def get(self, ref: Ref[D]) -> Snapshot[D] | None:
        stored = self._stored.get(ref.path)
        return None if stored is None else Snapshot(ref, decode(ref.kind, stored.fields), stored.version)

    def get_all(self, refs: Sequence[Ref[D]]) -> list[Snapshot[D]]:
        with self._lock:
            found = [self.get(ref) for ref in refs]
        return [snapshot for snapshot in found if snapshot is not None]

    def find(self, query: Query[D]) -> Iterator[Snapshot[D]]:
        with self._lock:
            refs = [Ref(path, query.kind) for path in self._select(query)]
            found = [self.get(ref) for ref in refs]
        yield from (snapshot for snapshot in found if snapshot is not None)

    def exists(self, query: Query[D]) -> bool:
        with self._lock:
            return bool(self._select(query))

    def totals(self, query: Query[D], fields: Sequence[str]) -> Mapping[str, int]:
        check_sums(fields)
        with self._lock:
            found = [self._stored[path].fields for path in self._select(query)]
        return totals(found, fields)

    def commit(self, writes: Sequence[Write]) -> None:
        if not writes:
            return
        self.before_commit(writes)
        written = self._encoded(writes)
        with self._lock:
            for write in writes:
                self._check(write)
            self._store(written)
        self.after_commit(writes)

    def _encoded(self, writes: Sequence[Write]) -> Mapping[str, dict[str, Plain] | None]:
        """The fields of what is written by path, None for deletions, held against the limits."""
        written = {write.ref.path: None if isinstance(write, Delete) else encode(write.value) for write in writes}
        check_commit(written, len(writes))
        return written

    def paths(self) -> list[str]:
        """Paths of all documents, sorted."""
        return sorted(self._stored)

    def _select(self, query: Query[D]) -> list[str]:
        return select(query, self._collections)

    def _check(self, write: Write) -> None:
        stored = self._stored.get(write.ref.path)
        match write:
            case Create():
                if stored is not None:
                    raise Conflict(f"{write.ref.path} exists")
            case Replace():
                if stored is None or stored.version != write.version:
                    raise Conflict(f"{write.ref.path} is not at version {write.version}")
            case Delete(version=None) | Put():
                pass
            case Delete():
                if stored is None or stored.version != write.version:
                    raise Conflict(f"{write.ref.path} is not at version {write.version}")
            case _:
                assert_never(write)

    def _store(self, written: Mapping[str, dict[str, Plain] | None]) -> None:
        version = next(self._versions)
        for path, fields in written.items():
            stored = self._stored.get(path)
            collection = self._collections[path.rpartition("/")[0]]
            if fields is None:
                self._stored.pop(path, None)
                collection.pop(path, None)
            elif stored is None or stored.fields != fields:
                self._stored[path] = _Stored(fields, version)
                collection[path] = fields
            if fields is not None and stored is None:
                self.created.append(path)


def _nothing(_writes: Sequence[Write]) -> None:
    """Watch a commit without a word."""
