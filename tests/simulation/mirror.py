"""The documents as they stand, kept from the commits; and whether each moved as the states allow."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from batchdrop.domain.batch import Batch
from batchdrop.domain.budget import BudgetDay
from batchdrop.domain.job import Job
from batchdrop.domain.lane import Lane
from batchdrop.domain.name import Name
from batchdrop.domain.reasons import Code
from batchdrop.domain.refs import Document
from batchdrop.domain.shard import Lot, Shard
from batchdrop.domain.states import (
    TERMINAL_JOB_STATES,
    BatchState,
    IllegalMove,
    JobState,
    LotState,
    move_batch,
    move_job,
    move_lot,
    move_shard,
)
from batchdrop.domain.turn import Turn
from batchdrop.ports import Delete, Write

_D = TypeVar("_D", bound=Document)


class Mirror:
    """All documents by path, each kind for itself."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.shards: dict[str, Shard] = {}
        self.batches: dict[str, Batch] = {}
        self.lanes: dict[str, Lane] = {}
        self.names: dict[str, Name] = {}
        self.turns: dict[str, Turn] = {}
        self.budgets: dict[str, BudgetDay] = {}
        self._revs: set[str] = set()

    def note(self, writes: Sequence[Write]) -> list[str]:
        """Take note of a commit; returns what in it no state allows, and writes that are no change of their own."""
        return [problem for write in writes for problem in (*self._note(write), *self._fresh(write))]

    def open_batches(self) -> list[Batch]:
        """Batches that are not closed."""
        return [batch for batch in self.batches.values() if batch.state is not BatchState.CLOSED]

    def open_jobs(self) -> list[Job]:
        """Jobs that have not ended."""
        return [job for job in self.jobs.values() if job.state not in TERMINAL_JOB_STATES]

    def unsettled(self) -> list[str]:
        """What is still open, in words."""
        return [
            *(f"job {job.id} is {job.state}" for job in self.open_jobs()),
            *(f"{path} stands, started {turn.starts} times" for path, turn in self.turns.items()),
            *(f"batch {batch.id} is {batch.state}" for batch in self.open_batches()),
        ]

    def _fresh(self, write: Write) -> Iterator[str]:
        if isinstance(write, Delete):
            return
        if not write.value.rev or write.value.rev in self._revs:
            yield f"{write.ref.path} was written without a fresh rev"
        self._revs.add(write.value.rev)

    def _note(self, write: Write) -> Iterator[str]:
        path = write.ref.path
        if isinstance(write, Delete):
            if self.turns.pop(path, None) is None and not path.startswith("turns/"):
                yield f"{path} was deleted"
            return
        match write.value:
            case Job() as job:
                yield from _swap(self.jobs, path, job, _job_moved)
            case Shard() as shard:
                yield from _swap(self.shards, path, shard, _shard_moved)
            case Batch() as batch:
                yield from _swap(self.batches, path, batch, _batch_moved)
            case Lane() as lane:
                self.lanes[path] = lane
            case Name() as name:
                yield from _swap(self.names, path, name, _name_moved)
            case BudgetDay() as day:
                self.budgets[path] = day
            case Turn() as turn:
                self.turns[path] = turn
            case _:
                return


def _swap(known: dict[str, _D], path: str, new: _D, moved: Callable[[_D, _D], None]) -> Iterator[str]:
    old = known.get(path)
    known[path] = new
    if old is None:
        return
    try:
        moved(old, new)
    except IllegalMove as illegal:
        yield f"{path}: {illegal}"


def _job_moved(old: Job, new: Job) -> None:
    if new.state is not old.state:
        move_job(old.state, new.state)
    gave_up = new.state is JobState.FAILED and new.reason is not None and new.reason.code is Code.GAVE_UP
    if old.outcome is not None and new.outcome is not old.outcome and not gave_up:
        raise IllegalMove(f"outcome {old.outcome} became {new.outcome}")


def _shard_moved(old: Shard, new: Shard) -> None:
    if new.state is not old.state:
        move_shard(old.state, new.state)
    lots = {lot.number: lot for lot in new.lots}
    for lot in old.lots:
        if lot.number not in lots:
            raise IllegalMove(f"lot {lot.number} vanished")
        _lot_moved(lot, lots[lot.number])


def _lot_moved(old: Lot, new: Lot) -> None:
    if new.state is not old.state:
        move_lot(old.state, new.state)
    if old.state is LotState.CLOSED and new != old:
        raise IllegalMove(f"lot {old.number} changed after it was closed")
    if new.attempt < old.attempt:
        raise IllegalMove(f"lot {old.number} went back to attempt {new.attempt}")


def _batch_moved(old: Batch, new: Batch) -> None:
    if new.state is not old.state:
        move_batch(old.state, new.state)
    if new.tries < old.tries:
        raise IllegalMove(f"batch went back to try {new.tries}")
    if old.vertex_name is not None and new.vertex_name != old.vertex_name:
        raise IllegalMove(f"batch changed its job at Vertex from {old.vertex_name} to {new.vertex_name}")


def _name_moved(old: Name, new: Name) -> None:
    if new.generation < old.generation:
        raise IllegalMove(f"the newest generation went back from {old.generation} to {new.generation}")
