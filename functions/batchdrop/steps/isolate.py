"""Isolate: cut the suspects of a batch that could not be imported, so that few submissions find the bad rows."""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import accumulate

import msgspec

from batchdrop.domain.batch import Batch, LotRef, batches_with
from batchdrop.domain.ids import LotNumber
from batchdrop.domain.isolation import Cut, Partition, partition
from batchdrop.domain.lots import closed, lot_of, next_number, shards_with, swapped, waiting_again
from batchdrop.domain.shard import Lot, Shard, shards_of
from batchdrop.domain.states import LotState
from batchdrop.rows.shapes import shape_of
from batchdrop.steps.ask_again import folder_of
from batchdrop.steps.context import Context
from batchdrop.steps.lot_rows import requests_of, rows_of
from batchdrop.steps.lots import LotFiles
from batchdrop.steps.recut import Recut


class Suspects(msgspec.Struct, frozen=True):
    """The rows of a batch of one job, and how they are cut.

    `starts` is each lot's first row's place in the batch. `spent`: the job's `budget` of submissions does not allow for
    the parts.
    """

    context: Context
    batch: Batch
    partition: Partition
    starts: dict[LotRef, int]
    budget: int
    spent: bool

    def cut(self, shard: Shard, lot: Lot) -> Shard:
        """Return the shard with a lot of suspects cut into the parts it has rows of."""
        place = range(first := self.starts[LotRef(shard.job, shard.index, lot.number)], first + lot.rows)
        if self.partition.cut is Cut.QUARTER and self._quarter(place[0]) == self._quarter(place[-1]):
            again = waiting_again(lot, self.context.clock.now())
            ride = self._ride(self._quarter(place[0]))
            return swapped(shard, msgspec.structs.replace(again, ride=ride, sifted=True))
        pieces = self._pieces(shard, lot, place)
        number = next_number(shard)
        numbered = (
            msgspec.structs.replace(piece, number=LotNumber(number + offset)) for offset, piece in enumerate(pieces)
        )
        return swapped(shard, closed(lot, ""), tuple(numbered))

    def _pieces(self, shard: Shard, lot: Lot, place: range) -> list[Lot]:
        files: dict[int, LotFiles] = {}
        with ExitStack() as stack:
            recut, asked = Recut(lot), iter(place)
            for line, side in rows_of(self.context, lot):
                if side.twin_of is not None:
                    recut.follow(side, side.twin_of)
                    continue
                index = next(asked)
                part = self.partition.part_of(index, shape_of(line) if self.partition.labels else "")
                if part not in files:
                    folder = folder_of(self.context, shard)
                    made = LotFiles(self.context, folder, LotNumber(0), lot.attempt, lean=True)
                    files[part] = stack.enter_context(made)
                recut.add(files[part], line, side)
        return [
            msgspec.structs.replace(
                piece,
                ride=self._ride(part),
                sifted=True,
                misfit=lot.misfit,
                canary=lot.canary,
                system_retries=lot.system_retries,
            )
            for part in sorted(files)
            for piece in files[part].lots
        ]

    def _quarter(self, index: int) -> int:
        return self.partition.part_of(index, "")

    def _ride(self, part: int) -> str:
        return f"{self.batch.id}-{part}"


def suspects_of(context: Context, batch: Batch, budget: int) -> Suspects:
    """Look at the shapes of all rows of a batch, and decide how to cut it, if its job's submissions allow for that.

    All lots that it carried count, those that an earlier run has cut already too: so each run cuts alike.
    """
    lots = list(_lots(context, batch))
    shapes = Counter(shape_of(line) for _, lot in lots for line in requests_of(context, lot))
    before = accumulate((lot.rows for _, lot in lots), initial=0)
    sifted = any(lot.sifted for _, lot in lots)
    starts = dict(zip((ref for ref, _ in lots), before, strict=False))
    cut = partition(shapes, sifted=sifted)
    made = sum(context.documents.totals(batches_with(job), [])["count"] for job in batch.jobs)
    spent = made + len(_other_rides(context, batch)) + cut.parts > budget
    return Suspects(context, batch, cut, starts, budget, spent)


def _other_rides(context: Context, batch: Batch) -> set[str]:
    """Submissions of the job that are to come for other suspects than these."""
    shards = (shard.value for job in batch.jobs for shard in context.documents.find(shards_of(job)))
    rides = {lot.ride for shard in shards for lot in shard.lots if lot.state is LotState.WAITING and lot.ride}
    return {ride for ride in rides if not ride.startswith(f"{batch.id}-")}


def _lots(context: Context, batch: Batch) -> Iterable[tuple[LotRef, Lot]]:
    found = context.documents.get_all(shards_with(batch.lots))
    shards = {(shard.value.job, shard.value.index): shard.value for shard in found}
    for ref in batch.lots:
        lot = lot_of(shards[ref.job, ref.shard], ref.lot)
        if lot is not None:
            yield ref, lot
