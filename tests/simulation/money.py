"""What was paid: no row twice for one attempt."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

from batchdrop.domain.batch import Batch
from batchdrop.domain.ids import BatchId, JobId
from batchdrop.domain.lots import lot_of
from batchdrop.domain.shard import shard_ref
from batchdrop.ports import Create, Write
from tests.fakes.objects import FakeObjects
from tests.simulation.mirror import Mirror
from tests.simulation.vertex import Bill


class Money:
    """Knows of each batch which rows ride in it, at which attempt, and of each row and attempt who was paid."""

    def __init__(self, objects: FakeObjects, work_bucket: str) -> None:
        self._objects = objects
        self._work = work_bucket
        self._attempts: dict[BatchId, dict[str, int]] = {}
        self._paid: defaultdict[tuple[str, int], list[str]] = defaultdict(list)

    def note(self, writes: Sequence[Write], mirror: Mirror) -> None:
        """Take note of a commit that makes a batch."""
        for write in writes:
            if isinstance(write, Create) and isinstance(write.value, Batch):
                self._attempts[write.value.id] = dict(self._riders(write.value, mirror))

    def billed(self, bill: Bill) -> Iterator[str]:
        """Take note of a good answer; returns what is wrong with it."""
        attempt = self._attempts.get(bill.spec.batch, {}).get(bill.key)
        if attempt is None:
            yield f"paid for {bill.key} in {bill.spec.display_name}, where it does not ride"
            return
        paid = self._paid[bill.key, attempt]
        paid.append(bill.spec.display_name)
        if len(paid) > 1:
            yield f"row {bill.key} was paid twice for attempt {attempt}: in {', '.join(paid)}"

    def attempts_of(self, key: str) -> int:
        """How often a row was paid for."""
        return sum(len(paid) for (row, _), paid in self._paid.items() if row == key)

    def rows_paid(self, job: JobId) -> int:
        """How many rows of a job were paid for."""
        return len({key for key, _ in self._paid if key.startswith(f"{job}.")})

    def _riders(self, batch: Batch, mirror: Mirror) -> Iterator[tuple[str, int]]:
        for ref in batch.lots:
            shard = mirror.shards[shard_ref(ref.job, ref.shard).path]
            lot = lot_of(shard, ref.lot)
            if lot is None:
                raise AssertionError(f"batch {batch.id} carries a lot that its shard does not have")
            for line in self._objects.content(self._work, lot.requests).splitlines():
                yield json.loads(line)["custom_id"], lot.attempt
