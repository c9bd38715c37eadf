"""Plan: find the job's prompt, then cut its input into shards, a wave at a time."""

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.errors import ObjectGone, Refused
from batchdrop.domain.ids import LaneId, ShardIndex
from batchdrop.domain.job import Compression, Job, job_ref
from batchdrop.domain.naming import prompt_candidates
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import Shard, shard_ref
from batchdrop.domain.states import JobState, move_job
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot, Write
from batchdrop.steps.closing import close
from batchdrop.steps.context import Context
from batchdrop.steps.identify import deleted
from batchdrop.steps.inputs import next_wave
from batchdrop.steps.prompts import find_prompt
from batchdrop.steps.turns import carry_on, done, leave, sleep_until, stage_turn, time_is_up
from batchdrop.steps.understand import understand
from batchdrop.steps.unpack import unpack
from batchdrop.steps.unpack_parquet import packing, unpack_parquet
from batchdrop.steps.writes import create, decide_again, replace

_PLANNABLE = frozenset({JobState.PLANNING, JobState.WAITING, JobState.STAGING})


def plan(context: Context, own: Snapshot[Turn]) -> None:
    """Take a job one step on: to its prompt, or to its next wave of shards."""
    decide_again(lambda: _plan(context, own))


def _plan(context: Context, own: Snapshot[Turn]) -> None:
    job = context.documents.get(job_ref(own.value.job)) if own.value.job else None
    if job is None or job.value.state not in _PLANNABLE or job.value.cursor.waves > own.value.wave:
        context.documents.commit([done(own)])
        return
    try:
        packed = packing(context, job.value) if job.value.layout is None else Compression.NONE
        if packed is not Compression.NONE:
            _unpack_parquet(context, job, packed, own)
            return
        planned = job.value if job.value.layout is not None else understand(context, job.value)
        if planned is None:
            _wait_for_prompt(context, job, own)
        else:
            _cut_wave(context, job, planned, own)
    except Refused as refused:
        context.documents.commit([*close(context, job, JobState.REJECTED, refused.reason), done(own)])
        context.log.info("job.rejected", job=job.value.id, code=refused.reason.code, reason=refused.reason.message)
    except ObjectGone:
        reason = deleted(job.value.input.name)
        context.documents.commit([*close(context, job, JobState.CANCELLED, reason), done(own)])
        context.log.info("job.cancelled", job=job.value.id, code=reason.code)


def _unpack_parquet(context: Context, job: Snapshot[Job], packed: Compression, own: Snapshot[Turn]) -> None:
    plain = unpack_parquet(context, job.value, packed, lambda: time_is_up(context, own))
    context.log.info("job.unpacked", job=job.value.id, bytes=plain.size, whole=bool(plain.name))
    cursor = msgspec.structs.replace(job.value.cursor, plain=plain)
    unpacked = msgspec.structs.replace(job.value, cursor=cursor)
    context.documents.commit([replace(context, job, unpacked), *carry_on(context, own)])


def _wait_for_prompt(context: Context, job: Snapshot[Job], own: Snapshot[Turn]) -> None:
    now = context.clock.now()
    candidates = prompt_candidates(job.value.input.name)
    until = job.value.created_at + limits.WAIT_FOR_PROMPT
    if now >= until:
        raise Refused(
            Reason(
                code=Code.PROMPT_NEVER_CAME,
                message=f"No prompt came in {limits.WAIT_FOR_PROMPT.days} days.",
                hint=f"Drop one of {', '.join(candidates)}, then drop the file again.",
            )
        )
    if job.value.state is JobState.WAITING:
        context.documents.commit([sleep_until(context, own, until)])
        return
    waiting = msgspec.structs.replace(
        job.value,
        state=move_job(job.value.state, JobState.WAITING),
        searched=candidates,
        reason=Reason(
            code=Code.PROMPT_MISSING,
            message=f"No prompt yet. Looked for {', '.join(candidates)}.",
            hint="Drop one of these; the job goes on by itself.",
        ),
    )
    context.documents.commit([replace(context, job, waiting), sleep_until(context, own, until)])
    context.log.info("job.waiting", job=job.value.id, object=job.value.input.name)
    # A prompt that landed between the look and the commit woke nobody, so look once more.
    if find_prompt(context, job.value.input.bucket, job.value.input.name) is not None:
        _plan(context, own)


def _cut_wave(context: Context, job: Snapshot[Job], planned: Job, own: Snapshot[Turn]) -> None:
    planned = _unpacked(context, planned, own)
    if planned.cursor.unpacked is not None and not planned.cursor.unpacked.done:
        state = planned.state if planned.state is not JobState.WAITING else move_job(planned.state, JobState.PLANNING)
        part = msgspec.structs.replace(planned, state=state, reason=None)
        context.documents.commit([replace(context, job, part), *carry_on(context, own)])
        return
    wave = next_wave(context, planned)
    first = planned.cursor.shards
    cursor = msgspec.structs.replace(
        planned.cursor,
        position=wave.position,
        shards=first + len(wave.slices),
        waves=planned.cursor.waves + 1,
        done=wave.done,
    )
    state = JobState.STAGING if planned.state is JobState.STAGING else move_job(planned.state, JobState.STAGING)
    times = {"planned": context.clock.now()} | planned.times
    staging = msgspec.structs.replace(planned, state=state, cursor=cursor, reason=None, times=times)
    writes: list[Write] = [replace(context, job, staging)]
    for index, piece in enumerate(wave.slices, start=first):
        shard = Shard(job=planned.id, index=ShardIndex(index), slice=piece, lane=LaneId(planned.lane))
        writes.append(create(context, shard_ref(planned.id, shard.index), shard))
        writes.append(leave(context, stage_turn(context, planned.id, shard.index)))
    context.documents.commit([*writes, done(own)])
    context.log.info("job.planned", job=planned.id, shards=cursor.shards, whole=cursor.done, model=planned.model)


def _unpacked(context: Context, planned: Job, own: Snapshot[Turn]) -> Job:
    """The job with its input unpacked, if it needs to be, as far as time goes."""
    layout, so_far = planned.layout, planned.cursor.unpacked
    if layout is None or layout.compression is Compression.NONE or (so_far is not None and so_far.done):
        return planned
    found = unpack(context, planned, lambda: time_is_up(context, own))
    context.log.info("job.unpacked", job=planned.id, slices=found.slices, bytes=found.position, whole=found.done)
    return msgspec.structs.replace(planned, cursor=msgspec.structs.replace(planned.cursor, unpacked=found))
