"""Writing a shard's part of the output: its rows in order, results in one object, errors and failed in others."""

import heapq
from collections.abc import Iterator
from contextlib import ExitStack

import msgspec

from batchdrop.domain.errors import BatchdropError
from batchdrop.domain.ids import row_key
from batchdrop.domain.job import InputFormat, Job, Layout
from batchdrop.domain.shard import Lot, Part, Shard
from batchdrop.domain.states import LotState
from batchdrop.rows.outcomes import merge_outcomes, read_outcomes
from batchdrop.rows.results import ResultFormat, error_line, failed_record, result_format
from batchdrop.rows.sidecar import read_invalid, read_sidecar
from batchdrop.rows.values import Answered, BadRow, Failed, Problem
from batchdrop.steps.context import Context
from batchdrop.steps.lots import LazyObject


class RowsDoNotAddUp(BatchdropError):
    """A shard's results and errors are not its rows. The job must not close like this."""


class Base(msgspec.Struct, frozen=True):
    """What lies before a shard in the whole file."""

    rows: int = 0
    lines: int = 0


def format_of(job: Job) -> ResultFormat:
    """How this job's results are written."""
    layout = layout_of(job)
    native = layout.format is InputFormat.VERTEX_JSONL
    return result_format(layout, job.output_format, job.answer_columns, native)


def layout_of(job: Job) -> Layout:
    """The layout of a job that was planned."""
    if job.layout is None:
        raise AssertionError("a job with shards has a layout")
    return job.layout


def write_part(context: Context, job: Job, shard: Shard, base: Base, unanswered: Problem | None) -> Part:
    """Write what a shard gives to the output.

    Rows of lots that are not closed become errors with the problem given; without one they are left out, as rows
    that were never asked.

    Raises:
        RowsDoNotAddUp: a row would be lost or doubled.
    """
    writer_format = format_of(job)
    layout = layout_of(job)
    folder = f"jobs/{job.id}/{shard.index:06d}/{context.tokens.fresh()}"
    results = errors = 0
    with ExitStack() as stack:
        result_file = LazyObject(context, stack, f"{folder}/results")
        error_file = LazyObject(context, stack, f"{folder}/errors.jsonl")
        failed_file = LazyObject(context, stack, f"{folder}/failed")
        for row in _in_order(context, shard, unanswered):
            if isinstance(row, Answered):
                result_file.write(writer_format.result(row, base.rows + row.side.row))
                results += 1
                continue
            key = row_key(job.id, shard.index, row.row if isinstance(row, BadRow) else row.side.row)
            error_file.write(error_line(row, base.rows, base.lines, key, layout))
            raw = row.raw if isinstance(row, BadRow) else row.side.text().encode()
            failed_file.write(failed_record(raw, layout))
            errors += 1
    _check(shard, results + errors, not_asked(shard) if unanswered is None else 0)
    return Part(
        results=result_file.name,
        errors=error_file.name,
        failed=failed_file.name,
        result_rows=results,
        error_rows=errors,
    )


def not_asked(shard: Shard) -> int:
    """Rows in lots that are not closed."""
    return sum(lot.rows for lot in shard.lots if lot.state is not LotState.CLOSED)


def _in_order(context: Context, shard: Shard, unanswered: Problem | None) -> Iterator[Answered | Failed | BadRow]:
    lots = [rows for lot in shard.lots if (rows := _lot_rows(context, lot, unanswered)) is not None]
    streams: list[Iterator[Answered | Failed | BadRow]] = [iter(merge_outcomes(lots))]
    if shard.invalid_object:
        streams.append(read_invalid(context.objects.read(context.settings.work_bucket, shard.invalid_object)))
    return heapq.merge(*streams, key=lambda row: row.row if isinstance(row, BadRow) else row.side.row)


def _lot_rows(context: Context, lot: Lot, unanswered: Problem | None) -> Iterator[Answered | Failed] | None:
    bucket = context.settings.work_bucket
    if lot.state is LotState.CLOSED:
        return read_outcomes(context.objects.read(bucket, lot.closed)) if lot.closed else None
    if unanswered is None:
        return None
    sides = read_sidecar(context.objects.read(bucket, lot.sidecar))
    return (Failed(side=side, problem=unanswered) for side in sides)


def _check(shard: Shard, written: int, left_out: int) -> None:
    if written + left_out != shard.rows:
        raise RowsDoNotAddUp(
            f"Shard {shard.index} of job {shard.job} has {shard.rows} rows, but its part has {written}"
            f" and {left_out} were not asked. Nothing is closed; look for the missing rows in `work`."
        )
