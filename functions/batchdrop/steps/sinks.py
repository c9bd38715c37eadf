"""Where a part's results and failed records go: lines, or Parquet."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from batchdrop.domain.job import InputFormat, Job, Layout, OutputFormat
from batchdrop.rows.failures import failed_line
from batchdrop.rows.results import Lines, ResultFormat
from batchdrop.rows.values import Answered, BadRow, Failed
from batchdrop.steps.blocks import Blocks
from batchdrop.steps.context import Context
from batchdrop.steps.lots import LazyObject
from batchdrop.steps.prompts import prompt_of

if TYPE_CHECKING:
    from batchdrop.rows.parquet_results import ParquetResults


class ResultSink(Protocol):
    """Takes a part's results in order."""

    def write(self, results: Iterable[Answered]) -> None:
        """Write them all."""


class FailedSink(Protocol):
    """Takes a part's failed rows in order; `rows` counts those that were written."""

    rows: int

    def add(self, failed: Failed | BadRow) -> None:
        """Take one."""

    def end(self) -> None:
        """Write what is left."""


def layout_of(job: Job) -> Layout:
    """The layout of a job that was planned."""
    if job.layout is None:
        raise AssertionError("a job with shards has a layout")
    return job.layout


def format_of(job: Job) -> ResultFormat:
    """How this job's results are written."""
    layout = layout_of(job)
    return ResultFormat(
        layout=layout,
        output=job.output_format,
        columns=layout.columns or tuple(column.name for column in job.columns),
        answer=job.answer_columns,
        raw_csv=job.options.raw_csv,
    )


def result_sink(context: Context, job: Job, first_row: int, target: LazyObject) -> ResultSink:
    """Open what takes the results of a part, whose first row is that of the file; nothing is written before one."""
    if job.output_format is not OutputFormat.PARQUET:
        return _LineResults(Lines(format_of(job)), first_row, Blocks(target))
    from batchdrop.rows.parquet_results import ParquetResults  # noqa: PLC0415  # pyarrow takes time and memory

    native = layout_of(job).format is InputFormat.VERTEX_JSONL
    prompt = None if native else prompt_of(context, job)
    schema = None if prompt is None else prompt.output_schema
    return _TableResults(ParquetResults(format_of(job), job.columns, schema, target.write), first_row)


def failed_sink(layout: Layout, target: LazyObject) -> FailedSink:
    """Open what takes the failed records of a part, in the input's own format."""
    if layout.format is not InputFormat.PARQUET:
        return _FailedLines(Blocks(target))
    from batchdrop.rows.parquet_results import ParquetFailed  # noqa: PLC0415  # pyarrow takes time and memory

    return ParquetFailed(layout, target.write)


class _LineResults:
    def __init__(self, lines: Lines, first_row: int, blocks: Blocks) -> None:
        self._line = lines.line
        self._first = first_row
        self._blocks = blocks

    def write(self, results: Iterable[Answered]) -> None:
        line, first = self._line, self._first
        self._blocks.write(line(one, first + one.side.row) for one in results)


class _TableResults:
    def __init__(self, table: "ParquetResults", first_row: int) -> None:
        self._table = table
        self._first = first_row

    def write(self, results: Iterable[Answered]) -> None:
        for one in results:
            self._table.add(one, self._first + one.side.row)
        self._table.end()


class _FailedLines:
    def __init__(self, blocks: Blocks) -> None:
        self.rows = 0
        self.end = blocks.end
        self._add = blocks.add

    def add(self, failed: Failed | BadRow) -> None:
        line = failed_line(failed)
        self.rows += bool(line)
        self._add(line)
