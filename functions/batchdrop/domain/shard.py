"""A shard: a contiguous slice of a job's rows, and the lots that its rows are asked in."""

from datetime import datetime
from enum import StrEnum

import msgspec

from batchdrop.domain.columns import FoundColumns
from batchdrop.domain.estimate import Estimate
from batchdrop.domain.ids import BatchId, JobId, LaneId, LotNumber, ShardIndex, shard_key
from batchdrop.domain.refs import Document, Op, Query, Ref, Where
from batchdrop.domain.states import LotState, ShardState
from batchdrop.domain.usage import Spent


class Ready(StrEnum):
    """Which lots of a shard may be submitted. Nothing of a job is, before it is admitted."""

    NONE = "NONE"
    CANARY = "CANARY"
    ALL = "ALL"


class ByteSlice(msgspec.Struct, frozen=True, tag="bytes"):
    """The rows whose first byte lies in [start, end) of the input."""

    start: int
    end: int


class RowGroups(msgspec.Struct, frozen=True, tag="groups"):
    """The rows of the row groups [first, end) of a Parquet input."""

    first: int
    end: int


class StoredSlice(msgspec.Struct, frozen=True, tag="stored"):
    """Whole records of a compressed input, unpacked into an object in `work` of `size` bytes."""

    name: str
    size: int


Slice = ByteSlice | RowGroups | StoredSlice


class Tally(msgspec.Struct, frozen=True):
    """What became of the answers of a lot, or of several.

    `refused` are blocked for what they say, `misfits` are not the JSON that the schema asks for, at any attempt.

    Answers that count besides, among them those of the results: `duplicates` were answered before,
    `unknown_echoes` echo a request that nobody sent and were taken by their key, `foreign` echo another row's request
    and were put aside, `rekeyed` came under a damaged key and were taken by their echo, `lenient` had something
    around their JSON, `unreported` did not tell what they took.
    """

    results: int = 0
    errors: int = 0
    retried: int = 0
    duplicates: int = 0
    unknown_echoes: int = 0
    foreign: int = 0
    rekeyed: int = 0
    lenient: int = 0
    refused: int = 0
    misfits: int = 0
    unreported: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Sum field by field."""
        return Tally(
            results=self.results + other.results,
            errors=self.errors + other.errors,
            retried=self.retried + other.retried,
            duplicates=self.duplicates + other.duplicates,
            unknown_echoes=self.unknown_echoes + other.unknown_echoes,
            foreign=self.foreign + other.foreign,
            rekeyed=self.rekeyed + other.rekeyed,
            lenient=self.lenient + other.lenient,
            refused=self.refused + other.refused,
            misfits=self.misfits + other.misfits,
            unreported=self.unreported + other.unreported,
        )


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one shard that are asked together.

    `requests` and `sidecar` name the objects in `work` with its request lines and with its rows
    (number, line, fingerprint, record), both in row order. `closed` names the outcomes of its rows.
    `signature` maps JSON path to type; None rides with no other lot. A lot with a `ride` rides with lots
    of the same only: suspects of a batch that could not be imported. `sifted` suspects were told apart by the
    commonness of their shapes already. `misfit`: an answer to each of its rows was not the JSON asked for.
    The rows of a `canary` are asked before all others of the job. So many `twins` stand in the sidecar besides: they
    ask the same as a row before them in the lot, have no request line, and get its answer.
    """

    number: LotNumber
    attempt: int
    rows: int
    bytes: int
    requests: str
    sidecar: str
    signature: dict[str, str] | None
    state: LotState = LotState.WAITING
    batch: BatchId | None = None
    due_at: datetime | None = None
    system_retries: int = 0
    ride: str = ""
    sifted: bool = False
    misfit: bool = False
    canary: bool = False
    twins: int = 0
    closed: str = ""

    @property
    def all_rows(self) -> int:
        """Rows that are asked, and rows that share their answers."""
        return self.rows + self.twins


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A shard's share of the output: objects in `work`, empty names where there is nothing.

    `failed_rows` may be less than `error_rows`: records too large to be kept are not handed back.
    """

    results: str = ""
    errors: str = ""
    failed: str = ""
    result_rows: int = 0
    error_rows: int = 0
    failed_rows: int = 0


class Shard(Document, frozen=True, kw_only=True):
    """A contiguous slice of a job's rows; the unit of order and of result.

    `rows`, `invalid`, `twins`, `lines` and `estimate`, by rule, are known once staged; `first_row` and `first_line`
    (both from 0: what lies before the shard in the whole file) once admitted. `waiting`, `due_at` and `rank` are what
    submit asks for. `spent` is what answers took, `saved` what they would have taken more if twins had been asked.
    """

    job: JobId
    index: ShardIndex
    slice: Slice
    state: ShardState = ShardState.PLANNED
    rows: int = 0
    invalid: int = 0
    twins: int = 0
    lines: int = 0
    invalid_object: str = ""
    columns: FoundColumns = FoundColumns()
    estimate: Estimate = Estimate()
    first_row: int = 0
    first_line: int = 0
    ready: Ready = Ready.NONE
    lots: tuple[Lot, ...] = ()
    lane: LaneId = LaneId("")
    waiting: bool = False
    due_at: datetime | None = None
    rank: float = 0.0
    tally: Tally = Tally()
    spent: tuple[Spent, ...] = ()
    saved: tuple[Spent, ...] = ()
    part: Part | None = None
    expire_at: datetime | None = None


def shards_path(job: JobId) -> str:
    """Where the shards of a job live."""
    return f"jobs/{job}/shards"


def shard_ref(job: JobId, index: ShardIndex) -> Ref[Shard]:
    """Where a shard's document lives."""
    return Ref(f"{shards_path(job)}/{shard_key(job, index)}", Shard)


def shards_of(job: JobId) -> Query[Shard]:
    """All shards of a job, in order of the input."""
    return Query(kind=Shard, collection=shards_path(job), order_by=("index",))


def shards_in_any_order(job: JobId) -> Query[Shard]:
    """All shards of a job, for sums over them: an order would ask for an index over it and each sum."""
    return Query(kind=Shard, collection=shards_path(job))


def shards_in(job: JobId, state: ShardState) -> Query[Shard]:
    """The shards of a job in one state."""
    return Query(kind=Shard, collection=shards_path(job), where=(Where("state", Op.EQUAL, state),))


def waiting_shards(lane: LaneId, now: datetime, limit: int) -> Query[Shard]:
    """Shards of all jobs in a lane that have lots to submit now, first in rank first."""
    return Query(
        kind=Shard,
        collection="shards",
        group=True,
        where=(
            Where("lane", Op.EQUAL, lane),
            Where("waiting", Op.EQUAL, value=True),
            Where("due_at", Op.AT_MOST, now),
        ),
        order_by=("rank",),
        limit=limit,
    )


def any_waiting_shards(now: datetime) -> Query[Shard]:
    """Shards in any lane that have lots to submit now: how the tick knows that there is work."""
    return Query(
        kind=Shard,
        collection="shards",
        group=True,
        where=(Where("waiting", Op.EQUAL, value=True), Where("due_at", Op.AT_MOST, now)),
    )
