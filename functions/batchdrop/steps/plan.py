"""Plan: find the job's prompt, then cut its input into shards, a wave at a time."""

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.errors import ObjectGone, Refused
from batchdrop.domain.ids import LaneId, ModelName, ShardIndex, lane_id
from batchdrop.domain.job import InputFormat, Job, Layout, PinnedPrompt, PlanCursor, job_ref
from batchdrop.domain.naming import prompt_candidates
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import ByteSlice, Shard, shard_ref
from batchdrop.domain.states import JobState, move_job
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot, Write
from batchdrop.rows.cuts import cut_csv, cut_jsonl
from batchdrop.rows.head import look
from batchdrop.rows.prompt import Prompt, missing_columns
from batchdrop.rows.results import answer_columns
from batchdrop.steps.closing import close
from batchdrop.steps.context import Context
from batchdrop.steps.identify import deleted
from batchdrop.steps.prompts import find_prompt, read_prompt
from batchdrop.steps.turns import done, leave, sleep_until, stage_turn
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
        planned = job.value if job.value.layout is not None else _understand(context, job.value)
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


def _understand(context: Context, job: Job) -> Job | None:
    """Read the input's head and the prompt; None while there is no prompt.

    Raises:
        Refused: the file or the prompt cannot be worked with.
        ObjectGone: the input was deleted.
    """
    info = job.input
    if context.objects.stat(info.bucket, info.name) is None:
        raise ObjectGone(info.name)
    layout = look(context.objects.read(info.bucket, info.name, info.generation), info.name)
    pinned = find_prompt(context, info.bucket, info.name)
    if pinned is None and layout.format is not InputFormat.VERTEX_JSONL:
        return None
    prompt = None if pinned is None else read_prompt(context, pinned).prompt
    model = _model(context, prompt)
    return msgspec.structs.replace(
        _with_prompt(job, layout, pinned, prompt),
        model=model,
        lane=lane_id(model, context.settings.vertex_location),
        layout=layout,
    )


def _with_prompt(job: Job, layout: Layout, pinned: PinnedPrompt | None, prompt: Prompt | None) -> Job:
    if layout.format is InputFormat.VERTEX_JSONL:
        unused = ("The prompt's template is not used: every line is a whole request.",)
        warnings = unused if prompt is not None and prompt.has_template else ()
        options = job.options if prompt is None else prompt.options
        return msgspec.structs.replace(job, prompt=pinned, options=options, warnings=warnings)
    if pinned is None or prompt is None:
        raise AssertionError("records are planned only with a prompt")
    _check_template(pinned, prompt, layout)
    columns = answer_columns(prompt.output_schema, layout.columns)
    return msgspec.structs.replace(job, prompt=pinned, options=prompt.options, answer_columns=columns)


def _check_template(pinned: PinnedPrompt, prompt: Prompt, layout: Layout) -> None:
    if not prompt.has_template:
        raise Refused(
            Reason(
                code=Code.PROMPT_INVALID,
                where=pinned.name,
                message=f"{pinned.name} has front matter only, but the input holds records, not requests.",
                hint="Write the template below the front matter, with {{column}} where a row's value goes.",
            )
        )
    missing = missing_columns(prompt, layout)
    if missing:
        raise Refused(
            Reason(
                code=Code.COLUMN_MISSING,
                where=pinned.name,
                message=f"The template names {', '.join(missing)}; the input has {', '.join(layout.columns)}.",
                hint="Correct the name in the template or the header, or give a default under input.default.",
            )
        )


def _model(context: Context, prompt: Prompt | None) -> ModelName:
    model = (prompt.model if prompt is not None else ModelName("")) or context.settings.default_model
    if not model:
        raise Refused(
            Reason(
                code=Code.MODEL_MISSING,
                message="Neither the prompt nor this installation names a model.",
                hint="Write `model: gemini-...` into the prompt's front matter, or set DEFAULT_MODEL.",
            )
        )
    return model


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
    now = context.clock.now()
    slices = _cut(context, planned)
    first = planned.cursor.shards
    position = slices[-1].end
    cursor = PlanCursor(
        position=position,
        shards=first + len(slices),
        waves=planned.cursor.waves + 1,
        done=position >= planned.input.size,
    )
    state = JobState.STAGING if planned.state is JobState.STAGING else move_job(planned.state, JobState.STAGING)
    staging = msgspec.structs.replace(
        planned, state=state, cursor=cursor, reason=None, times={"planned": now} | planned.times
    )
    writes: list[Write] = [replace(context, job, staging)]
    for index, piece in enumerate(slices, start=first):
        shard = Shard(job=planned.id, index=ShardIndex(index), slice=piece, lane=LaneId(planned.lane))
        writes.append(create(context, shard_ref(planned.id, shard.index), shard))
        writes.append(leave(context, stage_turn(context, planned.id, shard.index)))
    context.documents.commit([*writes, done(own)])
    context.log.info("job.planned", job=planned.id, shards=cursor.shards, whole=cursor.done, model=planned.model)


def _cut(context: Context, job: Job) -> tuple[ByteSlice, ...]:
    layout, info = job.layout, job.input
    if layout is None:
        raise AssertionError("cut before the head was read")
    start = max(job.cursor.position, layout.body)
    shard_bytes = context.settings.shard_bytes
    if layout.format is not InputFormat.CSV:
        return cut_jsonl(layout, info.size, start, shard_bytes, limits.WAVE_SHARDS)
    chunks = context.objects.read(info.bucket, info.name, info.generation, start)
    return cut_csv(chunks, layout, info.size, start, shard_bytes, limits.WAVE_SHARDS)
