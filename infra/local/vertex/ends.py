"""How a job that has run comes to its end."""

from datetime import datetime

import msgspec

from infra.local.vertex import texts
from infra.local.vertex.faults import JobFault
from infra.local.vertex.jobs import Failure, Job, moved
from infra.local.vertex.states import MOVES, JobState

_WITH_ERROR = frozenset({JobState.JOB_STATE_FAILED, JobState.JOB_STATE_CANCELLED})


class JobFailedError(Exception):
    """The job cannot go on."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"code {failure.code}")
        self.failure = failure


class End(msgspec.Struct, frozen=True):
    """A terminal state, and the error that FAILED and CANCELLED carry."""

    state: JobState
    error: Failure | None = None

    @property
    def output(self) -> bool:
        """Whether the rows that were answered are exported."""
        return self.state is not JobState.JOB_STATE_FAILED


CANCELLED = End(JobState.JOB_STATE_CANCELLED, texts.CANCELED)


def planned_end(fault: JobFault, *, cancelled: bool) -> End:
    """The end of a job whose rows are through, or as far as it got."""
    if cancelled:
        return CANCELLED
    state = fault.end or JobState.JOB_STATE_SUCCEEDED
    if state not in _WITH_ERROR:
        return End(state)
    if state is JobState.JOB_STATE_CANCELLED:
        return CANCELLED
    return End(state, Failure(fault.code, fault.message or texts.usual(fault.code)))


def ended(job: Job, end: End, now: datetime) -> Job:
    """The job at its end; one that is being cancelled and may not end so is cancelled."""
    if end.state not in MOVES[job.state]:
        end = CANCELLED
    return moved(job, end.state, now, end.error)
