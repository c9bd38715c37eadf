"""How lots change inside their shard's document."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from batchdrop.domain.batch import LotRef
from batchdrop.domain.grouping import next_due
from batchdrop.domain.ids import BatchId, LotNumber
from batchdrop.domain.refs import Ref
from batchdrop.domain.shard import Lot, Shard, shard_ref
from batchdrop.domain.states import LotState, move_lot


def lot_of(shard: Shard, number: LotNumber) -> Lot | None:
    """Find a lot by its number."""
    return next((lot for lot in shard.lots if lot.number == number), None)


def shards_with(lots: Iterable[LotRef]) -> list[Ref[Shard]]:
    """Where the shards of some lots live, each once."""
    return list(dict.fromkeys(shard_ref(lot.job, lot.shard) for lot in lots))


def next_number(shard: Shard) -> LotNumber:
    """Number for a new lot."""
    return LotNumber(max((lot.number for lot in shard.lots), default=-1) + 1)


def carried(shard: Shard, batch: BatchId) -> list[Lot]:
    """The lots of a shard that a batch carries and nobody has closed or taken back."""
    return [lot for lot in shard.lots if lot.batch == batch and lot.state is LotState.SUBMITTED]


def submitted(lot: Lot, batch: BatchId) -> Lot:
    """Hand a waiting lot to a batch."""
    return msgspec.structs.replace(lot, state=move_lot(lot.state, LotState.SUBMITTED), batch=batch, due_at=None)


def waiting_again(lot: Lot, due_at: datetime) -> Lot:
    """Take a lot back from a batch that asked nothing of it."""
    return msgspec.structs.replace(lot, state=move_lot(lot.state, LotState.WAITING), batch=None, due_at=due_at)


def closed(lot: Lot, outcomes: str) -> Lot:
    """Close a lot; `outcomes` names the object with what became of its rows, or nothing for no rows."""
    return msgspec.structs.replace(lot, state=move_lot(lot.state, LotState.CLOSED), closed=outcomes)


def change(shard: Shard, numbers: Iterable[LotNumber], to: Callable[[Lot], Lot]) -> Shard:
    """Change some lots of a shard, and what submit asks of it with them."""
    wanted = frozenset(numbers)
    return with_lots(shard, tuple(to(lot) if lot.number in wanted else lot for lot in shard.lots))


def with_lots(shard: Shard, lots: tuple[Lot, ...]) -> Shard:
    """Give a shard its lots, keeping `waiting` and `due_at` true to them."""
    new = msgspec.structs.replace(shard, lots=lots)
    due_at = next_due(new)
    return msgspec.structs.replace(new, waiting=due_at is not None, due_at=due_at)


def swapped(shard: Shard, lot: Lot, more: tuple[Lot, ...] = ()) -> Shard:
    """Put a changed lot in the place of the one with its number, and new ones at the end."""
    lots = (*(lot if old.number == lot.number else old for old in shard.lots), *more)
    return msgspec.structs.replace(shard, lots=lots)
