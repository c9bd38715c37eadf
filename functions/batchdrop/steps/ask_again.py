"""New lots of rows that are worth another try, each asked as may help."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from heapq import merge
from operator import itemgetter

import msgspec

from batchdrop.domain.ids import LotNumber, RowNumber
from batchdrop.domain.job import Job
from batchdrop.domain.lots import next_number
from batchdrop.domain.models import output_limit
from batchdrop.domain.shard import Lot, Shard
from batchdrop.rows.more_tokens import with_more_tokens
from batchdrop.rows.values import Again, Retry
from batchdrop.steps.context import Context
from batchdrop.steps.lot_rows import asked_in, rows_of
from batchdrop.steps.lots import LotFiles
from batchdrop.steps.recut import Recut


def folder_of(context: Context, shard: Shard) -> str:
    """A folder in `work` for what this run writes of a shard."""
    return f"jobs/{shard.job}/{shard.index:06d}/{context.tokens.fresh()}"


class Retries:
    """Decides which rows of some lots of a shard are asked again, and makes lots of them.

    Rows must come in their order. What they asked is read only where it decides.
    """

    def __init__(self, context: Context, job: Job, lots: Sequence[Lot]) -> None:
        self._context = context
        self._most_attempts = job.options.max_attempts
        self._most_tokens = output_limit(job.model)
        self._lots = lots
        self._asked = self._in_order()
        self._again: dict[RowNumber, Retry] = {}

    def takes(self, row: Again) -> bool:
        """Tell whether a row is asked again, and remember it. A twin goes with the row it shares an answer with."""
        if row.side.twin_of is not None:
            return row.side.twin_of in self._again
        if all(lot.attempt >= self._most_attempts for lot in self._lots):
            return False
        number = row.side.row
        lot, line = self._asked_as(number) if self._must_look(row) else (self._lots[0], b"")
        if not self._may_help(row.retry, lot, line):
            return False
        self._again[number] = row.retry
        return True

    def lots_in(self, shard: Shard) -> tuple[Lot, ...]:
        """Write the lots of the rows that were taken; they follow those that the shard has."""
        number = next_number(shard)
        made = [lot for old in self._lots for lot in (self._lots_of(shard, old) if self._again else ())]
        return tuple(msgspec.structs.replace(lot, number=LotNumber(number + offset)) for offset, lot in enumerate(made))

    def _must_look(self, row: Again) -> bool:
        return row.retry is Retry.LONGER or len(self._lots) > 1

    def _may_help(self, retry: Retry, lot: Lot, line: bytes) -> bool:
        if lot.attempt >= self._most_attempts:
            return False
        if retry is Retry.LONGER:
            return with_more_tokens(line, self._most_tokens) is not None
        return retry is Retry.LATER or not lot.misfit

    def _asked_as(self, row: RowNumber) -> tuple[Lot, bytes]:
        """The lot that a row rode in, and its request line there."""
        return next((lot, line) for number, lot, line in self._asked if number == row)

    def _in_order(self) -> Iterator[tuple[RowNumber, Lot, bytes]]:
        return merge(*map(self._in_lot, self._lots), key=itemgetter(0))

    def _in_lot(self, lot: Lot) -> Iterator[tuple[RowNumber, Lot, bytes]]:
        return ((side.row, lot, line) for line, side in asked_in(self._context, lot))

    def _lots_of(self, shard: Shard, old: Lot) -> Iterator[Lot]:
        """Rows that may not fail to fit once more go into lots of their own."""
        files: dict[bool, LotFiles] = {}
        with ExitStack() as stack:
            recut = Recut(old)
            for line, side in rows_of(self._context, old):
                if side.twin_of is not None:
                    recut.follow(side, side.twin_of)
                    continue
                retry = self._again.get(side.row, Retry.NEVER)
                if retry is Retry.NEVER:
                    continue
                misfit = old.misfit or retry is Retry.ONCE
                if misfit not in files:
                    folder = folder_of(self._context, shard)
                    files[misfit] = stack.enter_context(LotFiles(self._context, folder, LotNumber(0), old.attempt + 1))
                recut.add(files[misfit], self._changed(line, retry), side)
        wait = timedelta(seconds=self._context.settings.retry_seconds) * 2 ** (old.attempt - 1)
        due_at = self._context.clock.now() + wait
        for misfit in sorted(files):
            for lot in files[misfit].lots:
                yield msgspec.structs.replace(lot, due_at=due_at, misfit=misfit, canary=old.canary)

    def _changed(self, line: bytes, retry: Retry) -> bytes:
        return (with_more_tokens(line, self._most_tokens) or line) if retry is Retry.LONGER else line
