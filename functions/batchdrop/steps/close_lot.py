"""Closing the lots of one shard with the answers of a batch, or with the lack of them."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import assert_never

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, Ending
from batchdrop.domain.endings import Unanswered
from batchdrop.domain.lots import closed, swapped, waiting_again
from batchdrop.domain.shard import Lot, Shard, Tally
from batchdrop.domain.vertex import failure_of, remedy
from batchdrop.rows.outcomes import outcome_line
from batchdrop.rows.values import Failed, Problem, Stage
from batchdrop.steps.answered import AnswerCloser, Pairs
from batchdrop.steps.ask_again import folder_of
from batchdrop.steps.blocks import Blocks
from batchdrop.steps.context import Context
from batchdrop.steps.isolate import Suspects
from batchdrop.steps.lot_rows import sides_of
from batchdrop.steps.lots import LazyObject


class LotCloser(msgspec.Struct, frozen=True):
    """What is the same for all lots of a job in a batch."""

    context: Context
    batch: Batch
    ending: Ending
    verdict: Unanswered
    answers: AnswerCloser
    suspects: Callable[[], Suspects]

    def close(self, shard: Shard, lots: list[Lot], answers: Pairs) -> Shard:
        """Return the shard with these lots closed, waiting again, or cut anew. `answers` may be opened often."""
        match self.verdict:
            case Unanswered.ROWS_AGAIN | Unanswered.HOLD_JOBS:
                return self.answers.close(shard, lots, answers)
            case Unanswered.STOP_JOBS | Unanswered.LEAVE:
                return self.answers.close(shard, lots, answers) if self.ending.files else shard
            case Unanswered.LOTS_AGAIN:
                for lot in lots:
                    shard = self._lot_again(shard, lot)
                return shard
            case Unanswered.APART:
                return self._apart(shard, lots)
            case _:
                assert_never(self.verdict)

    def _lot_again(self, shard: Shard, lot: Lot) -> Shard:
        """The platform had trouble of its own: the whole lot waits again, a bounded number of times."""
        if lot.system_retries >= limits.MAX_SYSTEM_RETRIES:
            return self._all_failed(shard, lot, self._problem(f"after {lot.system_retries + 1} submissions"))
        wait = timedelta(seconds=self.context.settings.retry_seconds) * 2**lot.system_retries
        again = waiting_again(lot, self.context.clock.now() + wait)
        return swapped(shard, msgspec.structs.replace(again, system_retries=lot.system_retries + 1))

    def _apart(self, shard: Shard, lots: list[Lot]) -> Shard:
        """The importer stumbled over some row: ask jobs apart, then parts of one job's rows, until it is found."""
        for lot in lots:
            if len(self.batch.jobs) > 1:
                again = waiting_again(lot, self.context.clock.now())
                shard = swapped(shard, msgspec.structs.replace(again, ride=f"{self.batch.id}-{shard.job}"))
            elif self.batch.rows == 1:
                shard = self._all_failed(shard, lot, self._problem("for this row alone"))
            else:
                shard = self._cut(shard, lot)
        return shard

    def _cut(self, shard: Shard, lot: Lot) -> Shard:
        suspects = self.suspects()
        if suspects.spent:
            return self._all_failed(shard, lot, self._suspicion(suspects.budget))
        return suspects.cut(shard, lot)

    def _all_failed(self, shard: Shard, lot: Lot, problem: Problem) -> Shard:
        with ExitStack() as stack:
            name = f"{folder_of(self.context, shard)}/lot-{lot.number}.outcomes.jsonl"
            outcomes = LazyObject(self.context, stack, name)
            blocks = Blocks(outcomes)
            for side in sides_of(self.context, [lot]):
                blocks.add(outcome_line(Failed(side=side, problem=problem)))
            blocks.end()
        failed = swapped(shard, closed(lot, outcomes.name))
        return msgspec.structs.replace(failed, tally=failed.tally + Tally(errors=lot.all_rows))

    def _suspicion(self, budget: int) -> Problem:
        return Problem(
            stage=Stage.IMPORT,
            code="IMPORT_SUSPECT",
            message=f"One of {self.batch.rows} rows, this among them, cannot be imported: {self.ending.message}"
            f" The job's {budget} submissions are spent, so it was not looked for further.",
            hint="Drop failed.* again, or raise batch.max_submissions; failed imports cost nothing.",
        )

    def _problem(self, when: str) -> Problem:
        return Problem(
            stage=Stage.IMPORT,
            code=f"BATCH_FAILED_{self.ending.code}",
            message=f"Vertex failed the batch {when}: {self.ending.message}",
            hint=remedy(failure_of(self.ending.code)),
        )
