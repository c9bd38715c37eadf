"""The columns of records without a header: seen while staging, settled when the whole input is known."""

from collections.abc import Iterable

import msgspec
import orjson

from batchdrop.domain.columns import FoundColumns
from batchdrop.domain.job import InputFormat, Job, OutputFormat
from batchdrop.rows.result_columns import ColumnFinder, all_columns, answer_columns, untaken
from batchdrop.rows.values import Row


class RecordColumns:
    """Looks for columns in the records of a shard, if its job needs to know them."""

    def __init__(self, job: Job) -> None:
        self._finder = (
            ColumnFinder(_wanted(job), kinds=job.output_format is OutputFormat.PARQUET) if _asks(job) else None
        )

    def see(self, row: Row) -> None:
        """Take note of a row that is asked. A native one is parsed for it; few jobs want a table of those."""
        if self._finder is not None:
            self._finder.see(row.value or orjson.loads(row.raw))

    @property
    def found(self) -> FoundColumns:
        """What was found."""
        return FoundColumns() if self._finder is None else self._finder.found


def with_columns(job: Job, shards: Iterable[FoundColumns]) -> Job:
    """Fix the columns of a job's results, given what was found in its shards, in order."""
    if not _asks(job):
        return msgspec.structs.replace(job, answer_columns=_wanted(job))
    found = all_columns(shards, _wanted(job))
    return msgspec.structs.replace(
        job,
        columns=() if found.too_many else found.columns,
        answer_columns=untaken(_wanted(job), (column.name for column in found.columns)),
    )


def _asks(job: Job) -> bool:
    """JSONL has no header. Native lines keep theirs and have no columns, unless they become a table."""
    match job.layout.format if job.layout is not None else None:
        case InputFormat.JSONL:
            return True
        case InputFormat.VERTEX_JSONL:
            return job.output_format is not OutputFormat.JSONL
        case _:
            return False


def _wanted(job: Job) -> tuple[str, ...]:
    return job.answer_columns or answer_columns(None, ())
