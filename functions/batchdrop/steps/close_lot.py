"""Closing the lots of one shard with the answers of a batch, or with the lack of them."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import assert_never

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, Ending
from batchdrop.domain.endings import Unanswered
from batchdrop.domain.ids import LotNumber, RowNumber
from batchdrop.domain.job import InputFormat, Job
from batchdrop.domain.lots import closed, next_number, waiting_again
from batchdrop.domain.shard import Lot, Shard, Tally
from batchdrop.domain.vertex import failure_of, remedy
from batchdrop.rows.answers import Answer, Expectation
from batchdrop.rows.collate import Known, collate
from batchdrop.rows.outcomes import outcome_line
from batchdrop.rows.prompt import Prompt
from batchdrop.rows.sidecar import lines_of, read_sidecar
from batchdrop.rows.values import Again, Failed, Problem, SideRow, Stage
from batchdrop.steps.context import Context
from batchdrop.steps.lots import LazyObject, LotFiles

_QUARTERS = 4
_Pairs = Callable[[], Iterator[tuple[RowNumber, Answer]]]


class LotCloser(msgspec.Struct, frozen=True):
    """What is the same for all lots of a job in a batch."""

    context: Context
    job: Job
    prompt: Prompt | None
    batch: Batch
    ending: Ending
    verdict: Unanswered
    known: Known

    def close(self, shard: Shard, lots: list[Lot], answers: _Pairs) -> Shard:
        """Return the shard with these lots closed, waiting again, or cut anew. `answers` may be opened often."""
        for lot in lots:
            shard = self._close(shard, lot, answers)
        return shard

    def _close(self, shard: Shard, lot: Lot, answers: _Pairs) -> Shard:
        match self.verdict:
            case Unanswered.ROWS_AGAIN:
                return self._with_answers(shard, lot, answers)
            case Unanswered.STOP_JOBS:
                return self._with_answers(shard, lot, answers) if self.ending.files else shard
            case Unanswered.LOTS_AGAIN:
                return self._lot_again(shard, lot)
            case Unanswered.APART:
                return self._apart(shard, lot)
            case _:
                assert_never(self.verdict)

    def _with_answers(self, shard: Shard, lot: Lot, answers: _Pairs) -> Shard:
        """Write the outcomes of the lot's rows; rows worth another try get a lot of their own."""
        collation = collate(lambda: self._sides(lot), answers(), self._expectation(), self.known)
        again: list[RowNumber] = []
        last_attempt = lot.attempt >= self.job.options.max_attempts
        folder = self._folder(shard)
        with ExitStack() as stack:
            outcomes = LazyObject(self.context, stack, f"{folder}/lot-{lot.number}.outcomes.jsonl")
            for outcome in collation:
                if not isinstance(outcome, Again):
                    outcomes.write(outcome_line(outcome))
                elif last_attempt:
                    outcomes.write(
                        outcome_line(Failed(side=outcome.side, problem=outcome.problem, usage=outcome.usage))
                    )
                else:
                    again.append(outcome.side.row)
        tally = _settled(collation.tally) if last_attempt else collation.tally
        retries = self._retry_lots(shard, lot, frozenset(again), folder)
        lots = _swap(shard, closed(lot, outcomes.name), retries)
        return msgspec.structs.replace(shard, lots=lots, tally=shard.tally + tally, usage=shard.usage + collation.usage)

    def _retry_lots(self, shard: Shard, lot: Lot, rows: frozenset[RowNumber], folder: str) -> tuple[Lot, ...]:
        if not rows:
            return ()
        with LotFiles(self.context, folder, next_number(shard), lot.attempt + 1) as files:
            for request, side in self._rows(lot):
                if side.row in rows:
                    files.add(request, side, lot.signature)
        wait = timedelta(seconds=self.context.settings.retry_seconds) * 2 ** (lot.attempt - 1)
        due_at = self.context.clock.now() + wait
        return tuple(msgspec.structs.replace(new, due_at=due_at, alone=lot.alone) for new in files.lots)

    def _lot_again(self, shard: Shard, lot: Lot) -> Shard:
        """The platform had trouble of its own: the whole lot waits again, a bounded number of times."""
        if lot.system_retries >= limits.MAX_SYSTEM_RETRIES:
            return self._all_failed(shard, lot, self._problem(f"after {lot.system_retries + 1} submissions"))
        wait = timedelta(seconds=self.context.settings.retry_seconds) * 2**lot.system_retries
        again = waiting_again(lot, self.context.clock.now() + wait)
        return _with(shard, msgspec.structs.replace(again, system_retries=lot.system_retries + 1))

    def _apart(self, shard: Shard, lot: Lot) -> Shard:
        """The importer stumbled over some row: ask the lots apart, then their quarters, then say which rows it was."""
        now = self.context.clock.now()
        if len(self.batch.lots) > 1:
            return _with(shard, msgspec.structs.replace(waiting_again(lot, now), alone=True))
        if lot.rows == 1:
            return self._all_failed(shard, lot, self._problem("for this row alone"))
        return msgspec.structs.replace(shard, lots=_swap(shard, closed(lot, ""), self._quarters(shard, lot)))

    def _quarters(self, shard: Shard, lot: Lot) -> tuple[Lot, ...]:
        size = -(-lot.rows // _QUARTERS)
        rows = self._rows(lot)
        quarters: list[Lot] = []
        number = next_number(shard)
        while piece := list(itertools.islice(rows, size)):
            folder = self._folder(shard)
            with LotFiles(self.context, folder, LotNumber(number + len(quarters)), lot.attempt) as files:
                for request, side in piece:
                    files.add(request, side, lot.signature)
            quarters += [msgspec.structs.replace(new, alone=True) for new in files.lots]
        return tuple(quarters)

    def _all_failed(self, shard: Shard, lot: Lot, problem: Problem) -> Shard:
        with ExitStack() as stack:
            name = f"{self._folder(shard)}/lot-{lot.number}.outcomes.jsonl"
            outcomes = LazyObject(self.context, stack, name)
            for side in self._sides(lot):
                outcomes.write(outcome_line(Failed(side=side, problem=problem)))
        failed = _with(shard, closed(lot, outcomes.name))
        return msgspec.structs.replace(failed, tally=failed.tally + Tally(errors=lot.rows))

    def _problem(self, when: str) -> Problem:
        return Problem(
            stage=Stage.IMPORT,
            code=f"BATCH_FAILED_{self.ending.code}",
            message=f"Vertex failed the batch {when}: {self.ending.message}",
            hint=remedy(failure_of(self.ending.code)),
        )

    def _expectation(self) -> Expectation:
        native = self.job.layout is not None and self.job.layout.format is InputFormat.VERTEX_JSONL
        schema = None if native or self.prompt is None else self.prompt.output_schema
        return Expectation(output_schema=schema, allow_truncated=self.job.options.allow_truncated, native=native)

    def _sides(self, lot: Lot) -> Iterator[SideRow]:
        return read_sidecar(self.context.objects.read(self.context.settings.work_bucket, lot.sidecar))

    def _rows(self, lot: Lot) -> Iterator[tuple[bytes, SideRow]]:
        """Request lines of a lot beside its rows: both objects are in row order."""
        requests = self.context.objects.read(self.context.settings.work_bucket, lot.requests)
        lines = (line + b"\n" for line in lines_of(requests))
        return zip(lines, self._sides(lot), strict=True)

    def _folder(self, shard: Shard) -> str:
        return f"jobs/{shard.job}/{shard.index:06d}/{self.context.tokens.fresh()}"


def _settled(tally: Tally) -> Tally:
    """At the last attempt, rows to try again are errors."""
    return msgspec.structs.replace(tally, errors=tally.errors + tally.retried, retried=0)


def _with(shard: Shard, lot: Lot) -> Shard:
    return msgspec.structs.replace(shard, lots=_swap(shard, lot, ()))


def _swap(shard: Shard, lot: Lot, more: tuple[Lot, ...]) -> tuple[Lot, ...]:
    return (*(lot if old.number == lot.number else old for old in shard.lots), *more)
