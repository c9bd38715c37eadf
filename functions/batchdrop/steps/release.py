"""Release: give the lots of a batch that asked nothing back to the queue, and its slot back to the lane."""

from datetime import datetime, timedelta

import msgspec

from batchdrop.domain.batch import Batch, batch_ref
from batchdrop.domain.lane import Lane, lane_ref
from batchdrop.domain.lots import carried, change, waiting_again
from batchdrop.domain.shard import shard_ref
from batchdrop.domain.states import BatchState, move_batch
from batchdrop.ports import Write
from batchdrop.steps.context import Context
from batchdrop.steps.writes import decide_again, replace

_FIRST_BACKOFF = timedelta(seconds=30)
_LONGEST_BACKOFF = timedelta(minutes=30)


def release(context: Context, batch: Batch, due_at: datetime | None) -> None:
    """Undo the commit that made a batch, in one commit; without a due time, the lane backs off as after a 429."""

    def act() -> None:
        found = context.documents.get(batch_ref(batch.id))
        lane = context.documents.get(lane_ref(batch.lane))
        if found is None or lane is None or found.value.state is not BatchState.SUBMITTING:
            return
        now = context.clock.now()
        freed = without(lane.value, batch) if due_at is not None else _backed_off(lane.value, batch, now)
        closed = msgspec.structs.replace(found.value, state=move_batch(found.value.state, BatchState.CLOSED))
        writes: list[Write] = [replace(context, found, closed), replace(context, lane, freed)]
        due = due_at or freed.backoff_until or now
        for shard in context.documents.get_all(sorted({shard_ref(lot.job, lot.shard) for lot in batch.lots}, key=str)):
            numbers = [lot.number for lot in carried(shard.value, batch.id)]
            back = change(shard.value, numbers, lambda lot: waiting_again(lot, due))
            writes.append(replace(context, shard, back))
        context.documents.commit(writes)

    decide_again(act)


def without(lane: Lane, batch: Batch) -> Lane:
    """Free the slot that a batch holds."""
    return msgspec.structs.replace(lane, running=tuple(other for other in lane.running if other != batch.id))


def _backed_off(lane: Lane, batch: Batch, now: datetime) -> Lane:
    wait = min(_FIRST_BACKOFF * 2**lane.refusals, _LONGEST_BACKOFF)
    return msgspec.structs.replace(without(lane, batch), backoff_until=now + wait, refusals=lane.refusals + 1)
