"""An object came or went in `input`: tell what it is, and make it a job where it is one."""

from typing import assert_never

import msgspec

from batchdrop.domain.ids import JobId, job_id
from batchdrop.domain.job import Job, job_ref, jobs_that_wait_for
from batchdrop.domain.name import Name, name_ref
from batchdrop.domain.naming import Kind, judge, refusal_of
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.states import ENDED_JOB_STATES, JobState
from batchdrop.domain.turn import Step
from batchdrop.ports import Snapshot, Write
from batchdrop.steps.closing import stop
from batchdrop.steps.context import Context
from batchdrop.steps.hold import approval_arrived
from batchdrop.steps.prompts import find_prompt, read_prompt
from batchdrop.steps.turns import finish_turn, leave, plan_turn, wake
from batchdrop.steps.understand import model_of
from batchdrop.steps.writes import create, decide_again, replace


def arrived(context: Context, info: ObjectInfo) -> None:
    """Deal with a new generation of an object in `input`."""
    judgement = judge(info.name, context.settings.ignored_prefixes)
    match judgement.kind:
        case Kind.IGNORED:
            context.log.info("input.ignored", object=info.name, why=judgement.why)
        case Kind.APPROVAL:
            approval_arrived(context, info)
        case Kind.PROMPT:
            _wake_waiting(context, info)
        case Kind.DATA | Kind.UNSUPPORTED:
            _register(context, info, refusal_of(info.name, judgement.kind))
        case _:
            assert_never(judgement.kind)


def gone(context: Context, info: ObjectInfo) -> None:
    """Deal with a generation that is deleted or archived: cancel its job if nothing live bears the name."""
    if judge(info.name, context.settings.ignored_prefixes).kind not in {Kind.DATA, Kind.UNSUPPORTED}:
        return
    decide_again(lambda: _cancel_named(context, info))


def deleted(name: str) -> Reason:
    """Why a job whose input is gone is cancelled."""
    return Reason(
        code=Code.INPUT_DELETED,
        message=f"{name} was deleted, which cancels its job.",
        hint="Drop the file again to have it answered.",
    )


def _wake_waiting(context: Context, prompt: ObjectInfo) -> None:
    for job in context.documents.find(jobs_that_wait_for(prompt.name)):
        wake(context, job.value.id, Step.PLAN)


def _register(context: Context, info: ObjectInfo, refusal: Reason | None) -> None:
    def act() -> None:
        known = context.documents.get(name_ref(info.bucket, info.name))
        if known is not None and known.value.generation >= info.generation:
            return
        old = context.documents.get(job_ref(known.value.job)) if known is not None else None
        if known is not None and old is not None and _same_work(context, old.value, info):
            context.documents.commit(_as_known(context, info, known, old))
            context.log.info("input.same", object=info.name, generation=info.generation, job=old.value.id)
            return
        _create_job(context, info, known, old, refusal)

    decide_again(act)


def _same_work(context: Context, old: Job, info: ObjectInfo) -> bool:
    """The same bytes with the same prompt and model, while their job lives, are the same job and no second bill."""
    if old.state in ENDED_JOB_STATES or (old.input.size, old.input.crc32c) != (info.size, info.crc32c):
        return False
    if old.layout is None:
        return True
    pinned = find_prompt(context, info.bucket, info.name)
    if pinned != old.prompt:
        return False
    return model_of(context, None if pinned is None else read_prompt(context, pinned).prompt) == old.model


def _as_known(context: Context, info: ObjectInfo, known: Snapshot[Name], old: Snapshot[Job]) -> list[Write]:
    """Note a generation that is no new job. A job that is just being planned is planned with the prompt of now."""
    noted = replace(context, known, msgspec.structs.replace(known.value, generation=info.generation))
    return [noted] if old.value.layout is not None else [noted, replace(context, old, old.value)]


def _create_job(
    context: Context,
    info: ObjectInfo,
    known: Snapshot[Name] | None,
    old: Snapshot[Job] | None,
    refusal: Reason | None,
) -> None:
    writes = _new_job(context, info, JobState.REJECTED if refusal else None, refusal)
    writes.append(_name_points_to(context, info, known))
    if old is not None and old.value.state not in ENDED_JOB_STATES:
        writes += stop(context, old, JobState.CANCELLED, _superseded(info))
    context.documents.commit(writes)
    context.log.info("job.created", job=_id(info), object=info.name, generation=info.generation, bytes=info.size)


def _new_job(context: Context, info: ObjectInfo, outcome: JobState | None, reason: Reason | None) -> list[Write]:
    now = context.clock.now()
    job = Job(
        id=_id(info),
        input=info,
        state=JobState.PLANNING if outcome is None else JobState.CLOSING,
        outcome=outcome,
        reason=reason,
        created_at=now,
        times={"created": now},
    )
    turn = plan_turn(context, job.id, 0) if outcome is None else finish_turn(context, job.id)
    return [create(context, job_ref(job.id), job), leave(context, turn)]


def _cancel_named(context: Context, info: ObjectInfo) -> None:
    """Cancel what a name stands for, if nothing live bears it.

    The name is read before that look, and written: a generation that comes meanwhile writes it too, and wins.
    """
    known = context.documents.get(name_ref(info.bucket, info.name))
    if context.objects.stat(info.bucket, info.name) is not None:
        return
    job = context.documents.get(job_ref(known.value.job)) if known is not None else None
    writes: list[Write] = []
    if job is not None and job.value.state not in ENDED_JOB_STATES:
        writes += stop(context, job, JobState.CANCELLED, deleted(info.name))
    if known is None or known.value.generation < info.generation:
        writes += _new_job(context, info, JobState.CANCELLED, deleted(info.name))
        writes.append(_name_points_to(context, info, known))
    elif writes:
        writes.append(replace(context, known, known.value))
    if writes:
        context.documents.commit(writes)
        context.log.info("job.cancelled", job=_id(info), object=info.name, generation=info.generation)


def _name_points_to(context: Context, info: ObjectInfo, known: Snapshot[Name] | None) -> Write:
    name = Name(bucket=info.bucket, name=info.name, generation=info.generation, job=_id(info))
    if known is None:
        return create(context, name_ref(info.bucket, info.name), name)
    return replace(context, known, name)


def _superseded(info: ObjectInfo) -> Reason:
    return Reason(
        code=Code.SUPERSEDED,
        message=f"A newer generation of {info.name} ({info.generation}) replaced this one.",
        hint="Nothing to do: the newer file's job answers.",
    )


def _id(info: ObjectInfo) -> JobId:
    return job_id(info.bucket, info.name, info.generation)
