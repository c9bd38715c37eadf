"""Hold: park a job until a person approves that it goes on, by dropping `<input name>.approve`."""

from collections.abc import Iterator

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.ids import JobId
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.name import name_ref
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import Ready, shards_of
from batchdrop.domain.states import SUBMITTING_JOB_STATES, JobState, move_job
from batchdrop.domain.turn import Step
from batchdrop.ports import Snapshot, Write
from batchdrop.steps.context import Context
from batchdrop.steps.turns import held_turn, leave, wake
from batchdrop.steps.writes import commit_all, decide_again, replace

APPROVAL_SUFFIX = ".approve"


def hold(context: Context, job: JobId, reason: Reason) -> None:
    """Park a job that runs: nothing more of it is submitted. Repeatable."""
    decide_again(lambda: _hold(context, job, reason))
    decide_again(lambda: commit_all(context, _parked(context, job)))


def approval_arrived(context: Context, approval: ObjectInfo) -> None:
    """Look again at the held job whose approval this is."""
    name = approval.name.removesuffix(APPROVAL_SUFFIX)
    known = context.documents.get(name_ref(approval.bucket, name))
    job = None if known is None else context.documents.get(job_ref(known.value.job))
    if job is not None and job.value.state is JobState.HELD and is_approved(context, job.value):
        wake(context, job.value.id, Step.ADMIT)


def park(context: Context, job: Snapshot[Job], reason: Reason) -> Write:
    """Move a job to HELD. Who does leaves it a turn, or keeps one."""
    held = msgspec.structs.replace(
        job.value, state=move_job(job.value.state, JobState.HELD), reason=reason, held_at=context.clock.now()
    )
    context.log.warning("job.held", job=job.value.id, code=reason.code, reason=reason.message)
    return replace(context, job, held)


def is_approved(context: Context, job: Job) -> bool:
    """Tell whether an approval came after the job was held."""
    found = context.objects.stat(job.input.bucket, job.input.name + APPROVAL_SUFFIX)
    if found is None or found.created_at is None or job.held_at is None:
        return False
    return found.created_at >= job.held_at


def not_approved(reason: Reason | None) -> Reason:
    """Why a job that was held ends."""
    held_for = "" if reason is None else f" It was held because: {reason.message}"
    return Reason(
        code=Code.NOT_APPROVED,
        message=f"Nobody approved the job in {limits.WAIT_FOR_APPROVAL.days} days.{held_for}",
        hint="Drop failed.* to have the rest answered.",
    )


def _hold(context: Context, job: JobId, reason: Reason) -> None:
    found = context.documents.get(job_ref(job))
    if found is None or found.value.state not in SUBMITTING_JOB_STATES:
        return
    turn = held_turn(context, job, context.clock.now() + limits.WAIT_FOR_APPROVAL)
    context.documents.commit([park(context, found, reason), leave(context, turn)])


def _parked(context: Context, job: JobId) -> Iterator[Write]:
    for shard in context.documents.find(shards_of(job)):
        if shard.value.ready is not Ready.NONE:
            parked = msgspec.structs.replace(shard.value, ready=Ready.NONE, waiting=False, due_at=None)
            yield replace(context, shard, parked)
