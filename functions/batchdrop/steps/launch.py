"""Launch: make the one call that is not idempotent, and take over from whoever died at it.

A try is claimed by one run, has an input object of its own, and is created at most once by that run. Who takes
over looks for the job first; before the next try it deletes the old try's input, so that a sleeper who still
creates gets a job that has nothing to read.
"""

from collections.abc import Callable

import msgspec

from batchdrop.domain.batch import Batch, Claim, Ending, batch_ref
from batchdrop.domain.errors import CreateRefused, CreateThrottled, CreateUnknown, ObjectGone, Transient
from batchdrop.domain.ids import VertexJobName
from batchdrop.domain.states import BatchState, move_batch
from batchdrop.domain.vertex import BatchSpec
from batchdrop.ports import Snapshot
from batchdrop.steps.compose import compose_all
from batchdrop.steps.context import Context
from batchdrop.steps.lost import fail_jobs_without_files
from batchdrop.steps.lots import JSON_LINES
from batchdrop.steps.release import release
from batchdrop.steps.turns import collect_turn, leave
from batchdrop.steps.writes import decide_again, replace


def launch(context: Context, batch: Batch, requests: tuple[str, ...]) -> None:
    """Create the Vertex job of a try that this run has claimed."""
    try:
        compose_all(context, batch.input_object, requests, JSON_LINES)
    except Transient:
        # Nothing was asked of Vertex yet, so the lots may wait again.
        release(context, batch, due_at=context.clock.now())
        raise
    except ObjectGone:
        # The same, without those of a job that ended meanwhile, or of one that cannot go on.
        release(context, batch, due_at=context.clock.now())
        fail_jobs_without_files(context, batch)
        return
    claimed = context.documents.get(batch_ref(batch.id))
    if claimed is None or not claimed.value.is_claimed_as(batch):
        context.log.warning("batch.claim_lost", batch=batch.id, attempt=batch.tries)
        return
    if claimed.value.cancel:
        release(context, batch, due_at=context.clock.now())
        return
    try:
        name = context.batches.create(_spec(context, batch))
    except CreateRefused as refused:
        _record_refusal(context, batch, refused)
    except CreateThrottled:
        context.log.warning("batch.throttled", batch=batch.id, lane=batch.lane)
        release(context, batch, due_at=None)
    except CreateUnknown as unknown:
        context.log.warning("batch.create_unknown", batch=batch.id, attempt=batch.tries, error=unknown)
    else:
        record_running(context, batch, name)


def take_over(context: Context, found: Snapshot[Batch], requests: Callable[[], tuple[str, ...]]) -> None:
    """Go on with a batch whose claimant is gone: adopt its job if there is one, else start the next try."""
    now = context.clock.now()
    batch = found.value
    if batch.cleared is None:
        if batch.taken_over is None and now < batch.claim.at + context.settings.lapse:
            return
        taken = _claim(context, found, msgspec.structs.replace(batch, taken_over=batch.taken_over or now))
        if taken is None or _adopt(context, batch):
            return
        # From here on a sleeper's create finds nothing to read. Only then does the list's lag begin to count.
        context.objects.delete(context.settings.work_bucket, [batch.input_object])
        _claim(context, taken, msgspec.structs.replace(taken.value, cleared=context.clock.now()))
        return
    if now < batch.cleared + context.settings.list_lag:
        return
    mine = _claim(context, found, batch)
    if mine is None or _adopt(context, batch):
        return
    if batch.cancel:
        release(context, mine.value, due_at=now)
        return
    fresh = msgspec.structs.replace(mine.value, tries=batch.tries + 1, taken_over=None, cleared=None)
    next_try = _claim(context, mine, fresh)
    if next_try is not None:
        launch(context, next_try.value, requests())


def record_running(context: Context, batch: Batch, name: VertexJobName) -> None:
    """Write down which Vertex job runs a try."""

    def act() -> None:
        found = context.documents.get(batch_ref(batch.id))
        if found is None or found.value.state is not BatchState.SUBMITTING or found.value.tries != batch.tries:
            context.log.warning("batch.stray_created", batch=batch.id, attempt=batch.tries, vertex_job=name)
            return
        running = msgspec.structs.replace(
            found.value,
            state=move_batch(found.value.state, BatchState.RUNNING),
            vertex_name=name,
            submitted_at=context.clock.now(),
        )
        context.documents.commit([replace(context, found, running)])
        context.log.info("batch.running", batch=batch.id, vertex_job=name, rows=batch.rows, lots=len(batch.lots))

    decide_again(act)


def _claim(context: Context, found: Snapshot[Batch], value: Batch) -> Snapshot[Batch] | None:
    """Write a claim of this run; None if another took the batch over at once.

    Raises:
        Conflict: another was first.
    """
    claim = Claim(owner=context.tokens.fresh(), at=context.clock.now())
    context.documents.commit([replace(context, found, msgspec.structs.replace(value, claim=claim))])
    claimed = context.documents.get(found.ref)
    return claimed if claimed is not None and claimed.value.claim == claim else None


def _adopt(context: Context, batch: Batch) -> bool:
    jobs = context.batches.find(batch.location, batch.try_name())
    if not jobs:
        return False
    context.log.info("batch.adopted", batch=batch.id, attempt=batch.tries, vertex_job=jobs[0].name)
    record_running(context, batch, jobs[0].name)
    return True


def _spec(context: Context, batch: Batch) -> BatchSpec:
    settings = context.settings
    return BatchSpec(
        batch=batch.id,
        display_name=batch.try_name(),
        model=batch.model,
        location=batch.location,
        input_uri=f"gs://{settings.work_bucket}/{batch.input_object}",
        output_uri_prefix=f"gs://{settings.predictions_bucket}/{batch.output_prefix}",
        labels={"batchdrop": settings.installation, "batch": batch.id, "try": str(batch.tries)},
    )


def _record_refusal(context: Context, batch: Batch, refused: CreateRefused) -> None:
    def act() -> None:
        found = context.documents.get(batch_ref(batch.id))
        if found is None or not found.value.is_claimed_as(batch):
            return
        now = context.clock.now()
        ending = Ending(at=now, state=None, code=refused.status, message=refused.vertex_message)
        ended = msgspec.structs.replace(
            found.value, state=move_batch(found.value.state, BatchState.ENDED), ending=ending
        )
        context.documents.commit([replace(context, found, ended), leave(context, collect_turn(context, batch.id))])
        context.log.error("batch.refused", batch=batch.id, status=refused.status, reason=refused.vertex_message)

    decide_again(act)
