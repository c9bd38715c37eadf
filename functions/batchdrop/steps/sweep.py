"""Sweep: the hourly look for inputs that came or went without an event, and for Vertex jobs that no batch knows."""

from collections.abc import Iterator
from datetime import datetime

from batchdrop.domain import limits
from batchdrop.domain.batch import batch_ref
from batchdrop.domain.ids import read_batch_id
from batchdrop.domain.job import jobs_in
from batchdrop.domain.naming import Kind, judge
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import ENDED_JOB_STATES, JobState
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, VertexJob
from batchdrop.steps.context import Context


def inputs_since(context: Context, since: datetime) -> Iterator[ObjectInfo]:
    """What lies in `input`, to be taken as if it had just arrived; arriving passes over what is known."""
    for info in context.objects.list(context.settings.input_bucket, "", since=since):
        if judge(info.name, context.settings.ignored_prefixes).kind is not Kind.IGNORED:
            yield info


def inputs_of_live_jobs(context: Context) -> Iterator[ObjectInfo]:
    """Inputs of jobs that go on, to be taken as if they had just gone; going passes over what still lives."""
    for state in JobState:
        if state not in ENDED_JOB_STATES:
            for job in context.documents.find(jobs_in(state)):
                yield job.value.input


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
    recorded = batch.value.vertex_name
    return recorded is not None and recorded != job.name
