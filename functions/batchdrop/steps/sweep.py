"""Sweep: the hourly look for inputs that came or went without an event, and for Vertex jobs that no batch knows."""

from collections.abc import Callable
from itertools import islice

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import batch_ref
from batchdrop.domain.ids import read_batch_id
from batchdrop.domain.job import jobs_in
from batchdrop.domain.name import name_ref
from batchdrop.domain.naming import Kind, judge
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import ENDED_JOB_STATES, BatchState, JobState
from batchdrop.domain.turn import Turn
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, VertexJob
from batchdrop.ports import Snapshot
from batchdrop.steps.context import Context
from batchdrop.steps.identify import arrived, gone
from batchdrop.steps.turns import carry_on, done, time_is_up

_AT_ONCE = 300


def arrivals(context: Context, own: Snapshot[Turn]) -> None:
    """Take what lies in `input` as if it had just arrived; arriving passes over what is known."""
    turn = own.value
    found = context.objects.list(context.settings.input_bucket, "", since=turn.since, after=turn.after)
    while some := list(islice(found, _AT_ONCE)):
        for info in _unknown(context, some):
            _attempt(context, arrived, info)
        if time_is_up(context, own):
            context.documents.commit(carry_on(context, _behind(own, some[-1].name)))
            return
    context.documents.commit([done(own)])


def departures(context: Context, own: Snapshot[Turn]) -> None:
    """Take inputs of jobs that go on as if they had just gone; going passes over what still lives."""
    states = [state for state in JobState if state not in ENDED_JOB_STATES]
    jobs = (job.value for state in states for job in context.documents.find(jobs_in(state)))
    inputs = sorted((job.id, job.input) for job in jobs if job.id > own.value.after)
    for job, info in inputs:
        _attempt(context, gone, info)
        if time_is_up(context, own):
            context.documents.commit(carry_on(context, _behind(own, job)))
            return
    context.documents.commit([done(own)])


def _unknown(context: Context, found: list[ObjectInfo]) -> list[ObjectInfo]:
    """What is none of ours, or known by its name already, is left out: one read for many, as nearly all of it is."""
    ours = [info for info in found if judge(info.name, context.settings.ignored_prefixes).kind is not Kind.IGNORED]
    names = context.documents.get_all([name_ref(info.bucket, info.name) for info in ours])
    known = {name.value.name: name.value.generation for name in names}
    return [info for info in ours if known.get(info.name, 0) < info.generation]


def _attempt(context: Context, act: Callable[[Context, ObjectInfo], None], info: ObjectInfo) -> None:
    """One object that cannot be looked at must not keep the look from all others; the next hour comes to it again."""
    try:
        act(context, info)
    except Exception as error:  # noqa: BLE001  # told of, and tried again
        context.log.warning("sweep.put_off", object=info.name, error=error)


def _behind(own: Snapshot[Turn], after: str) -> Snapshot[Turn]:
    return Snapshot(own.ref, msgspec.structs.replace(own.value, after=after), own.version)


def cancel_strays(context: Context) -> None:
    """Cancel running jobs of ours that their batch does not know: a sleeper's, whose batch went on without it."""
    since = context.clock.now() - limits.LIST_BACK
    jobs = context.batches.of_installation(context.settings.vertex_location, context.settings.installation, since)
    for job in jobs:
        if job.state not in TERMINAL_VERTEX_STATES and _is_stray(context, job):
            context.batches.cancel(job.name)
            context.log.error("batch.stray_cancelled", vertex_job=job.name, batch=job.labels.get("batch", ""))


def _is_stray(context: Context, job: VertexJob) -> bool:
    named = read_batch_id(job.labels.get("batch", ""))
    batch = None if named is None else context.documents.get(batch_ref(named))
    if batch is None:
        context.log.warning("batch.unknown_job", vertex_job=job.name)
        return False
    if batch.value.vertex_name is None:
        return batch.value.state is not BatchState.SUBMITTING
    return batch.value.vertex_name != job.name
