"""The five methods of the JobService that concern batch prediction jobs."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from infra.local.vertex.create import checked
from infra.local.vertex.errors import ApiError, Code
from infra.local.vertex.faults import JobFault
from infra.local.vertex.filters import parse
from infra.local.vertex.jobs import Job, JobName, Parent, moved, new_job
from infra.local.vertex.runner import Runner
from infra.local.vertex.states import ENDS, JobState
from infra.local.vertex.world import World

_PAGE_SIZE = 100
_PAGE_SIZE_MAX = 1000


class Page(msgspec.Struct, frozen=True):
    """Some jobs, and the token for the next ones ("" at the end)."""

    jobs: list[Job]
    next_token: str


class JobService:
    """What callers can do. `new_id` gives the number of a new job, an int64."""

    def __init__(self, world: World, runner: Runner, new_id: Callable[[], int]) -> None:
        self._world = world
        self._runner = runner
        self._new_id = new_id

    def create(self, parent: Parent, body: object) -> Job:
        """Check, enter and start a job."""
        spec = checked(body, self._world.settings)
        fault = self._world.faults.job(spec.display_name) or JobFault()
        now = self._world.clock.now()
        lag = timedelta(seconds=self._world.settings.list_lag_s + fault.list_lag_s)
        job = new_job(parent.job(str(self._new_id())), spec, now, now + lag)
        self._world.book.add(job)
        self._runner.start(job, fault)
        return job

    def get(self, name: JobName) -> Job:
        """The job as it stands."""
        job = self._world.book.find(name)
        if job is None:
            raise _not_found(name)
        return job

    def list(self, parent: Parent, filter_text: str, page_size: int, token: str) -> Page:
        """The jobs that pass a filter, newest first; the newest may still be missing."""
        fits, now = parse(filter_text), self._world.clock.now()
        known = _after(list(self._world.book.below(parent)), token)
        jobs = [job for job in known if job.listed <= now and fits(job)]
        size = min(page_size, _PAGE_SIZE_MAX) or _PAGE_SIZE
        return Page(jobs[:size], _token(jobs[size - 1]) if len(jobs) > size else "")

    def cancel(self, name: JobName) -> None:
        """Ask a job to stop; it ends soon after, with what it has."""
        now = self._world.clock.now()
        self.get(name)
        self._world.book.change(name, lambda job: _cancelling(job, now))
        self._runner.cancel(name)

    def delete(self, name: JobName) -> None:
        """Forget a job that has ended."""
        self.get(name)
        if self._world.book.remove(name) is None:
            raise ApiError(Code.FAILED_PRECONDITION, f"{name} has not ended; cancel it first.")


def _cancelling(job: Job, now: datetime) -> Job:
    if job.state in ENDS:
        raise ApiError(Code.FAILED_PRECONDITION, f"{job.name} has ended in {job.state.name}; it cannot be cancelled.")
    if job.state is JobState.JOB_STATE_CANCELLING:
        return job
    return moved(job, JobState.JOB_STATE_CANCELLING, now)


def _not_found(name: str) -> ApiError:
    return ApiError(Code.NOT_FOUND, f"The BatchPredictionJob {name} does not exist.")


def _token(job: Job) -> str:
    return base64.urlsafe_b64encode(job.job_id.encode()).decode()


def _after(jobs: list[Job], token: str) -> list[Job]:
    if not token:
        return jobs
    try:
        job_id = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        job_id = ""
    for at, job in enumerate(jobs):
        if job.job_id == job_id:
            return jobs[at + 1 :]
    raise ApiError(Code.INVALID_ARGUMENT, "The page token is invalid.")
