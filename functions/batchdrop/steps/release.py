"""The end of a batch's hold on its lane: released unasked, its lots wait again; or closed when all is collected."""

from datetime import datetime, timedelta

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, batch_ref
from batchdrop.domain.lane import Lane, lane_ref
from batchdrop.domain.lots import carried, change, shards_with, waiting_again
from batchdrop.domain.states import BatchState, move_batch
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot, Write
from batchdrop.steps.context import Context
from batchdrop.steps.turns import batch_closed_turn, done, leave, submit_turn
from batchdrop.steps.writes import decide_again, replace

_LONGEST_BACKOFF = timedelta(minutes=30)


def release(context: Context, batch: Batch, due_at: datetime | None) -> None:
    """Undo the commit that made a batch, in one commit, if it is still under the caller's claim.

    Without a due time, the lane backs off as after a 429.
    """

    def act() -> None:
        found = context.documents.get(batch_ref(batch.id))
        lane = context.documents.get(lane_ref(batch.lane))
        if found is None or lane is None or not found.value.is_claimed_as(batch):
            return
        now = context.clock.now()
        freed = (
            without(lane.value, batch)
            if due_at is not None
            else _backed_off(lane.value, batch, now, context.settings.retry_wait)
        )
        closed = msgspec.structs.replace(
            found.value,
            state=move_batch(found.value.state, BatchState.CLOSED),
            expire_at=now + limits.KEEP_DOCUMENTS,
        )
        writes = [replace(context, found, closed), replace(context, lane, freed), *_told(context, found.value)]
        due = due_at or freed.backoff_until or now
        for shard in context.documents.get_all(shards_with(batch.lots)):
            if shard.value.job in found.value.awaited_by:
                continue  # its lots go nowhere any more
            numbers = [lot.number for lot in carried(shard.value, batch.id)]
            back = change(shard.value, numbers, lambda lot: waiting_again(lot, due))
            writes.append(replace(context, shard, back))
        context.documents.commit(writes)

    decide_again(act)


def close_batch(context: Context, batch: Batch, own: Snapshot[Turn]) -> None:
    """Close an ended batch and free its slot, last, with the own turn; what waits may have the slot now."""
    found = context.documents.get(batch_ref(batch.id))
    lane = context.documents.get(lane_ref(batch.lane))
    if found is None or found.value.state is not BatchState.ENDED or lane is None:
        context.documents.commit([done(own)])
        return
    expire_at = context.clock.now() + limits.KEEP_DOCUMENTS
    state = move_batch(found.value.state, BatchState.CLOSED)
    freed = without(lane.value, batch)
    if found.value.ending is not None and found.value.ending.state is not None:
        freed = msgspec.structs.replace(freed, refusals=0, backoff_until=None)
    context.documents.commit(
        [
            replace(context, found, msgspec.structs.replace(found.value, state=state, expire_at=expire_at)),
            replace(context, lane, freed),
            leave(context, submit_turn(context, batch.lane, batch.id)),
            *_told(context, found.value),
            done(own),
        ]
    )
    context.log.info("batch.closed", batch=batch.id)


def without(lane: Lane, batch: Batch) -> Lane:
    """Free the slot that a batch holds."""
    return msgspec.structs.replace(lane, running=tuple(other for other in lane.running if other != batch.id))


def _told(context: Context, batch: Batch) -> list[Write]:
    """Have the jobs looked at that failed and wait for what this batch answered."""
    return [leave(context, batch_closed_turn(context, job, batch.id)) for job in batch.awaited_by]


def _backed_off(lane: Lane, batch: Batch, now: datetime, first_wait: timedelta) -> Lane:
    wait = min(first_wait * 2**lane.refusals, _LONGEST_BACKOFF)
    return msgspec.structs.replace(without(lane, batch), backoff_until=now + wait, refusals=lane.refusals + 1)
