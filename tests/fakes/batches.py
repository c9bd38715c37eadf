"""Vertex AI's batch jobs in memory: nothing runs, the test says how each job ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import msgspec

from batchdrop.domain.ids import VertexJobName
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, BatchSpec, VertexJob, VertexState
from batchdrop.ports import Clock


class Refusal(msgspec.Struct, frozen=True):
    """How a create goes wrong; with `made` there is a job all the same, of which the caller does not hear."""

    error: Exception
    made: bool = False


class FakeBatches:
    """`BatchService` in memory.

    `refusals` go wrong one after the other, before a create works; a test may check that all were used.
    `list_lag` is how long a new job is hidden from lists. `project` is what job names hold: Vertex puts the
    project's number there, whatever it was asked by.
    """

    def __init__(self, clock: Clock, project: str = "123456789012", list_lag: timedelta = timedelta()) -> None:
        self.refusals: list[Refusal] = []
        self.list_lag = list_lag
        self.specs: dict[VertexJobName, BatchSpec] = {}
        self.cancelled: list[VertexJobName] = []
        self._clock = clock
        self._project = project
        self._jobs: dict[VertexJobName, VertexJob] = {}
        self._numbers = count(1000)

    def create(self, spec: BatchSpec) -> VertexJobName:
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal is not None and not refusal.made:
            raise refusal.error
        name = self._make(spec)
        if refusal is not None:
            raise refusal.error
        return name

    def get(self, name: VertexJobName) -> VertexJob | None:
        return self._jobs.get(name)

    def find(self, location: str, display_name: str) -> list[VertexJob]:
        return [job for job in reversed(self._listed(location)) if job.display_name == display_name]

    def of_installation(self, location: str, installation: str, since: datetime) -> Iterator[VertexJob]:
        for job in self._listed(location):
            if job.labels.get("batchdrop") == installation and job.created_at and job.created_at >= since:
                yield job

    def cancel(self, name: VertexJobName) -> None:
        self.cancelled.append(name)
        job = self._jobs.get(name)
        if job is not None and job.state not in TERMINAL_VERTEX_STATES:
            self._jobs[name] = msgspec.structs.replace(job, state=VertexState.CANCELLING)

    def run(self, name: VertexJobName) -> None:
        """Let a job begin."""
        now = self._clock.now()
        self._jobs[name] = msgspec.structs.replace(self._jobs[name], state=VertexState.RUNNING, started_at=now)

    def end(
        self,
        name: VertexJobName,
        state: VertexState = VertexState.SUCCEEDED,
        *,
        completed: int | None = None,
        error_code: int = 0,
        error_message: str = "",
    ) -> VertexJob:
        """Let a job end; its answers, if any, are for the test to write below `output_directory`."""
        prefix = self.specs[name].output_uri_prefix.rstrip("/")
        job = msgspec.structs.replace(
            self._jobs[name],
            state=state,
            ended_at=self._clock.now(),
            completed=completed,
            error_code=error_code,
            error_message=error_message,
            output_directory=f"{prefix}/prediction-model-{self._clock.now().isoformat()}",
        )
        self._jobs[name] = job
        return job

    def remove(self, name: VertexJobName) -> None:
        """Delete a job, as a person can."""
        del self._jobs[name]

    def jobs(self) -> list[VertexJob]:
        """All jobs, oldest first, whether listed yet or not."""
        return list(self._jobs.values())

    def _make(self, spec: BatchSpec) -> VertexJobName:
        number = next(self._numbers)
        name = VertexJobName(f"projects/{self._project}/locations/{spec.location}/batchPredictionJobs/{number}")
        self.specs[name] = spec
        self._jobs[name] = VertexJob(
            name=name,
            display_name=spec.display_name,
            state=VertexState.PENDING,
            labels=dict(spec.labels),
            created_at=self._clock.now(),
        )
        return name

    def _listed(self, location: str) -> list[VertexJob]:
        seen = self._clock.now() - self.list_lag
        jobs = [job for job in self._jobs.values() if job.created_at is not None and job.created_at <= seen]
        return [job for job in jobs if job.name.split("/")[3] == location]
