"""How a job comes to its end."""

from datetime import datetime

import msgspec

from infra.local.vertex import texts
from infra.local.vertex.faults import JobFault
from infra.local.vertex.jobs import Failure, Job, moved
from infra.local.vertex.settings import Settings
from infra.local.vertex.states import MOVES, JobState


class CancelAskedError(Exception):
    """A job on its way to run was asked to stop."""


class JobExpiredError(Exception):
    """The job did not begin to run within its time."""


class JobFailedError(Exception):
    """The job cannot go on."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"code {failure.code}, {failure.message}")
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
EXPIRED = End(JobState.JOB_STATE_EXPIRED)


def planned_end(fault: JobFault, job: Job) -> End:
    """The end of a job whose rows are through, or as far as they shall be."""
    match fault.end:
        case None:
            return End(JobState.JOB_STATE_SUCCEEDED)
        case JobState.JOB_STATE_CANCELLED:
            return CANCELLED
        case JobState.JOB_STATE_FAILED as state:
            return End(state, Failure(fault.code, fault.message or texts.usual(fault.code, job)))
        case state:
            return End(state)


def over_run(settings: Settings) -> End:
    """The end of a job that has run for as long as it may."""
    return CANCELLED if settings.over_run == CANCELLED.state.name else EXPIRED


def ended(job: Job, end: End, now: datetime) -> Job:
    """The job at its end; one that is being cancelled and may not end so is cancelled."""
    if end.state not in MOVES[job.state]:
        end = CANCELLED
    return moved(job, end.state, now, end.error)
