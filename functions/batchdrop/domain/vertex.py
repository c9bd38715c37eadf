"""What Vertex says of a batch prediction job, and what follows from it."""

from datetime import datetime
from enum import IntEnum, StrEnum, auto
from typing import assert_never

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.ids import BatchId, ModelName, VertexJobName


class VertexState(IntEnum):
    """`JobState` of the API, by its numbers (google.cloud.aiplatform.v1.JobState)."""

    UNSPECIFIED = 0
    QUEUED = 1
    PENDING = 2
    RUNNING = 3
    SUCCEEDED = 4
    FAILED = 5
    CANCELLING = 6
    CANCELLED = 7
    PAUSED = 8
    EXPIRED = 9
    UPDATING = 10
    PARTIALLY_SUCCEEDED = 11


TERMINAL_VERTEX_STATES = frozenset(
    {
        VertexState.SUCCEEDED,
        VertexState.FAILED,
        VertexState.CANCELLED,
        VertexState.EXPIRED,
        VertexState.PARTIALLY_SUCCEEDED,
    }
)
"""Our own set: the SDKs' sets miss EXPIRED or PARTIALLY_SUCCEEDED and hold PAUSED, from which a job goes on."""


class VertexJob(msgspec.Struct, frozen=True, kw_only=True):
    """A batch prediction job as Vertex tells it. A state number we do not know is UNSPECIFIED: wait.

    `started_at` is when it first ran, `ended_at` when it was last heard of in its end; None where Vertex does not say.
    """

    name: VertexJobName
    display_name: str
    state: VertexState
    labels: dict[str, str] = {}
    error_code: int = 0
    error_message: str = ""
    output_directory: str = ""
    completed: int | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def ran_out(self) -> bool:
        """Tell whether it ran for as long as Vertex lets any; in which state that ends is nowhere documented."""
        if self.started_at is None or self.ended_at is None:
            return False
        return self.ended_at - self.started_at >= limits.VERTEX_RUN


class BatchSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask of Vertex. URIs are gs://; `labels` carry batch, try and installation."""

    batch: BatchId
    display_name: str
    model: ModelName
    location: str
    input_uri: str
    output_uri_prefix: str
    labels: dict[str, str]


class Failure(StrEnum):
    """What to do with the lots of a batch that failed as a whole."""

    IMPORT = auto()
    SYSTEM = auto()
    FATAL = auto()


_IMPORT_CODES = frozenset({3})
_FATAL_CODES = frozenset({7, 9, 5, 16, 400, 403, 404})


def failure_of(code: int) -> Failure:
    """Judge the error code of a failed job, or the HTTP status of a refused create.

    3: the importer stumbled over some row. 7, 9 and 5: permission, bucket or model, which trying again
    does not mend. All others (13, 8, 14) are the platform's own trouble.
    """
    if code in _IMPORT_CODES:
        return Failure.IMPORT
    if code in _FATAL_CODES:
        return Failure.FATAL
    return Failure.SYSTEM


def endpoint_of(location: str) -> str:
    """Host of the API that serves a location; `global`, the multi-regions and regions each have their form."""
    if location == "global":
        return "aiplatform.googleapis.com"
    if location in {"us", "eu"}:
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"


def remedy(failure: Failure) -> str:
    """Say what a person can do about a batch that failed as a whole."""
    match failure:
        case Failure.IMPORT:
            return "Compare the row's structure with its neighbours': Vertex imports all rows as one table."
        case Failure.SYSTEM:
            return "Drop failed.* again later; the platform had trouble of its own."
        case Failure.FATAL:
            return (
                "Check the model's name and location, and that Vertex's service agent may read `work` "
                "and write `predictions`; then drop the file again."
            )
        case _:
            assert_never(failure)
