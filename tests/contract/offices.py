"""A batch service for the contract suite, with a say in how its jobs go."""

import time
from typing import Protocol

import msgspec

from batchdrop.domain.ids import BatchId, ModelName, VertexJobName
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, BatchSpec, VertexJob, VertexState
from batchdrop.ports import BatchService
from infra.local.vertex.control import JobFault, VertexControl
from tests.fakes.batches import FakeBatches

ROWS = 3
_PATIENCE_S = 20.0


class Office(Protocol):
    """What a test does beside calling the port."""

    @property
    def service(self) -> BatchService:
        """The port under test."""

    @property
    def bucket(self) -> str:
        """Where the input `rows.jsonl` lies, of three rows, and answers go."""

    def hold(self, display_name: str) -> None:
        """Let the job of that name, not yet created, go on until it is cancelled."""

    def end_of(self, name: VertexJobName) -> VertexJob:
        """Wait until a job has ended, by itself or as asked."""


class FakeOffice(msgspec.Struct):
    """Jobs that end when they are waited for."""

    service: FakeBatches
    bucket: str = "bucket"

    def hold(self, display_name: str) -> None:
        """Nothing in memory ends by itself."""

    def end_of(self, name: VertexJobName) -> VertexJob:
        job = self.service.get(name)
        assert job is not None
        if job.state in TERMINAL_VERTEX_STATES:
            return job
        cancelled = job.state is VertexState.CANCELLING
        if not cancelled:
            self.service.run(name)
        return self.service.end(name, VertexState.CANCELLED if cancelled else VertexState.SUCCEEDED, completed=ROWS)


class StandInOffice(msgspec.Struct):
    """Jobs that the stand-in works on."""

    service: BatchService
    bucket: str
    control: VertexControl

    def hold(self, display_name: str) -> None:
        self.control.add(JobFault(display_name=display_name, never=True))

    def end_of(self, name: VertexJobName) -> VertexJob:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            job = self.service.get(name)
            assert job is not None
            if job.state in TERMINAL_VERTEX_STATES:
                return job
            time.sleep(0.01)
        raise AssertionError(f"{name} did not end")


def spec_of(
    office: Office, display_name: str, *, location: str = "global", model: str = "", installation: str = "here"
) -> BatchSpec:
    """Ask for a job over the rows that lie there."""
    return BatchSpec(
        batch=BatchId("b1"),
        display_name=display_name,
        model=ModelName(model or "gemini-3.5-flash"),
        location=location,
        input_uri=f"gs://{office.bucket}/rows.jsonl",
        output_uri_prefix=f"gs://{office.bucket}/{display_name}/",
        labels={"batchdrop": installation, "batchdrop-batch": "b1", "batchdrop-try": "1"},
    )
