"""Admit: the whole job is known. Refuse it, or make its shards ready to be submitted."""

from collections.abc import Iterator

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.affordable import over_its_limit
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.lots import with_lots
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import Ready, Shard, shards_in_any_order, shards_of
from batchdrop.domain.states import JobState
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot, Write
from batchdrop.steps.budget import ask_for_budget, budgets_of, over_budget
from batchdrop.steps.canary import judge_canary, let_run, with_canary
from batchdrop.steps.closing import close, close_if_complete, stop
from batchdrop.steps.context import Context
from batchdrop.steps.find_columns import with_columns
from batchdrop.steps.hold import is_approved, not_approved
from batchdrop.steps.turns import carry_on, done, leave, sleep_until, submit_turn, time_is_up
from batchdrop.steps.writes import commit_all, decide_again, replace


def admit(context: Context, own: Snapshot[Turn]) -> None:
    """Let a staged job run, or its canary; or close it before a cent is spent."""
    admitted = decide_again(lambda: _decide(context, own))
    if admitted is None:
        context.documents.commit([_rest(context, own)])
        return
    if admitted.state is JobState.CANARY:
        _try_canary(context, admitted, own)
    else:
        _run(context, admitted, own)


def _try_canary(context: Context, job: Job, own: Snapshot[Turn]) -> None:
    decide_again(lambda: _mark_canary(context, job))
    running = judge_canary(context, job.id)
    if running is None:
        context.documents.commit([leave(context, submit_turn(context, job.lane, own.value.id)), _rest(context, own)])
        return
    _run(context, running, own)


def _run(context: Context, running: Job, own: Snapshot[Turn]) -> None:
    if not decide_again(lambda: _mark_ready(context, running, own)):
        context.documents.commit(carry_on(context, own))
        return
    close_if_complete(context, running.id)
    context.documents.commit([leave(context, submit_turn(context, running.lane, running.id)), done(own)])


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
    if job is None or job.value.at_budget:
        return None
    match job.value.state:
        case JobState.RUNNING | JobState.CANARY:
            return job.value
        case JobState.STAGING:
            return _judge(context, job)
        case JobState.HELD:
            return _approved(context, job)
        case _:
            return None


def _judge(context: Context, job: Snapshot[Job]) -> Job | None:
    totals = context.documents.totals(shards_in_any_order(job.value.id), ["rows", "invalid"])
    reason = refusal(totals["rows"], totals["invalid"], job.value.options.max_invalid)
    if reason is not None:
        context.documents.commit(close(context, job, JobState.REJECTED, reason))
        context.log.info("job.rejected", job=job.value.id, code=reason.code, rows=totals["rows"])
        return None
    reason = over_its_limit(job.value)
    if reason is not None:
        context.documents.commit(over_budget(context, job, reason))
        return None
    context.log.info("job.judged", job=job.value.id, rows=totals["rows"], invalid=totals["invalid"])
    return _go_on(context, job)


def _approved(context: Context, job: Snapshot[Job]) -> Job | None:
    """Let a held job run if somebody approved it; end it if nobody did in time."""
    if is_approved(context, job.value):
        context.log.info("job.approved", job=job.value.id)
        return _go_on(context, job)
    held_at = job.value.held_at or job.value.created_at
    if context.clock.now() >= held_at + limits.WAIT_FOR_APPROVAL:
        context.documents.commit(stop(context, job, JobState.FAILED, not_approved(job.value.reason)))
    return None


def _rest(context: Context, own: Snapshot[Turn]) -> Write:
    """Keep the turn of a held job until nobody can be waited for any longer; any other has nothing more to do."""
    job = context.documents.get(job_ref(own.value.job)) if own.value.job else None
    if job is None or job.value.state is not JobState.HELD or job.value.at_budget:
        return done(own)
    return sleep_until(context, own, (job.value.held_at or job.value.created_at) + limits.WAIT_FOR_APPROVAL)


def _go_on(context: Context, job: Snapshot[Job]) -> Job | None:
    """Let a job run; if it draws on budgets that others draw on too, the budget step does."""
    found = (shard.value.columns for shard in context.documents.find(shards_of(job.value.id)))
    prepared = with_columns(job.value, found)
    if prepared.reservation is None and budgets_of(context, prepared):
        context.documents.commit(ask_for_budget(context, job, prepared))
        return None
    running = let_run(context, prepared)
    context.documents.commit([replace(context, job, running)])
    context.log.info("job.admitted", job=running.id)
    return running


def _mark_canary(context: Context, job: Job) -> None:
    """Make the lots of the canary ready, in the first shard that has any."""
    rows, lines = 0, _head_lines(job)
    for shard in context.documents.find(shards_of(job.id)):
        value = shard.value
        if value.lots:
            if value.ready is Ready.NONE:
                marked = _ready(job, with_canary(value), Ready.CANARY, first_row=rows, first_line=lines)
                context.documents.commit([replace(context, shard, marked)])
            return
        rows += value.rows
        lines += value.lines


def _mark_ready(context: Context, job: Job, own: Snapshot[Turn]) -> bool:
    """Tell each shard what lies before it in the file, and make it ready, in bounded commits, as far as time goes."""
    return commit_all(context, _marked(context, job), lambda: time_is_up(context, own))


def _marked(context: Context, job: Job) -> Iterator[Write]:
    rows, lines = 0, _head_lines(job)
    for shard in context.documents.find(shards_of(job.id)):
        value = shard.value
        if value.ready is not Ready.ALL:
            yield replace(context, shard, _ready(job, value, Ready.ALL, first_row=rows, first_line=lines))
        rows += value.rows
        lines += value.lines


def _head_lines(job: Job) -> int:
    return job.layout.head_lines if job.layout is not None else 0


def _ready(job: Job, shard: Shard, ready: Ready, *, first_row: int, first_line: int) -> Shard:
    marked = msgspec.structs.replace(
        shard, ready=ready, first_row=first_row, first_line=first_line, rank=job.rank, lane=job.lane
    )
    return with_lots(marked, marked.lots)
