"""Closing lots of one shard with the answers of a batch.

The lots that close a shard go straight into its part. Otherwise what became of their rows is kept in `work`, beside
the lots of rows to try again, until the last lot closes.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import msgspec

from batchdrop.domain.job import InputFormat, Job
from batchdrop.domain.lots import closed, swapped
from batchdrop.domain.shard import Lot, Part, Shard
from batchdrop.domain.states import LotState
from batchdrop.domain.usage import Spent, Usage, add_spent
from batchdrop.rows.answers import Expectation, Judge
from batchdrop.rows.collate import Collation, Known, Pair, collate
from batchdrop.rows.outcomes import outcome_line
from batchdrop.rows.prompt import Prompt
from batchdrop.rows.values import Again, Answered, Failed
from batchdrop.steps.ask_again import Retries, folder_of
from batchdrop.steps.blocks import Blocks
from batchdrop.steps.context import Context
from batchdrop.steps.lot_rows import sides_of
from batchdrop.steps.lots import LazyObject
from batchdrop.steps.parts import Base, closed_rows, write_part

Pairs = Callable[[], Iterator[Pair]]


class _RowsAgain(Exception):
    """A row is to be tried again, so the shard does not close yet."""


class AnswerCloser:
    """What is the same for all lots of a job in a batch, which ended on a day; the output schema is compiled once."""

    def __init__(self, context: Context, job: Job, prompt: Prompt | None, known: Known, on: date) -> None:
        self._context = context
        self._on = on
        self._job = job
        self._known = known
        native = job.layout is not None and job.layout.format is InputFormat.VERTEX_JSONL
        schema = None if native or prompt is None else prompt.output_schema
        self._judge = Judge(
            Expectation(output_schema=schema, allow_truncated=job.options.allow_truncated, native=native)
        )

    def close(self, shard: Shard, lots: list[Lot], answers: Pairs) -> Shard:
        """Close lots, all those of the shard that ride in the batch. `answers` may be opened often.

        Each attempt is closed, and accounted, by itself.
        """
        for attempt in sorted({lot.attempt for lot in lots}):
            shard = self._close(shard, [lot for lot in lots if lot.attempt == attempt], answers)
        return shard

    def _close(self, shard: Shard, lots: list[Lot], answers: Pairs) -> Shard:
        numbers = {lot.number for lot in lots}
        if all(lot.state is LotState.CLOSED for lot in shard.lots if lot.number not in numbers):
            try:
                return self._into_part(shard, lots, answers)
            except _RowsAgain:
                self._context.log.info("shard.rows_again", job=shard.job, shard=shard.index)
        return self._aside(shard, lots, answers)

    def _into_part(self, shard: Shard, lots: list[Lot], answers: Pairs) -> Shard:
        """Write the shard's part, of these rows and those that closed before.

        Raises:
            _RowsAgain: nothing is written.
        """
        collation = self._collation(lots, answers)
        retries = Retries(self._context, self._job, lots)
        rows = closed_rows(self._context, shard, _settled(collation, retries, _raise))
        part = write_part(self._context, self._job, shard, Base(shard.first_row, shard.first_line), rows)
        return self._counted(shard, lots, collation, part)

    def _aside(self, shard: Shard, lots: list[Lot], answers: Pairs) -> Shard:
        """Write the outcomes of the lots' rows; rows worth another try get lots of their own."""
        collation = self._collation(lots, answers)
        retries = Retries(self._context, self._job, lots)
        with ExitStack() as stack:
            name = f"{folder_of(self._context, shard)}/lot-{lots[0].number}.outcomes.jsonl"
            outcomes = LazyObject(self._context, stack, name)
            blocks = Blocks(outcomes)
            for outcome in _settled(collation, retries):
                blocks.add(outcome_line(outcome))
            blocks.end()
        shard = self._counted(shard, lots, collation, None, outcomes.name)
        return msgspec.structs.replace(shard, lots=(*shard.lots, *retries.lots_in(shard)))

    def _collation(self, lots: list[Lot], answers: Pairs) -> Collation:
        return collate(sides_of(self._context, lots), answers(), self._judge, self._known)

    def _counted(
        self, shard: Shard, lots: list[Lot], collation: Collation, part: Part | None, outcomes: str = ""
    ) -> Shard:
        """Close the lots; the first of them names the outcomes of all."""
        for lot in lots:
            shard = swapped(shard, closed(lot, outcomes if lot is lots[0] else ""))
        return msgspec.structs.replace(
            shard,
            part=part,
            tally=shard.tally + collation.tally,
            spent=self._more(shard.spent, lots, collation.usage, collation.long_usage),
            saved=self._more(shard.saved, lots, collation.saved, collation.long_saved),
        )

    def _more(self, known: tuple[Spent, ...], lots: list[Lot], usual: Usage, long: Usage) -> tuple[Spent, ...]:
        attempt = lots[0].attempt
        return add_spent(
            known,
            (
                Spent(attempt=attempt, on=self._on, usage=usual),
                Spent(attempt=attempt, on=self._on, usage=long, long=True),
            ),
        )


def _settled(
    collation: Collation, retries: Retries, again: Callable[[], object] = lambda: None
) -> Iterator[Answered | Failed]:
    """Leave out rows that are asked again, after telling of each; others that might have been are errors."""
    for outcome in collation:
        if type(outcome) is not Again:
            yield outcome
        elif retries.takes(outcome):
            again()
        else:
            collation.settle()
            yield Failed(side=outcome.side, problem=outcome.problem, usage=outcome.usage)


def _raise() -> None:
    raise _RowsAgain
