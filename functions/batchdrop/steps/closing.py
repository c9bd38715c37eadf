"""The way into CLOSING: every ending of a job goes through here, and from there through finish."""

import msgspec

from batchdrop.domain.ids import JobId
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.reasons import Reason
from batchdrop.domain.shard import shards_in
from batchdrop.domain.states import ENDED_JOB_STATES, JobState, ShardState, move_job
from batchdrop.ports import Snapshot, Write
from batchdrop.steps.context import Context
from batchdrop.steps.turns import cancel_turn, finish_turn, leave
from batchdrop.steps.writes import decide_again, replace


def close(context: Context, job: Snapshot[Job], outcome: JobState, reason: Reason | None) -> list[Write]:
    """Move a job that has nothing running to CLOSING, with its outcome; finish is next."""
    return [_closing(context, job, outcome, reason), leave(context, finish_turn(context, job.value.id))]


def stop(context: Context, job: Snapshot[Job], outcome: JobState, reason: Reason) -> list[Write]:
    """Move a job to CLOSING while its shards and batches may still be at work; cancel stops them, then finish."""
    return [_closing(context, job, outcome, reason), leave(context, cancel_turn(context, job.value.id))]


def stop_job(context: Context, job: JobId, outcome: JobState, reason: Reason) -> None:
    """Stop a job by its id, unless it has ended."""

    def act() -> None:
        found = context.documents.get(job_ref(job))
        if found is None or found.value.state in ENDED_JOB_STATES:
            return
        context.documents.commit(stop(context, found, outcome, reason))
        context.log.warning("job.stopped", job=job, outcome=outcome, code=reason.code, reason=reason.message)

    decide_again(act)


def close_if_complete(context: Context, job: JobId) -> None:
    """The last one out: if no shard is open, move the job to CLOSING; its rows' counts tell the outcome."""

    def act() -> None:
        found = context.documents.get(job_ref(job))
        if found is None or found.value.state not in {JobState.RUNNING, JobState.HELD}:
            return
        if context.documents.exists(shards_in(job, ShardState.OPEN)):
            return
        now = context.clock.now()
        closing = msgspec.structs.replace(
            found.value, state=move_job(found.value.state, JobState.CLOSING), times=found.value.times | {"closing": now}
        )
        context.documents.commit([replace(context, found, closing), leave(context, finish_turn(context, job))])
        context.log.info("job.closing", job=job)

    decide_again(act)


def _closing(context: Context, job: Snapshot[Job], outcome: JobState, reason: Reason | None) -> Write:
    now = context.clock.now()
    value = msgspec.structs.replace(
        job.value,
        state=move_job(job.value.state, JobState.CLOSING),
        outcome=outcome,
        reason=reason,
        times=job.value.times | {"closing": now},
    )
    return replace(context, job, value)
