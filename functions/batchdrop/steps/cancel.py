"""Cancel: stop the shards and the batches of a job that is closing, then let finish have it.

A job that failed has its batches closed first: what they answered is paid, and is to be in its results.
"""

import msgspec

from batchdrop.domain.batch import Batch, batches_with
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.shard import Shard, shards_of
from batchdrop.domain.states import ENDED_JOB_STATES, BatchState, JobState, ShardState, move_shard
from batchdrop.domain.turn import Step, Turn
from batchdrop.ports import Snapshot
from batchdrop.steps.context import Context
from batchdrop.steps.turns import carry_on, done, finish_turn, leave, time_is_up, wake
from batchdrop.steps.writes import commit_all, decide_again, replace

_LIVE_SHARDS = frozenset({ShardState.PLANNED, ShardState.OPEN})
_STOPPABLE = frozenset({BatchState.SUBMITTING, BatchState.RUNNING})


def cancel(context: Context, own: Snapshot[Turn]) -> None:
    """Stop what is at work for a job, then leave its finish turn; batches that it awaits have it looked at again."""
    job = context.documents.get(job_ref(own.value.job)) if own.value.job else None
    if job is None or job.value.state is not JobState.CLOSING:
        context.documents.commit([done(own)])
        return
    if not decide_again(lambda: _stop_shards(context, job.value, own)):
        context.documents.commit(carry_on(context, own))
        return
    standing = decide_again(lambda: _stop_batches(context, job.value))
    for step in (Step.PLAN, Step.ADMIT):
        wake(context, job.value.id, step)  # it waits for a prompt or an approval no more
    if standing and job.value.outcome is JobState.FAILED:
        context.documents.commit([done(own)])
        return
    context.documents.commit([leave(context, finish_turn(context, job.value.id)), done(own)])


def _stop_shards(context: Context, job: Job, own: Snapshot[Turn]) -> bool:
    live = (shard for shard in context.documents.find(shards_of(job.id)) if _is_at_work(job, shard.value))
    stopped = (replace(context, shard, _stopped(job, shard.value)) for shard in live)
    return commit_all(context, stopped, lambda: time_is_up(context, own))


def _is_at_work(job: Job, shard: Shard) -> bool:
    return shard.state in _LIVE_SHARDS and (shard.waiting or job.outcome is JobState.CANCELLED)


def _stopped(job: Job, shard: Shard) -> Shard:
    """A cancelled job's shards end here; a failed job's stay open for collect and finish to write what is answered."""
    if job.outcome is not JobState.CANCELLED:
        return msgspec.structs.replace(shard, waiting=False)
    return msgspec.structs.replace(shard, waiting=False, state=move_shard(shard.state, ShardState.CANCELLED))


def _stop_batches(context: Context, job: Job) -> int:
    """Have batches cancelled that serve no other job, and those not closed yet tell of it. Tells how many these are."""
    standing = [
        batch for batch in context.documents.find(batches_with(job.id)) if batch.value.state is not BatchState.CLOSED
    ]
    for batch in standing:
        told = _told(context, job, batch.value)
        if told != batch.value:
            context.documents.commit([replace(context, batch, told)])
            context.log.info("batch.told", batch=batch.value.id, job=job.id, cancel=told.cancel)
    return len(standing)


def _told(context: Context, job: Job, batch: Batch) -> Batch:
    waiting = {job.id} if job.outcome is JobState.FAILED else set()
    return msgspec.structs.replace(
        batch,
        cancel=batch.cancel or (batch.state in _STOPPABLE and _only_ended_jobs(context, batch)),
        awaited_by=tuple(sorted({*batch.awaited_by, *waiting})),
    )


def _only_ended_jobs(context: Context, batch: Batch) -> bool:
    jobs = context.documents.get_all([job_ref(job) for job in batch.jobs])
    return all(job.value.state in ENDED_JOB_STATES for job in jobs)
