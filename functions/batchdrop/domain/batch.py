"""A batch: one Vertex BatchPredictionJob and the lots it carries."""

from datetime import datetime

import msgspec

from batchdrop.domain.ids import BatchId, JobId, LaneId, LotNumber, ModelName, ShardIndex, VertexJobName, read_batch_id
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.refs import Document, Op, Query, Ref, Where
from batchdrop.domain.states import BatchState
from batchdrop.domain.vertex import VertexState


class LotRef(msgspec.Struct, frozen=True, order=True):
    """Names one lot among all."""

    job: JobId
    shard: ShardIndex
    lot: LotNumber


class Claim(msgspec.Struct, frozen=True):
    """Who may make the Vertex call of a try, and since when. A later claim takes the try over."""

    owner: str
    at: datetime


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch ended. `promised` is how many answers its completion stats speak of; None is unknown.

    `state` is None where there never was a job: Vertex refused to create it, and `code` is the HTTP status; or it was
    given up, and `code` is 0. `ran_out`: the job had run as long as Vertex lets any run.
    """

    at: datetime
    state: VertexState | None
    code: int = 0
    message: str = ""
    promised: int | None = None
    ran_out: bool = False
    files: tuple[ObjectInfo, ...] = ()


class Batch(Document, frozen=True, kw_only=True):
    """One Vertex job, from the commit that decides it to the one that closes its last lot.

    Each try has its own input object and output prefix, `tries` counts from 1. `taken_over` is when an older
    claim was found lapsed, so that the try's input may be gone; `cleared` is when it surely was: Vertex's list is
    trusted only some time after that. `awaited_by` are jobs that failed, and finish when their batches are closed.
    """

    id: BatchId
    lane: LaneId
    model: ModelName
    location: str
    state: BatchState
    lots: tuple[LotRef, ...]
    jobs: tuple[JobId, ...]
    rows: int
    bytes: int
    created_at: datetime
    claim: Claim
    tries: int = 1
    taken_over: datetime | None = None
    cleared: datetime | None = None
    due_at: datetime | None = None
    vertex_name: VertexJobName | None = None
    submitted_at: datetime | None = None
    ending: Ending | None = None
    cancel: bool = False
    awaited_by: tuple[JobId, ...] = ()
    expire_at: datetime | None = None

    def try_name(self, number: int | None = None) -> str:
        """Display name at Vertex of a try, the running one unless told: `batch-try`."""
        return f"{self.id}-{self.tries if number is None else number}"

    def is_claimed_as(self, claimed: "Batch") -> bool:
        """Tell whether this is still the try, under the very claim, that a run set out with."""
        now = (self.state, self.tries, self.claim, self.taken_over)
        return now == (BatchState.SUBMITTING, claimed.tries, claimed.claim, claimed.taken_over)

    @property
    def input_object(self) -> str:
        """The running try's own request file in `work`."""
        return f"batches/{self.id}/{self.tries}/requests.jsonl"

    @property
    def output_prefix(self) -> str:
        """Where in `predictions` the running try's answers land."""
        return f"{self.id}/{self.tries}/"


def batch_ref(batch: BatchId) -> Ref[Batch]:
    """Where a batch's document lives."""
    return Ref(f"batches/{batch}", Batch)


def batches_in(state: BatchState) -> Query[Batch]:
    """All batches in one state."""
    return Query(kind=Batch, collection="batches", where=(Where("state", Op.EQUAL, state),))


def batches_with(job: JobId) -> Query[Batch]:
    """All batches that carry lots of a job."""
    return Query(kind=Batch, collection="batches", where=(Where("jobs", Op.CONTAINS, job),))


def batch_of_output(object_name: str) -> BatchId | None:
    """Tell the batch from the name of an object in `predictions`, or None for a stranger's."""
    head, separator, _ = object_name.partition("/")
    return read_batch_id(head) if separator else None
