"""Poll: ask Vertex how a batch is doing; an ended one is next for collect."""

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, Ending, batch_of_output, batch_ref
from batchdrop.domain.ids import BatchId
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import BatchState, move_batch
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, VertexJob, VertexState
from batchdrop.ports import Snapshot
from batchdrop.steps.context import Context
from batchdrop.steps.turns import collect_turn, leave
from batchdrop.steps.writes import decide_again, replace

ANSWERS_SUFFIX = ".jsonl"
"""Output files are `prediction-model-<time>/predictions.jsonl`, seen also split; all end so."""


def predictions_written(context: Context, written: ObjectInfo) -> None:
    """Take a new object in `predictions` as a hint that its batch may have ended."""
    batch = batch_of_output(written.name)
    if batch is None:
        context.log.info("predictions.ignored", object=written.name)
        return
    poll(context, batch)


def poll(context: Context, batch: BatchId) -> None:
    """Poll one batch; nothing is done for one that does not run."""
    decide_again(lambda: _poll(context, batch))


def answer_files(context: Context, batch: Batch) -> tuple[ObjectInfo, ...]:
    """List the running try's answer files, by name, at the generations they have now."""
    bucket = context.settings.predictions_bucket
    files = context.objects.list(bucket, batch.output_prefix)
    return tuple(file for file in files if file.name.endswith(ANSWERS_SUFFIX))


def _poll(context: Context, batch: BatchId) -> None:
    found = context.documents.get(batch_ref(batch))
    if found is None or found.value.state is not BatchState.RUNNING or found.value.vertex_name is None:
        return
    job = context.batches.get(found.value.vertex_name)
    if job is None:
        _end(context, found, _deleted_at_vertex(context, found.value))
    elif job.state in TERMINAL_VERTEX_STATES:
        _end(context, found, _ending(context, found.value, job))
    else:
        _hurry(context, found, job)


def _hurry(context: Context, found: Snapshot[Batch], job: VertexJob) -> None:
    """Cancel a batch that is to be cancelled, or that outlived Vertex's own limits; give one up that ignores it."""
    batch, now = found.value, context.clock.now()
    age = now - (batch.submitted_at or batch.created_at)
    if age >= limits.BATCH_LIFE + limits.CANCEL_LIFE:
        context.log.error("batch.never_ended", batch=batch.id, vertex_job=job.name, state=job.state.name)
        given_up = msgspec.structs.replace(job, state=VertexState.EXPIRED)
        _end(context, found, _ending(context, batch, given_up))
    elif age >= limits.BATCH_LIFE and not batch.cancel:
        context.log.error("batch.too_long", batch=batch.id, vertex_job=job.name, state=job.state.name)
        context.documents.commit([replace(context, found, msgspec.structs.replace(batch, cancel=True))])
        context.batches.cancel(job.name)
    elif batch.cancel:
        context.batches.cancel(job.name)


def _end(context: Context, found: Snapshot[Batch], ending: Ending) -> None:
    ended = msgspec.structs.replace(found.value, state=move_batch(found.value.state, BatchState.ENDED), ending=ending)
    context.documents.commit([replace(context, found, ended), leave(context, collect_turn(context, found.value.id))])
    context.log.info(
        "batch.ended",
        batch=found.value.id,
        vertex_state=ending.state.name if ending.state is not None else "",
        code=ending.code,
        reason=ending.message,
        files=len(ending.files),
    )


def _ending(context: Context, batch: Batch, job: VertexJob) -> Ending:
    return Ending(
        at=context.clock.now(),
        state=job.state,
        code=job.error_code,
        message=job.error_message,
        promised=job.completed,
        ran_out=job.ran_out,
        files=answer_files(context, batch),
    )


def _deleted_at_vertex(context: Context, batch: Batch) -> Ending:
    """A job deleted behind our back was cancelled, as far as its rows can tell."""
    return Ending(
        at=context.clock.now(),
        state=VertexState.CANCELLED,
        message="The batch job was deleted at Vertex.",
        files=answer_files(context, batch),
    )
