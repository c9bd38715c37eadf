"""Submit: put waiting lots into batches while the lane has slots. The only step that is not idempotent."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, Claim, Ending, batch_ref
from batchdrop.domain.errors import Transient
from batchdrop.domain.grouping import Group, group
from batchdrop.domain.ids import LaneId, batch_id
from batchdrop.domain.job import Job
from batchdrop.domain.lane import Lane, lane_ref
from batchdrop.domain.lots import change, lot_of, shards_with, submitted
from batchdrop.domain.shard import Shard
from batchdrop.domain.states import BatchState, move_batch
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot, Write
from batchdrop.rows.signatures import merge
from batchdrop.steps.context import Context
from batchdrop.steps.in_line import in_line
from batchdrop.steps.launch import launch, take_over
from batchdrop.steps.turns import carry_on, collect_turn, done, leave, sleep_until, time_is_up
from batchdrop.steps.writes import create, decide_again, replace


def submit(context: Context, own: Snapshot[Turn]) -> None:
    """Submit what waits in the lane of a turn. What fails in passing is no death of the step: it is put off."""
    context.documents.commit(_submit(context, own))


def _submit(context: Context, own: Snapshot[Turn]) -> list[Write]:
    """Submit, and tell what becomes of the turn."""
    if own.value.lane is None:
        return [done(own)]
    try:
        whole = submit_lane(context, own.value.lane, lambda: time_is_up(context, own))
    except Transient as error:
        context.log.warning("submit.put_off", lane=own.value.lane, error=error)
        return [sleep_until(context, own, context.clock.now() + context.settings.retry_wait)]
    return [done(own)] if whole else carry_on(context, own)


def submit_lane(context: Context, lane: LaneId, is_late: Callable[[], bool]) -> bool:
    """Form and launch batches until the lane has no slot or nothing is due; False if it got late before."""
    while True:
        formed = decide_again(lambda: _form(context, lane))
        if formed is None:
            return True
        launch(context, formed.batch, formed.requests)
        if is_late():
            return False


def resume(context: Context, found: Snapshot[Batch]) -> None:
    """Take over a batch that was never seen to run, or give it up after a long time."""
    if context.clock.now() >= found.value.created_at + limits.MAKING_LIFE:
        _give_up(context, found)
        return
    take_over(context, found, lambda: _requests(context, found.value))


def _give_up(context: Context, found: Snapshot[Batch]) -> None:
    batch = found.value
    ending = Ending(at=context.clock.now(), state=None)
    ended = msgspec.structs.replace(batch, state=move_batch(batch.state, BatchState.ENDED), ending=ending)
    context.documents.commit([replace(context, found, ended), leave(context, collect_turn(context, batch.id))])
    context.log.error("batch.given_up", batch=batch.id, attempt=batch.tries, rows=batch.rows)


class _Formed(msgspec.Struct, frozen=True):
    batch: Batch
    requests: tuple[str, ...]


def _form(context: Context, lane_id: LaneId) -> _Formed | None:
    now = context.clock.now()
    lane = context.documents.get(lane_ref(lane_id))
    if lane is not None and not _has_slot(context, lane.value, now):
        return None
    live, jobs = in_line(context, lane_id)
    chosen = group((shard.value for shard in live), now, merge, context.settings.batch_rows)
    if not chosen.lots:
        return None
    batch = _batch(context, lane_id, chosen, jobs[chosen.lots[0].job], now)
    _commit(context, batch, lane, live)
    return _Formed(batch, chosen.requests)


def _has_slot(context: Context, lane: Lane, now: datetime) -> bool:
    backing_off = lane.backoff_until is not None and lane.backoff_until > now
    over_quota = len(lane.recent_since(now - limits.SUBMISSION_WINDOW)) >= limits.SUBMISSIONS
    return not backing_off and not over_quota and len(lane.running) < context.settings.max_running_batches


def _batch(context: Context, lane: LaneId, chosen: Group, first: Job, now: datetime) -> Batch:
    return Batch(
        id=batch_id(context.tokens.fresh()),
        lane=lane,
        model=first.model,
        location=context.settings.vertex_location,
        state=BatchState.SUBMITTING,
        lots=chosen.lots,
        jobs=tuple(sorted({lot.job for lot in chosen.lots})),
        rows=chosen.rows,
        bytes=chosen.bytes,
        created_at=now,
        claim=Claim(owner=context.tokens.fresh(), at=now),
    )


def _commit(context: Context, batch: Batch, lane: Snapshot[Lane] | None, live: list[Snapshot[Shard]]) -> None:
    """Decide the batch in one commit: its document, its lots, its slot."""
    writes: list[Write] = [create(context, batch_ref(batch.id), batch), _with_slot(context, batch, lane)]
    for shard in live:
        numbers = [lot.lot for lot in batch.lots if (lot.job, lot.shard) == (shard.value.job, shard.value.index)]
        if numbers:
            gone = change(shard.value, numbers, lambda lot: submitted(lot, batch.id))
            writes.append(replace(context, shard, gone))
    try:
        context.documents.commit(writes)
    except Transient:
        # The commit may have happened without its reply; only our own batch document can tell.
        if context.documents.get(batch_ref(batch.id)) is None:
            raise
    context.log.info("batch.formed", batch=batch.id, lane=batch.lane, rows=batch.rows, lots=len(batch.lots))


def _with_slot(context: Context, batch: Batch, lane: Snapshot[Lane] | None) -> Write:
    if lane is None:
        new = Lane(id=batch.lane, model=batch.model, location=batch.location)
        return create(context, lane_ref(batch.lane), _taken(new, batch))
    return replace(context, lane, _taken(lane.value, batch))


def _taken(lane: Lane, batch: Batch) -> Lane:
    recent = lane.recent_since(batch.created_at - limits.SUBMISSION_WINDOW)
    return msgspec.structs.replace(lane, running=(*lane.running, batch.id), recent=(*recent, batch.created_at))


def _requests(context: Context, batch: Batch) -> tuple[str, ...]:
    found = context.documents.get_all(shards_with(batch.lots))
    shards = {(shard.value.job, shard.value.index): shard.value for shard in found}
    lots = [lot_of(shards[lot.job, lot.shard], lot.lot) for lot in batch.lots]
    return tuple(lot.requests for lot in lots if lot is not None)
