"""Admit: the whole job is known. Refuse it, or make its shards ready to be submitted."""

from collections.abc import Iterator

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.lots import with_lots
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import Ready, Shard, shards_of
from batchdrop.domain.states import JobState, move_job
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot, Write
from batchdrop.steps.closing import close, close_if_complete
from batchdrop.steps.context import Context
from batchdrop.steps.turns import done, leave, submit_turn
from batchdrop.steps.writes import commit_all, decide_again, replace


def admit(context: Context, own: Snapshot[Turn]) -> None:
    """Let a staged job run, or close it before a cent is spent."""
    running = decide_again(lambda: _decide(context, own))
    if running is None:
        context.documents.commit([done(own)])
        return
    decide_again(lambda: _mark_ready(context, running))
    close_if_complete(context, running.id)
    now = context.clock.now()
    context.documents.commit([leave(context, submit_turn(now, running.lane, running.id)), done(own)])


def refusal(rows: int, invalid: int, max_invalid: float) -> Reason | None:
    """Say why a job of so many rows, so many of them invalid, must not run; None if it may."""
    if rows == 0:
        return Reason(
            code=Code.INPUT_EMPTY, message="The file holds no rows.", hint="Drop a file with at least one row."
        )
    if invalid <= max(limits.MAX_INVALID_ROWS, max_invalid * rows):
        return None
    return Reason(
        code=Code.INPUT_INVALID,
        message=f"{invalid} of {rows} rows are invalid, more than batch.max_invalid ({max_invalid}) allows.",
        hint="errors.jsonl names each by line. Mend them and drop the file again, or raise batch.max_invalid.",
    )


def _decide(context: Context, own: Snapshot[Turn]) -> Job | None:
    job = context.documents.get(job_ref(own.value.job)) if own.value.job else None
    if job is None or job.value.state not in {JobState.STAGING, JobState.RUNNING}:
        return None
    if job.value.state is JobState.RUNNING:
        return job.value
    totals = context.documents.totals(shards_of(job.value.id), ["rows", "invalid"])
    reason = refusal(totals["rows"], totals["invalid"], job.value.options.max_invalid)
    if reason is not None:
        context.documents.commit(close(context, job, JobState.REJECTED, reason))
        context.log.info("job.rejected", job=job.value.id, code=reason.code, rows=totals["rows"])
        return None
    now = context.clock.now()
    running = msgspec.structs.replace(
        job.value, state=move_job(job.value.state, JobState.RUNNING), times=job.value.times | {"admitted": now}
    )
    context.documents.commit([replace(context, job, running)])
    context.log.info("job.admitted", job=running.id, rows=totals["rows"], invalid=totals["invalid"])
    return running


def _mark_ready(context: Context, job: Job) -> None:
    """Tell each shard what lies before it in the file, and make it ready, in bounded commits."""
    commit_all(context, _marked(context, job))


def _marked(context: Context, job: Job) -> Iterator[Write]:
    rows, lines = 0, job.layout.head_lines if job.layout is not None else 0
    for shard in context.documents.find(shards_of(job.id)):
        value = shard.value
        if value.ready is Ready.NONE:
            yield replace(context, shard, _ready(job, value, first_row=rows, first_line=lines))
        rows += value.rows
        lines += value.lines


def _ready(job: Job, shard: Shard, *, first_row: int, first_line: int) -> Shard:
    ready = msgspec.structs.replace(
        shard, ready=Ready.ALL, first_row=first_row, first_line=first_line, rank=job.rank, lane=job.lane
    )
    return with_lots(ready, ready.lots)
