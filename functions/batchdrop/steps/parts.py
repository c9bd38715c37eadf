"""Writing a shard's part of the output: its rows in order, results in one object, errors and failed in others."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import msgspec

from batchdrop.domain.errors import BatchdropError
from batchdrop.domain.ids import row_key
from batchdrop.domain.job import Job
from batchdrop.domain.shard import Lot, Part, Shard
from batchdrop.domain.states import LotState
from batchdrop.rows.failures import error_line
from batchdrop.rows.outcomes import merge_outcomes, read_outcomes
from batchdrop.rows.sidecar import read_invalid
from batchdrop.rows.values import Answered, BadRow, Failed, Problem
from batchdrop.steps.blocks import Blocks
from batchdrop.steps.context import Context
from batchdrop.steps.lot_rows import abreast, sides_of
from batchdrop.steps.lots import LazyObject
from batchdrop.steps.sinks import FailedSink, failed_sink, layout_of, result_sink

Ended = Answered | Failed | BadRow


class RowsDoNotAddUp(BatchdropError):
    """A shard's results and errors are not its rows. The job must not close like this."""


class Base(msgspec.Struct, frozen=True):
    """What lies before a shard in the whole file."""

    rows: int = 0
    lines: int = 0


def closed_rows(
    context: Context,
    shard: Shard,
    closing: Iterator[Answered | Failed] | None = None,
    *,
    lost: Sequence[Lot] = (),
    problem: Problem | None = None,
) -> Iterator[Ended]:
    """A shard's rows in order: invalid ones, those of lots that closed, and those of lots that are closing.

    Rows of `lost` lots, which are open, become errors with the problem; those of other open lots are left out.
    """
    bucket = context.settings.work_bucket
    outcomes = abreast(context, [lot.closed for lot in shard.lots if lot.closed])
    closed = [read_outcomes(chunks) for chunks in outcomes]
    lots: list[Iterator[Answered | Failed]] = [*closed, *([] if closing is None else [closing])]
    if lost and problem is not None:
        lots.append(_unanswered(context, lost, problem))
    rows = lots[0] if len(lots) == 1 else merge_outcomes(lots)
    if not shard.invalid_object:
        return rows
    return _with_invalid(rows, read_invalid(context.objects.read(bucket, shard.invalid_object)))


def write_part(  # noqa: PLR0913  # what a part is made of
    context: Context, job: Job, shard: Shard, base: Base, rows: Iterable[Ended], *, left_out: int = 0
) -> Part:
    """Write what a shard gives to the output: its rows in order, all but so many that are left out.

    Raises:
        RowsDoNotAddUp: a row would be lost or doubled.
    """
    with ExitStack() as stack:
        files = _PartFiles(context, stack, job, shard, base)
        files.write(rows)
        part = files.part()
        _check(shard, part.result_rows + part.error_rows, left_out)
    return part


def open_lots(shard: Shard) -> list[Lot]:
    """Lots that are not closed."""
    return [lot for lot in shard.lots if lot.state is not LotState.CLOSED]


class _PartFiles:
    """The three objects of a part, each there only if something is in it."""

    def __init__(self, context: Context, stack: ExitStack, job: Job, shard: Shard, base: Base) -> None:
        folder = f"jobs/{job.id}/{shard.index:06d}/{context.tokens.fresh()}"
        self._result_file = LazyObject(context, stack, f"{folder}/results")
        self._error_file = LazyObject(context, stack, f"{folder}/errors.jsonl")
        self._failed_file = LazyObject(context, stack, f"{folder}/failed")
        self._make_results = partial(result_sink, context, job, base.rows, self._result_file)
        self._job = job
        self._layout = layout_of(job)
        self._shard = shard
        self._base = base
        self._results = self._errors = self._failed = 0

    def write(self, rows: Iterable[Ended]) -> None:
        errors, failed = Blocks(self._error_file), failed_sink(self._layout, self._failed_file)
        self._make_results().write(self._answered(rows, errors, failed))
        errors.end()
        failed.end()
        self._failed = failed.rows

    def _answered(self, rows: Iterable[Ended], errors: Blocks, failed: FailedSink) -> Iterator[Answered]:
        """Put errors aside."""
        results = 0
        for row in rows:
            if type(row) is Answered:
                results += 1
                yield row
            else:
                errors.add(self._error_line(row))
                failed.add(row)
                self._errors += 1
        self._results = results

    def _error_line(self, row: Failed | BadRow) -> bytes:
        number = row.row if isinstance(row, BadRow) else row.side.row
        key = row_key(self._job.id, self._shard.index, number)
        return error_line(row, self._base.rows, self._base.lines, key, self._layout)

    def part(self) -> Part:
        return Part(
            results=self._result_file.name,
            errors=self._error_file.name,
            failed=self._failed_file.name,
            result_rows=self._results,
            error_rows=self._errors,
            failed_rows=self._failed,
        )


def _unanswered(context: Context, lots: Sequence[Lot], problem: Problem) -> Iterator[Failed]:
    return (Failed(side=side, problem=problem) for side in sides_of(context, lots))


def _with_invalid(rows: Iterator[Answered | Failed], invalid: Iterator[BadRow]) -> Iterator[Ended]:
    """Put the few invalid rows between the others."""
    bad = next(invalid, None)
    for row in rows:
        while bad is not None and bad.row < row.side.row:
            yield bad
            bad = next(invalid, None)
        yield row
    if bad is not None:
        yield bad
    yield from invalid


def _check(shard: Shard, written: int, left_out: int) -> None:
    if written + left_out != shard.rows:
        raise RowsDoNotAddUp(
            f"Shard {shard.index} of job {shard.job} has {shard.rows} rows, but its part has {written}"
            f" and {left_out} were not asked. Nothing is closed; look for the missing rows in `work`."
        )
