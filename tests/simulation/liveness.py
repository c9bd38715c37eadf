"""Whatever is alive has a turn, a running batch, or a time at which the tick finds it; and lanes count truly."""

from collections import defaultdict
from collections.abc import Iterator

from batchdrop.domain import limits
from batchdrop.domain.batch import LotRef
from batchdrop.domain.ids import BatchId, JobId
from batchdrop.domain.job import Job
from batchdrop.domain.shard import Lot, Ready, Shard
from batchdrop.domain.states import ENDED_JOB_STATES, BatchState, JobState, LotState, ShardState
from batchdrop.domain.turn import Step
from tests.simulation.mirror import Mirror

_SUBMITTING = frozenset({JobState.CANARY, JobState.RUNNING})


def problems(mirror: Mirror, slots: int) -> Iterator[str]:
    """What nobody would ever move on again, and lanes that are wrong."""
    standing = _Standing(mirror)
    for batch in standing.batches.values():
        if batch.state is BatchState.ENDED and batch.id not in standing.collected:
            yield f"batch {batch.id} ended, but no collect turn stands for it"
    for job in mirror.open_jobs():
        yield from _job(standing, job)
    for job in mirror.jobs.values():
        ended = job.state in ENDED_JOB_STATES and job.reservation is None
        if job.at_budget and job.at_budget not in standing.days and not ended:
            yield f"job {job.id} waits at the budgets of {job.at_budget}, but no turn stands for them"
    yield from _lanes(mirror, standing, slots)


class _Standing:
    """What stands at this moment, by whom it is for."""

    def __init__(self, mirror: Mirror) -> None:
        turns = mirror.turns.values()
        self.batches = {batch.id: batch for batch in mirror.open_batches()}
        self.collected: set[BatchId | None] = {turn.batch for turn in turns if turn.step is Step.COLLECT}
        self.staged = {(turn.job, turn.shard) for turn in turns if turn.step is Step.STAGE}
        self.admitted = {turn.job for turn in turns if turn.step is Step.ADMIT}
        self.moved = {turn.job for turn in turns}
        self.days = {turn.day for turn in turns if turn.step is Step.BUDGET}
        self.riding: set[JobId] = {job for batch in self.batches.values() for job in batch.jobs}
        self.awaiting: set[JobId] = {job for batch in self.batches.values() for job in batch.awaited_by}
        self.shards: defaultdict[JobId, list[Shard]] = defaultdict(list)
        for shard in mirror.shards.values():
            self.shards[shard.job].append(shard)


def _job(standing: _Standing, job: Job) -> Iterator[str]:
    shards = standing.shards[job.id]
    if not _is_moved_on(standing, job, shards):
        yield f"job {job.id} is {job.state}, but has no turn, no batch and nothing that waits"
    planned = sum(shard.state is ShardState.PLANNED for shard in shards)
    if planned > limits.WAVE_SHARDS:
        yield f"{planned} shards of {job.id} are planned at once; {limits.WAVE_SHARDS} may be"
    if job.state not in {JobState.CLOSING, JobState.HELD}:
        for shard in shards:
            yield from _shard(standing, job, shard)


def _is_moved_on(standing: _Standing, job: Job, shards: list[Shard]) -> bool:
    if job.id in standing.moved or (job.at_budget and job.at_budget in standing.days):
        return True
    if job.state is JobState.CLOSING:
        return job.id in standing.awaiting
    return job.state in _SUBMITTING and (job.id in standing.riding or any(_waits(shard) for shard in shards))


def _shard(standing: _Standing, job: Job, shard: Shard) -> Iterator[str]:
    name = f"shard {shard.index} of {job.id}"
    if shard.state is ShardState.PLANNED and (shard.job, shard.index) not in standing.staged:
        yield f"{name} is planned, but no stage turn stands for it"
    if shard.state is not ShardState.OPEN:
        return
    if job.state is JobState.RUNNING and shard.ready is not Ready.ALL and job.id not in standing.admitted:
        yield f"{name} is not ready, but no admit turn stands to make it so"
    for lot in shard.lots:
        yield from _lot(standing, shard, lot)
    if shard.ready is Ready.ALL and all(lot.state is LotState.CLOSED for lot in shard.lots):
        yield f"{name} is open, but all its lots are closed"


def _lot(standing: _Standing, shard: Shard, lot: Lot) -> Iterator[str]:
    name = f"lot {lot.number} of shard {shard.index} of {shard.job}"
    if lot.state is LotState.WAITING and shard.ready is Ready.ALL and not _waits(shard):
        yield f"{name} waits, but its shard does not say so"
    if lot.state is LotState.SUBMITTED:
        batch = standing.batches.get(lot.batch or BatchId(""))
        if batch is None or LotRef(shard.job, shard.index, lot.number) not in batch.lots:
            yield f"{name} is submitted in batch {lot.batch}, which is closed or does not carry it"


def _waits(shard: Shard) -> bool:
    """What the tick's query asks for."""
    return shard.waiting and shard.due_at is not None


def _lanes(mirror: Mirror, standing: _Standing, slots: int) -> Iterator[str]:
    running = {lane.id: set(lane.running) for lane in mirror.lanes.values()}
    for lane in mirror.lanes.values():
        true = {batch.id for batch in standing.batches.values() if batch.lane == lane.id}
        if set(lane.running) != true or len(lane.running) != len(true):
            yield f"lane {lane.id} says {sorted(lane.running)} run, but {sorted(true)} do"
        if len(lane.running) > slots:
            yield f"lane {lane.id} runs {len(lane.running)} batches in {slots} slots"
    for batch in standing.batches.values():
        if batch.id not in running.get(batch.lane, set()):
            yield f"batch {batch.id} is {batch.state}, but holds no slot of {batch.lane}"
