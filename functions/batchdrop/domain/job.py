"""A job: one uploaded object and all that is known of it as a whole."""

from datetime import datetime
from enum import StrEnum

import msgspec

from batchdrop.domain.ids import Generation, JobId, LaneId, ModelName, ShardIndex
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.reasons import Reason
from batchdrop.domain.refs import Document, Op, Query, Ref, Where
from batchdrop.domain.states import JobState


class InputFormat(StrEnum):
    """How the rows of an input are written."""

    VERTEX_JSONL = "vertex-jsonl"
    JSONL = "jsonl"
    CSV = "csv"


class OutputFormat(StrEnum):
    """How results are written."""

    JSONL = "jsonl"
    CSV = "csv"


class UnknownFields(StrEnum):
    """What becomes of a request's fields and enum names that this version does not know."""

    ERROR = "error"
    ALLOW = "allow"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What `batch.*` in a prompt's front matter decides."""

    output: OutputFormat | None = None
    max_invalid: float = 0.1
    max_attempts: int = 3
    max_cost_usd: str | None = None
    allow_truncated: bool = False
    priority: int = 5
    labels: dict[str, str] = {}
    unknown_fields: UnknownFields = UnknownFields.ERROR


class PinnedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt a job runs with: the generation that was found when it was planned."""

    bucket: str
    name: str
    generation: Generation


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What the head of the input tells of all its rows.

    `body` is the offset of the first row's byte, after a BOM and a CSV's header, whose lines are `head_lines`.
    """

    format: InputFormat
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    body: int = 0
    head_lines: int = 0


class PlanCursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far planning has come: the next byte to slice, the shards cut, the waves committed."""

    position: int = 0
    shards: int = 0
    waves: int = 0
    done: bool = False


class Job(Document, frozen=True, kw_only=True):
    """One uploaded object: bucket, name, generation."""

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
    options: Options = Options()
    layout: Layout | None = None
    answer_columns: tuple[str, ...] = ()
    held_at: datetime | None = None
    cursor: PlanCursor = PlanCursor()
    expire_at: datetime | None = None

    @property
    def output_format(self) -> OutputFormat:
        """The format asked for, else the input's own."""
        if self.options.output is not None:
            return self.options.output
        is_csv = self.layout is not None and self.layout.format is InputFormat.CSV
        return OutputFormat.CSV if is_csv else OutputFormat.JSONL

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


class ShardKey(msgspec.Struct, frozen=True, order=True):
    """Names one shard among all."""

    job: JobId
    index: ShardIndex
