"""A job: one uploaded object and all that is known of it as a whole."""

from datetime import datetime
from enum import StrEnum

import msgspec

from batchdrop.domain.budget import Reservation
from batchdrop.domain.canary import CanaryReport
from batchdrop.domain.columns import Column
from batchdrop.domain.estimate import Forecast
from batchdrop.domain.ids import Generation, JobId, LaneId, ModelName, ShardIndex
from batchdrop.domain.money import Bill
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.prices import Price
from batchdrop.domain.reasons import Reason
from batchdrop.domain.refs import Document, Op, Query, Ref, Where
from batchdrop.domain.states import JobState


class InputFormat(StrEnum):
    """How the rows of an input are written."""

    VERTEX_JSONL = "vertex-jsonl"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Compression(StrEnum):
    """What lies around an input's records, told by magic bytes. A Parquet file is read when it is plain: NONE."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


class OutputFormat(StrEnum):
    """How results are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class UnknownFields(StrEnum):
    """What becomes of a request's fields and enum names that this version does not know."""

    ERROR = "error"
    ALLOW = "allow"


class OverBudget(StrEnum):
    """What becomes of a job that costs more than it may."""

    REJECT = "reject"
    PARK = "park"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What `batch.*` in a prompt's front matter decides.

    `csv_delimiter` is one ASCII character; `csv_quote` too, or empty where quotes are data. None is sniffed.
    `raw_csv` leaves cells of results alone that a spreadsheet would take for formulas. `canary_rows` are asked first,
    and must not fail at a larger share than `canary_max_errors`. `dedupe` sends identical requests of a shard once;
    None means if their temperature is 0.
    """

    output: OutputFormat | None = None
    max_invalid: float = 0.1
    max_attempts: int = 3
    max_submissions: int = 512
    max_cost_usd: str | None = None
    over_budget: OverBudget = OverBudget.REJECT
    canary_rows: int = 0
    canary_max_errors: float = 0.1
    dedupe: bool | None = None
    allow_truncated: bool = False
    priority: int = 5
    labels: dict[str, str] = {}
    csv_delimiter: str | None = None
    csv_quote: str | None = None
    raw_csv: bool = False
    unknown_fields: UnknownFields = UnknownFields.ERROR


class PinnedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt a job runs with: the generation that was found when it was planned."""

    bucket: str
    name: str
    generation: Generation


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What the head of the input tells of all its rows.

    `body` is the offset of the first row's byte, after a BOM and a CSV's header, whose lines are `head_lines`; in a
    compressed input it counts unpacked bytes. `columns` are those of a CSV or a Parquet file; `quote` is empty where
    quotes are data. `schema` is a Parquet file's Arrow schema, types only: an IPC schema
    message, deflated, in base64.
    """

    format: InputFormat
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    quote: str = '"'
    body: int = 0
    head_lines: int = 0
    compression: Compression = Compression.NONE
    schema: str = ""


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """How far an input of compressed records is unpacked into stored slices.

    `lists` names the objects in `work` that list the slices in order, one of each run that unpacked; `position` is
    the next byte to unpack, of the unpacked stream.
    """

    lists: tuple[str, ...] = ()
    slices: int = 0
    position: int = 0
    done: bool = False


class PlainFile(msgspec.Struct, frozen=True, kw_only=True):
    """How far a compressed Parquet file is unpacked into a plain one in `work`.

    `parts` are objects, one of each run that unpacked, of `size` bytes together. `name` is the plain file's, once it
    is whole.
    """

    parts: tuple[str, ...] = ()
    size: int = 0
    name: str = ""


class PlanCursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far planning has come: the shards cut, the waves committed, and the next of the input to make shards of.

    `position` counts what slices are made of: bytes, row groups of a Parquet file, stored slices of compressed records.
    """

    position: int = 0
    shards: int = 0
    waves: int = 0
    done: bool = False
    unpacked: Unpacked | None = None
    plain: PlainFile | None = None


class Job(Document, frozen=True, kw_only=True):
    """One uploaded object: bucket, name, generation.

    `answer_columns` are the answer's columns in the results, wanted until the job is admitted, and then final.
    `columns` are those of records that have no header, known then; none where the records are too unlike.
    `price` is None where the model's is unknown; `estimate` is made when the last row is staged,
    `bill` when the job has ended.
    `canary` is what its canary came to, once it was judged. `reservation` is what it holds of the budgets of a day;
    `at_budget` is the day whose budget step must look at it, to admit it or to settle it.
    """

    id: JobId
    input: ObjectInfo
    state: JobState
    created_at: datetime
    times: dict[str, datetime] = {}
    outcome: JobState | None = None
    reason: Reason | None = None
    warnings: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    prompt: PinnedPrompt | None = None
    model: ModelName = ModelName("")
    lane: LaneId = LaneId("")
    price: Price | None = None
    estimate: Forecast | None = None
    bill: Bill | None = None
    options: Options = Options()
    layout: Layout | None = None
    answer_columns: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    held_at: datetime | None = None
    canary: CanaryReport | None = None
    reservation: Reservation | None = None
    at_budget: str = ""
    cursor: PlanCursor = PlanCursor()
    expire_at: datetime | None = None

    @property
    def output_format(self) -> OutputFormat:
        """The format asked for, else the input's own."""
        if self.options.output is not None:
            return self.options.output
        match self.layout.format if self.layout is not None else None:
            case InputFormat.CSV:
                return OutputFormat.CSV
            case InputFormat.PARQUET:
                return OutputFormat.PARQUET
            case _:
                return OutputFormat.JSONL

    @property
    def rank(self) -> float:
        """Place in the queue, smaller first: age, where one step of priority is worth an hour."""
        return self.created_at.timestamp() - 3600.0 * self.options.priority


def job_ref(job: JobId) -> Ref[Job]:
    """Where a job's document lives."""
    return Ref(f"jobs/{job}", Job)


def jobs_that_wait_for(prompt_name: str) -> Query[Job]:
    """Jobs without a prompt that looked for this one."""
    return Query(
        kind=Job,
        collection="jobs",
        where=(Where("state", Op.EQUAL, JobState.WAITING), Where("searched", Op.CONTAINS, prompt_name)),
    )


def jobs_in(state: JobState) -> Query[Job]:
    """All jobs in one state."""
    return Query(kind=Job, collection="jobs", where=(Where("state", Op.EQUAL, state),))


def jobs_at_budget(day: str, limit: int) -> Query[Job]:
    """Jobs that the budget step of a day must look at."""
    return Query(kind=Job, collection="jobs", where=(Where("at_budget", Op.EQUAL, day),), limit=limit)


class ShardKey(msgspec.Struct, frozen=True, order=True):
    """Names one shard among all."""

    job: JobId
    index: ShardIndex
