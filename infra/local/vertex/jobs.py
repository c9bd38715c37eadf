"""One batch prediction job as a value, and how it changes. Times are UTC."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NewType

import msgspec

from infra.local.vertex.states import MOVES, TIMED_ENDS, JobState

JobName = NewType("JobName", str)


class Parent(msgspec.Struct, frozen=True):
    """A project (id or number) and a location."""

    project: str
    location: str

    @property
    def path(self) -> str:
        """`projects/NUMBER/locations/L`: Vertex names what it makes by the project's number."""
        return f"projects/{project_number(self.project)}/locations/{self.location}"

    def job(self, job_id: str) -> JobName:
        """The resource name of a job below this parent."""
        return JobName(f"{self.path}/batchPredictionJobs/{job_id}")


class JobSpec(msgspec.Struct, frozen=True):
    """What a caller asked for. `body` is the checked request in REST names, echoed as it came."""

    display_name: str
    model_id: str
    input_uris: tuple[str, ...]
    output_prefix: str
    labels: Mapping[str, str]
    body: Mapping[str, Any]


class Stats(msgspec.Struct, frozen=True):
    """Rows by outcome; `incomplete` is -1 where the service does not know the total."""

    successful: int = 0
    failed: int = 0
    incomplete: int = 0


class Failure(msgspec.Struct, frozen=True):
    """A `google.rpc.Status` without details."""

    code: int
    message: str


class Job(msgspec.Struct, frozen=True):
    """A job at one moment. `stats` is None until rows are counted, `output_directory` until it runs.

    Lists show it from the time `listed` on; at `cancelled` somebody asked it to stop.
    """

    name: JobName
    spec: JobSpec
    state: JobState
    created: datetime
    updated: datetime
    listed: datetime
    cancelled: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    stats: Stats | None = None
    output_directory: str | None = None
    error: Failure | None = None

    @property
    def job_id(self) -> str:
        """The number at the end of the name."""
        return self.name.rpartition("/")[2]


class IllegalMoveError(Exception):
    """A job was asked to go from one state to another that may not follow it."""


def new_job(name: JobName, spec: JobSpec, now: datetime, listed: datetime) -> Job:
    """A job as create leaves it."""
    return Job(name, spec, JobState.JOB_STATE_PENDING, created=now, updated=now, listed=listed)


def moved(job: Job, state: JobState, now: datetime, error: Failure | None = None) -> Job:
    """The job in `state`, with the times that go with it.

    Raises:
        IllegalMoveError: `state` may not follow the job's own.
    """
    if state not in MOVES.get(job.state, frozenset()):
        raise IllegalMoveError(f"{job.name} cannot go from {job.state.name} to {state.name}")
    return msgspec.structs.replace(
        job,
        state=state,
        updated=now,
        cancelled=now if state is JobState.JOB_STATE_CANCELLING else job.cancelled,
        started=now if state is JobState.JOB_STATE_RUNNING else job.started,
        ended=now if state in TIMED_ENDS else None,
        error=error,
    )


def output_directory(prefix: str, now: datetime) -> str:
    """`<prefix>/prediction-model-<time>`; `GcsDestination` says that a missing slash is added."""
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"{prefix.rstrip('/')}/prediction-model-{stamp}"


def project_number(project: str) -> str:
    """A twelve-digit number for a project id, always the same one; a number is its own."""
    if project.isdecimal():
        return project
    digest = hashlib.blake2b(project.encode(), digest_size=8).digest()
    return str(10**11 + int.from_bytes(digest) % (9 * 10**11))
