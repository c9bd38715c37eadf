"""Which waiting lots share the next batch."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import LotRef
from batchdrop.domain.shard import Lot, Ready, Shard
from batchdrop.domain.states import LotState, ShardState

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Due time of a lot that waits for no time: queries find no missing ones."""

Signature = dict[str, str]
Merge = Callable[[Signature, Signature], Signature | None]


class Group(msgspec.Struct, frozen=True):
    """Lots that fit into one batch together, in the order they were taken."""

    lots: tuple[LotRef, ...] = ()
    requests: tuple[str, ...] = ()
    rows: int = 0
    twins: int = 0
    bytes: int = 0
    signature: Signature | None = None
    ride: str = ""
    closed: bool = False


def due_lots(shard: Shard, now: datetime) -> list[Lot]:
    """The lots of a shard that may be submitted now."""
    return [lot for lot in shard.lots if _may_go(shard, lot) and (lot.due_at is None or lot.due_at <= now)]


def next_due(shard: Shard) -> datetime | None:
    """When the first of a shard's waiting lots may go; None if none waits."""
    return min((lot.due_at or AT_ONCE for lot in shard.lots if _may_go(shard, lot)), default=None)


def group(shards: Iterable[Shard], now: datetime, merge: Merge, most_rows: int = limits.BATCH_ROWS) -> Group:
    """Take due lots in the order of `shards` while they merge and fit. Empty if none is due."""
    taken = Group()
    for shard in shards:
        for lot in due_lots(shard, now):
            taken = _with(taken, shard, lot, merge, most_rows)
        if taken.closed:
            break
    return taken


def _may_go(shard: Shard, lot: Lot) -> bool:
    if lot.state is not LotState.WAITING or shard.state is not ShardState.OPEN:
        return False
    return shard.ready is Ready.ALL or (shard.ready is Ready.CANARY and lot.canary)


def _with(taken: Group, shard: Shard, lot: Lot, merge: Merge, most_rows: int) -> Group:
    if not taken.lots:
        return _add(taken, shard, lot, lot.signature, closed=lot.signature is None)
    if taken.closed or lot.ride != taken.ride or not _fits(taken, lot, most_rows):
        return taken
    if taken.signature is None or lot.signature is None:
        return taken
    merged = merge(taken.signature, lot.signature)
    return taken if merged is None else _add(taken, shard, lot, merged, closed=False)


def _fits(taken: Group, lot: Lot, most_rows: int) -> bool:
    return (
        len(taken.lots) < limits.BATCH_LOTS
        and taken.rows + lot.rows <= most_rows
        and taken.twins + lot.twins <= limits.BATCH_TWINS
        and taken.bytes + lot.bytes <= limits.BATCH_BYTES
    )


def _add(taken: Group, shard: Shard, lot: Lot, signature: Signature | None, *, closed: bool) -> Group:
    return Group(
        lots=(*taken.lots, LotRef(shard.job, shard.index, lot.number)),
        requests=(*taken.requests, lot.requests),
        rows=taken.rows + lot.rows,
        twins=taken.twins + lot.twins,
        bytes=taken.bytes + lot.bytes,
        signature=signature,
        ride=lot.ride,
        closed=closed,
    )
