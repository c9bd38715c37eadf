"""Collect: sort the answers of an ended batch to its lots, close lots and shards, cut new lots of rows to try again."""

import functools
from datetime import timedelta

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, batch_ref
from batchdrop.domain.endings import Unanswered, reason_to_stop, unanswered, wait_for_more
from batchdrop.domain.ids import JobId
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.lane import lane_ref
from batchdrop.domain.lots import carried, with_lots
from batchdrop.domain.shard import Shard, shard_ref
from batchdrop.domain.states import ENDED_JOB_STATES, BatchState, JobState, LotState, ShardState, move_batch, move_shard
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot, Write
from batchdrop.rows.sidecar import read_sidecar
from batchdrop.steps.close_lot import LotCloser
from batchdrop.steps.closing import close_if_complete, stop_job
from batchdrop.steps.context import Context
from batchdrop.steps.parts import Base, write_part
from batchdrop.steps.poll import answer_files
from batchdrop.steps.prompts import prompt_of
from batchdrop.steps.release import without
from batchdrop.steps.sort_answers import ShardName, SortedAnswers, sort_answers
from batchdrop.steps.turns import done, leave, sleep_until, submit_turn
from batchdrop.steps.writes import decide_again, replace

_LOOK_AGAIN_AFTER = timedelta(seconds=60)


def collect(context: Context, own: Snapshot[Turn]) -> None:
    """Bring the answers of a batch home."""
    found = context.documents.get(batch_ref(own.value.batch)) if own.value.batch else None
    if found is None or found.value.state is not BatchState.ENDED or found.value.ending is None:
        context.documents.commit([done(own)])
        return
    batch, ending = found.value, found.value.ending
    jobs = {job.value.id: job.value for job in context.documents.get_all([job_ref(job) for job in batch.jobs])}
    live = {job: value for job, value in jobs.items() if value.state not in ENDED_JOB_STATES}
    shards = _shards(context, batch, live)
    answers = sort_answers(context, batch, ending.files, {name: shard.rows for name, shard in shards.items()})
    if live and wait_for_more(batch, ending, answers.seen.lines, context.clock.now()):
        _wait(context, found, own)
        return
    verdict = unanswered(batch, ending)
    known = functools.cache(lambda: _fingerprints(context, batch, shards))
    for job in sorted(live):
        closer = LotCloser(context, live[job], prompt_of(context, live[job]), batch, ending, verdict, known)
        _close_lots(closer, answers, [name for name in shards if name[0] == job])
        close_if_complete(context, job)
    if answers.seen.strangers:
        context.log.warning("batch.strange_answers", batch=batch.id, lines=answers.seen.strangers)
    decide_again(lambda: _close_batch(context, batch, own))


def _shards(context: Context, batch: Batch, live: dict[JobId, Job]) -> dict[ShardName, Shard]:
    refs = {(lot.job, lot.shard): shard_ref(lot.job, lot.shard) for lot in batch.lots if lot.job in live}
    found = context.documents.get_all(list(refs.values()))
    return {(shard.value.job, shard.value.index): shard.value for shard in found}


def _fingerprints(context: Context, batch: Batch, shards: dict[ShardName, Shard]) -> frozenset[str]:
    """Fingerprints of all rows that rode in a batch, to know another row's answer by."""
    bucket = context.settings.work_bucket
    lots = [lot for shard in shards.values() for lot in carried(shard, batch.id)]
    return frozenset(
        side.fingerprint for lot in lots for side in read_sidecar(context.objects.read(bucket, lot.sidecar))
    )


def _wait(context: Context, found: Snapshot[Batch], own: Snapshot[Turn]) -> None:
    """Answers are still on their way: look at the files again in a while."""
    batch = found.value
    if batch.ending is None:
        raise AssertionError("an ended batch has an ending")
    listed = msgspec.structs.replace(batch.ending, files=answer_files(context, batch))
    context.documents.commit(
        [
            replace(context, found, msgspec.structs.replace(batch, ending=listed)),
            sleep_until(context, own, context.clock.now() + _LOOK_AGAIN_AFTER),
        ]
    )
    context.log.info("batch.answers_late", batch=batch.id, promised=listed.promised)


def _close_lots(closer: LotCloser, answers: SortedAnswers, shards: list[ShardName]) -> None:
    for name in sorted(shards):
        decide_again(functools.partial(_close_in_shard, closer.context, closer, answers, name))
    if closer.verdict is Unanswered.STOP_JOBS:
        stop_job(closer.context, closer.job.id, JobState.FAILED, reason_to_stop(closer.ending))


def _close_in_shard(context: Context, closer: LotCloser, answers: SortedAnswers, name: ShardName) -> None:
    """Close the batch's lots of one shard, and with the last lot the shard itself, in one commit."""
    found = context.documents.get(shard_ref(*name))
    if found is None or found.value.state is not ShardState.OPEN:
        return
    shard = found.value
    lots = carried(shard, closer.batch.id)
    if not lots:
        return
    changed = closer.close(shard, lots, lambda: answers.of(name))
    new = with_lots(msgspec.structs.replace(changed, batches=_with_batch(changed, closer.batch)), changed.lots)
    if all(lot.state is LotState.CLOSED for lot in new.lots):
        part = write_part(context, closer.job, new, Base(new.first_row, new.first_line), None)
        new = msgspec.structs.replace(new, state=move_shard(new.state, ShardState.DONE), part=part)
    context.documents.commit([replace(context, found, new)])
    context.log.info(
        "shard.collected",
        job=shard.job,
        shard=shard.index,
        batch=closer.batch.id,
        results=new.tally.results,
        errors=new.tally.errors,
        retried=new.tally.retried,
        done=new.state is ShardState.DONE,
    )


def _with_batch(shard: Shard, batch: Batch) -> tuple[str, ...]:
    name = batch.vertex_name
    return shard.batches if name is None or name in shard.batches else (*shard.batches, name)


def _close_batch(context: Context, batch: Batch, own: Snapshot[Turn]) -> None:
    """Free the slot, last; what waits may have it now."""
    found = context.documents.get(batch_ref(batch.id))
    lane = context.documents.get(lane_ref(batch.lane))
    if found is None or found.value.state is not BatchState.ENDED or lane is None:
        context.documents.commit([done(own)])
        return
    now = context.clock.now()
    closed = msgspec.structs.replace(
        found.value, state=move_batch(found.value.state, BatchState.CLOSED), expire_at=now + limits.KEEP_DOCUMENTS
    )
    succeeded = found.value.ending is not None and found.value.ending.state is not None
    freed = without(lane.value, batch)
    if succeeded:
        freed = msgspec.structs.replace(freed, refusals=0, backoff_until=None)
    writes: list[Write] = [
        replace(context, found, closed),
        replace(context, lane, freed),
        leave(context, submit_turn(context, batch.lane, batch.id)),
        done(own),
    ]
    context.documents.commit(writes)
    context.log.info("batch.closed", batch=batch.id)
