"""Canary: ask a job's first rows before all others, and let their answers decide on the rest."""

import msgspec

from batchdrop.domain.canary import CanaryReport, CanaryVerdict, judge
from batchdrop.domain.ids import BatchId, JobId
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import Shard, shards_of
from batchdrop.domain.states import JobState, LotState, ShardState, move_job
from batchdrop.ports import Snapshot
from batchdrop.steps.closing import stop
from batchdrop.steps.context import Context
from batchdrop.steps.turns import canary_turn, leave
from batchdrop.steps.writes import decide_again, replace


def let_run(context: Context, job: Job) -> Job:
    """A job that is admitted: it runs, or its canary does."""
    state = JobState.CANARY if begins_with_canary(context, job) else JobState.RUNNING
    return msgspec.structs.replace(
        job,
        state=move_job(job.state, state),
        reason=None,
        times=job.times | {"admitted": context.clock.now()},
    )


def begins_with_canary(context: Context, job: Job) -> bool:
    """Tell whether a staged job asks some of its rows first. One that has no others need not wait for them."""
    if not job.options.canary_rows or job.canary is not None:
        return False
    shards = (shard.value for shard in context.documents.find(shards_of(job.id)))
    live = (shard for shard in shards if shard.state is ShardState.OPEN)
    first = next(live, None)
    if first is None:
        return False
    return not all(lot.canary for lot in with_canary(first).lots) or next(live, None) is not None


def with_canary(shard: Shard) -> Shard:
    """The shard with a canary, its first lot where staging made none: no row of the job's first shard was valid."""
    if any(lot.canary for lot in shard.lots):
        return shard
    first, *others = shard.lots
    return msgspec.structs.replace(shard, lots=(msgspec.structs.replace(first, canary=True), *others))


def look_at_canary(context: Context, job: JobId, batch: BatchId) -> None:
    """Have a job that waits for its canary admitted again, now that a batch of it is collected."""
    found = context.documents.get(job_ref(job))
    if found is not None and found.value.state is JobState.CANARY:
        context.documents.commit([leave(context, canary_turn(context, job, batch))])


def judge_canary(context: Context, job: JobId) -> Job | None:
    """Let the rest of a job run, or stop the job, if its canary says so by now. Gives the job if it runs."""
    return decide_again(lambda: _judge(context, job))


def _judge(context: Context, job: JobId) -> Job | None:
    found = context.documents.get(job_ref(job))
    if found is None or found.value.state is not JobState.CANARY:
        return found.value if found is not None and found.value.state is JobState.RUNNING else None
    report = _report(context, found.value)
    judged = msgspec.structs.replace(found.value, canary=report)
    match report.verdict:
        case CanaryVerdict.OPEN:
            return None
        case CanaryVerdict.FAILED:
            reason = _reason(report, found.value.options.canary_max_errors)
            writes = stop(context, Snapshot(found.ref, judged, found.version), JobState.FAILED, reason)
            context.documents.commit(writes)
            context.log.warning("job.canary_failed", job=job, rows=report.rows, errors=report.errors)
            return None
        case CanaryVerdict.PASSED:
            running = msgspec.structs.replace(
                judged,
                state=move_job(judged.state, JobState.RUNNING),
                times=judged.times | {"canary_passed": context.clock.now()},
            )
            context.documents.commit([replace(context, found, running)])
            context.log.info("job.canary_passed", job=job, rows=report.rows, errors=report.errors)
            return running


def _report(context: Context, job: Job) -> CanaryReport:
    """What is known of the canary. No other row of its shard is asked before it is judged, so the tally is its own."""
    shards = (shard.value for shard in context.documents.find(shards_of(job.id)))
    shard = next(shard for shard in shards if any(lot.canary for lot in shard.lots))
    tally = shard.tally
    report = CanaryReport(
        results=tally.results,
        errors=tally.errors,
        refused=tally.refused,
        open=sum(lot.all_rows for lot in shard.lots if lot.canary and lot.state is not LotState.CLOSED),
        answers=tally.results + tally.errors + tally.retried,
        misfits=tally.misfits,
    )
    return msgspec.structs.replace(report, verdict=judge(report, job.options.canary_max_errors))


def _reason(report: CanaryReport, most: float) -> Reason:
    return Reason(
        code=Code.CANARY_FAILED,
        message=f"Of {report.rows} canary rows {report.errors} failed, {report.refused} of them refused by the model,"
        f" and {report.misfits} of {report.answers} answers did not fit the schema:"
        f" batch.canary_max_errors is {most}. Nothing else was asked.",
        hint="errors.jsonl says why. Mend the prompt and drop the file again, or raise batch.canary_max_errors.",
    )
