"""Finish: compose the result, the errors, the failed records, and the manifest last. Every ending comes here."""

from functools import partial
from itertools import islice

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import batches_with
from batchdrop.domain.errors import ObjectGone, TimeIsUp, Transient
from batchdrop.domain.ids import Generation
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.measures import Event
from batchdrop.domain.money import Bill
from batchdrop.domain.name import name_ref
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.reasons import Code
from batchdrop.domain.shard import Part, Shard, shards_of
from batchdrop.domain.states import ENDED_JOB_STATES, JobState, ShardState, move_job, move_shard
from batchdrop.domain.turn import Turn
from batchdrop.domain.usage import used
from batchdrop.ports import Snapshot
from batchdrop.rows.values import Problem, Stage
from batchdrop.steps.budget import settling
from batchdrop.steps.context import Context
from batchdrop.steps.cost import amounts, bill_of, dollars
from batchdrop.steps.estimated import learn
from batchdrop.steps.manifest import Account, File, add_shard, manifest
from batchdrop.steps.output import Check, write_files
from batchdrop.steps.parts import Base, closed_rows, open_lots, write_part
from batchdrop.steps.turns import carry_on, check_time, done
from batchdrop.steps.writes import commit_all, decide_again, replace

_CLEARED_AT_ONCE = 1000


def finish(context: Context, own: Snapshot[Turn]) -> None:
    """Write the output of a job that is closing, and its terminal state."""
    found = context.documents.get(job_ref(own.value.job)) if own.value.job else None
    check = partial(check_time, context, own)
    try:
        if found is not None and found.value.state is JobState.CLOSING:
            _finish(context, found.value, check)
        if found is not None and found.value.state in ENDED_JOB_STATES:
            _clear_work(context, found.value, check)
    except ObjectGone as gone:
        # Another run of this step came first and has cleared up; the next look at the job will tell.
        raise Transient("An object to compose is gone.") from gone
    except TimeIsUp:
        context.documents.commit(carry_on(context, own))
        return
    context.documents.commit([done(own)])


def outcome_of(job: Job, account: Account) -> JobState:
    """The terminal state: as the closing decided, else as the counts tell."""
    if job.outcome is not None:
        return job.outcome
    if account.results:
        return JobState.PARTIAL if account.errors else JobState.SUCCEEDED
    return JobState.FAILED if account.vertex_jobs else JobState.REJECTED


def _finish(context: Context, job: Job, check: Check) -> None:
    account, parts = _account(context, job, check)
    account = msgspec.structs.replace(account, vertex_jobs=_vertex_jobs(context, job))
    outcome = outcome_of(job, account)
    files: tuple[File, ...] = ()
    if outcome is not JobState.CANCELLED and _is_newest(context, job):
        files = write_files(context, job, parts, check)
    _write_manifest(context, job, outcome, account, files)
    bill = bill_of(job, account.spent)
    learn(context, job, outcome, used(account.spent), bill)
    _expire(context, job, outcome, bill)
    context.log.info(
        Event.JOB_ENDED,
        job=job.id,
        object=job.input.name,
        prompt=job.prompt.name if job.prompt is not None else "",
        model=job.model,
        labels=job.options.labels,
        cost_usd=dollars(bill),
        cost=amounts(bill),
        state=outcome,
        rows=account.rows,
        results=account.results,
        errors=account.errors,
        code=job.reason.code if job.reason is not None else "",
    )
    rows = {"results": account.results, "errors": account.errors, "not_asked": account.not_asked}
    for end, count in rows.items():
        context.log.info(Event.ROWS_ENDED, job=job.id, outcome=end, rows=count)


def _vertex_jobs(context: Context, job: Job) -> tuple[str, ...]:
    """Names of the Vertex jobs that carried rows of a job, oldest first."""
    batches = sorted(
        (found.value for found in context.documents.find(batches_with(job.id))), key=lambda batch: batch.created_at
    )
    return tuple(batch.vertex_name for batch in batches if batch.vertex_name is not None)


