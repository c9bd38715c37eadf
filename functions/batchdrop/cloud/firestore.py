"""State in Firestore, over Google's client: compare-and-swap in batched commits, no transactions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import assert_never, cast

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.cloud.firestore_v1 import Client, DocumentReference, DocumentSnapshot, FieldFilter, WriteBatch
from google.cloud.firestore_v1 import Query as FirestoreQuery
from google.cloud.firestore_v1.aggregation import AggregationQuery
from google.cloud.firestore_v1.base_aggregation import AggregationResult

from batchdrop.cloud.codec import decode, encode
from batchdrop.domain.errors import Conflict, Transient
from batchdrop.domain.refs import D, Query, Ref
from batchdrop.ports import Create, Delete, Put, Replace, Snapshot, Write

READ_TIMEOUT = 60.0
"""Seconds, for all tries of a read together; left alone, the client tries for five minutes."""

COMMIT_TIMEOUT = 30.0
"""Seconds. A run ends at 540, so a commit without an answer leaves time to look what became of it."""

AGGREGATIONS = 5
"""Sums and counts of one query at most (docs: firestore/native/docs/query-data/aggregation-queries)."""

_READ_RETRY = Retry(
    initial=0.1,
    maximum=5.0,
    timeout=READ_TIMEOUT,
    predicate=if_exception_type(
        exceptions.ServiceUnavailable,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ResourceExhausted,
    ),
)

_LOST = (
    exceptions.AlreadyExists,
    exceptions.FailedPrecondition,
    exceptions.NotFound,
    exceptions.Aborted,
)
_PASSING = (
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.ResourceExhausted,
    exceptions.RetryError,
    exceptions.Unknown,
    exceptions.Cancelled,
)


class FirestoreDocuments:
    """`Documents` in one Firestore database. `version` is a document's update time."""

    def __init__(self, client: Client) -> None:
        """Take the client of the database; nothing is sent before it is needed."""
        self._client = client

    def get(self, ref: Ref[D]) -> Snapshot[D] | None:
        """Read one document."""
        with _passing("read"):
            found = self._at(ref).get(retry=_READ_RETRY, timeout=READ_TIMEOUT)
        return _snapshot(ref, found) if found.exists else None

    def get_all(self, refs: Sequence[Ref[D]]) -> list[Snapshot[D]]:
        """Read many documents in one request, in the order of `refs`; missing ones are left out."""
        if not refs:
            return []
        with _passing("read"):
            places = [self._at(ref) for ref in refs]
            snapshots = self._client.get_all(places, retry=_READ_RETRY, timeout=READ_TIMEOUT)
            found = {snapshot.reference.path: snapshot for snapshot in snapshots}
        return [_snapshot(ref, found[ref.path]) for ref in refs if found[ref.path].exists]

    def find(self, query: Query[D]) -> Iterator[Snapshot[D]]:
        """Read what a query finds, streamed."""
        with _passing("query"):
            for found in self._query(query).stream(retry=_READ_RETRY):
                yield _snapshot(Ref(found.reference.path, query.kind), found)

    def exists(self, query: Query[D]) -> bool:
        """Tell whether a query finds anything: an aggregation over one entry."""
        with _passing("count"):
            return _aggregate(self._query(query).limit(1), ())["count"] > 0

    def totals(self, query: Query[D], fields: Sequence[str]) -> Mapping[str, int]:
        """Sum up to four integer fields, nested ones as `outer.inner`, and count.

        Firestore leaves a document out, of the count too, if it does not store one of the fields.
        """
        if len(fields) >= AGGREGATIONS:
            raise ValueError(f"{len(fields)} fields to sum; Firestore takes {AGGREGATIONS - 1} beside the count")
        with _passing("sum"):
            return _aggregate(self._query(query), fields)

    def commit(self, writes: Sequence[Write]) -> None:
        """Write all or nothing, without the client's own retry.

        A commit that is sent again after its first sending succeeded unseen would look like a conflict with
        somebody else; sent once, the same accident is Transient, and who reads again finds the own write.
        """
        if not writes:
            return
        batch = self._client.batch()
        for write in writes:
            self._add(batch, write)
        paths = ", ".join(write.ref.path for write in writes[:3])
        try:
            with _passing("commit"):
                batch.commit(retry=None, timeout=COMMIT_TIMEOUT)
        except _LOST as error:
            raise Conflict(f"Somebody else wrote first to one of {len(writes)} documents ({paths}, ...)") from error

    def _at(self, ref: Ref[D]) -> DocumentReference:
        return self._client.document(ref.path)

    def _add(self, batch: WriteBatch, write: Write) -> None:
        place = self._client.document(write.ref.path)
        match write:
            case Create():
                batch.create(place, encode(write.value))
            case Put():
                batch.set(place, encode(write.value))
            case Replace():
                # `set` takes no precondition; an update of every field is the same, as all fields are stored.
                unchanged = self._client.write_option(last_update_time=write.version)
                batch.update(place, encode(write.value), option=unchanged)
            case Delete(version=None):
                batch.delete(place)
            case Delete():
                batch.delete(place, option=self._client.write_option(last_update_time=write.version))
            case _:
                assert_never(write)

    def _query(self, query: Query[D]) -> FirestoreQuery:
        asked = FirestoreQuery(self._client.collection(query.collection), all_descendants=query.group)
        for where in query.where:
            asked = asked.where(filter=FieldFilter(where.field, where.op.value, where.value))
        for field in query.order_by:
            asked = asked.order_by(field)
        return asked if query.limit is None else asked.limit(query.limit)


def _aggregate(asked: FirestoreQuery, fields: Sequence[str]) -> dict[str, int]:
    names = {"n": "count"} | {f"s{index}": field for index, field in enumerate(fields)}
    sums = AggregationQuery(asked).count(alias="n")
    for index, field in enumerate(fields):
        sums = sums.sum(field, alias=f"s{index}")
    # The library types its answer as a list of results; it is a list of lists.
    rows = cast("list[list[AggregationResult]]", sums.get(retry=_READ_RETRY, timeout=READ_TIMEOUT))
    return {names[result.alias]: int(result.value) for row in rows for result in row}


def _snapshot(ref: Ref[D], found: DocumentSnapshot[DocumentReference]) -> Snapshot[D]:
    return Snapshot(ref, decode(ref.kind, found.to_dict() or {}), found.update_time)


@contextmanager
def _passing(what: str) -> Iterator[None]:
    """Turn what may work later into Transient."""
    try:
        yield
    except _PASSING as error:
        raise Transient(f"Firestore did not answer a {what}: {error}") from error