def _account(context: Context, job: Job, check: Check) -> tuple[Account, list[Part]]:
    """Sum up the shards in order, writing the parts of those that have none yet."""
    base = Base(lines=job.layout.head_lines if job.layout is not None else 0)
    account = Account()
    parts: list[Part] = []
    for found in context.documents.find(shards_of(job.id)):
        shard = found.value
        if job.outcome is JobState.CANCELLED:
            shard = msgspec.structs.replace(shard, part=None)
        elif shard.part is None and shard.state is not ShardState.PLANNED:
            shard = _with_part(context, job, found, base)
            check()
        account = add_shard(account, shard)
        base = Base(base.rows + shard.rows, base.lines + shard.lines)
        if shard.part is not None:
            parts.append(shard.part)
    return account, parts


def _with_part(context: Context, job: Job, found: Snapshot[Shard], base: Base) -> Shard:
    shard = found.value
    problem = _unanswered(job)
    lost = [lot for lot in open_lots(shard) if problem is not None and (lot.canary or not _stopped_by_canary(job))]
    left_out = sum(lot.all_rows for lot in open_lots(shard)) - sum(lot.all_rows for lot in lost)
    rows = closed_rows(context, shard, lost=lost, problem=problem)
    part = write_part(context, job, shard, base, rows, left_out=left_out)
    state = shard.state if shard.state is ShardState.DONE else move_shard(shard.state, ShardState.DONE)
    with_part = msgspec.structs.replace(shard, state=state, part=part, waiting=False)
    context.documents.commit([replace(context, found, with_part)])
    return with_part


def _unanswered(job: Job) -> Problem | None:
    """What a failed job says of rows it could not have answered; a rejected job never asked them."""
    if job.outcome is not JobState.FAILED or job.reason is None:
        return None
    return Problem(stage=Stage.ANSWER, code=str(job.reason.code), message=job.reason.message, hint=job.reason.hint)


def _stopped_by_canary(job: Job) -> bool:
    return job.reason is not None and job.reason.code is Code.CANARY_FAILED


def _write_manifest(context: Context, job: Job, outcome: JobState, account: Account, files: tuple[File, ...]) -> None:
    """Point to the files, last, unless a newer generation of the input has taken over."""
    bucket, name = context.settings.output_bucket, f"{job.input.name}/manifest.json"
    if len(name.encode()) > limits.OBJECT_NAME_BYTES:
        context.log.error("manifest.no_name", job=job.id, object=job.input.name)  # the job's document has the reason
        return

    def act() -> None:
        before: ObjectInfo | None = context.objects.stat(bucket, name)
        if not _is_newest(context, job):
            context.log.info("manifest.superseded", job=job.id)
            return
        data = manifest(job, outcome, account, files, context.clock.now())
        generation = Generation(0) if before is None else before.generation
        context.objects.write_at(bucket, name, data, "application/json", generation)

    decide_again(act)


def _is_newest(context: Context, job: Job) -> bool:
    """Only the newest generation of an input has output."""
    newest = context.documents.get(name_ref(job.input.bucket, job.input.name))
    return newest is None or newest.value.job == job.id


def _expire(context: Context, job: Job, outcome: JobState, bill: Bill | None) -> None:
    expire_at = context.clock.now() + limits.KEEP_DOCUMENTS
    shards = context.documents.find(shards_of(job.id))
    commit_all(
        context,
        (replace(context, shard, msgspec.structs.replace(shard.value, expire_at=expire_at)) for shard in shards),
    )

    def act() -> None:
        found = context.documents.get(job_ref(job.id))
        if found is None or found.value.state is not JobState.CLOSING:
            return
        ended = msgspec.structs.replace(
            found.value,
            state=move_job(found.value.state, outcome),
            outcome=outcome,
            bill=bill,
            expire_at=expire_at,
            times=found.value.times | {"finished": context.clock.now()},
        )
        ended, turns = settling(context, ended)
        context.documents.commit([replace(context, found, ended), *turns])

    decide_again(act)


def _clear_work(context: Context, job: Job, check: Check) -> None:
    bucket = context.settings.work_bucket
    names = (info.name for info in context.objects.list(bucket, f"jobs/{job.id}/"))
    while some := list(islice(names, _CLEARED_AT_ONCE)):
        context.objects.delete(bucket, some)
        check()
