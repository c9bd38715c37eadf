"""Whatever is alive has a turn, a running batch, or a time at which the tick finds it; and lanes count truly."""

from collections.abc import Iterator

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, LotRef
from batchdrop.domain.job import Job
from batchdrop.domain.shard import Lot, Ready, Shard
from batchdrop.domain.states import BatchState, JobState, LotState, ShardState
from batchdrop.domain.turn import Step
from tests.simulation.mirror import Mirror

_SUBMITTING = frozenset({JobState.CANARY, JobState.RUNNING})


def problems(mirror: Mirror, slots: int) -> Iterator[str]:
    """What nobody would ever move on again, and lanes that are wrong."""
    for batch in mirror.open_batches():
        yield from _batch(mirror, batch)
    for job in mirror.open_jobs():
        yield from _job(mirror, job)
    yield from _lanes(mirror, slots)


def _batch(mirror: Mirror, batch: Batch) -> Iterator[str]:
    if batch.state is BatchState.ENDED and not _is_collected(mirror, batch):
        yield f"batch {batch.id} ended, but no collect turn stands for it"


def _job(mirror: Mirror, job: Job) -> Iterator[str]:
    shards = [shard for shard in mirror.shards.values() if shard.job == job.id]
    if not _is_moved_on(mirror, job, shards):
        yield f"job {job.id} is {job.state}, but has no turn, no batch and nothing that waits"
    if job.state not in {JobState.CLOSING, JobState.HELD}:
        for shard in shards:
            yield from _shard(mirror, job, shard)
    standing = sum(turn.step is Step.STAGE and turn.job == job.id for turn in mirror.turns.values())
    if standing > limits.WAVE_SHARDS:
        yield f"{standing} stage turns of {job.id} stand; {limits.WAVE_SHARDS} may"


def _is_moved_on(mirror: Mirror, job: Job, shards: list[Shard]) -> bool:
    if any(turn.job == job.id for turn in mirror.turns.values()):
        return True
    rides = any(job.id in batch.jobs for batch in mirror.open_batches())
    return job.state in _SUBMITTING and (rides or any(_waits(shard) for shard in shards))


def _shard(mirror: Mirror, job: Job, shard: Shard) -> Iterator[str]:
    if shard.state is ShardState.PLANNED and not _is_staged(mirror, shard):
        yield f"shard {shard.index} of {job.id} is planned, but no stage turn stands for it"
    if shard.state is not ShardState.OPEN:
        return
    if job.state is JobState.RUNNING and shard.ready is not Ready.ALL and not _is_admitted(mirror, job):
        yield f"shard {shard.index} of {job.id} is not ready, but no admit turn stands to make it so"
    for lot in shard.lots:
        yield from _lot(mirror, shard, lot)
    if shard.ready is Ready.ALL and all(lot.state is LotState.CLOSED for lot in shard.lots):
        yield f"shard {shard.index} of {job.id} is open, but all its lots are closed"


def _lot(mirror: Mirror, shard: Shard, lot: Lot) -> Iterator[str]:
    name = f"lot {lot.number} of shard {shard.index} of {shard.job}"
    if lot.state is LotState.WAITING and shard.ready is Ready.ALL and not _waits(shard):
        yield f"{name} waits, but its shard does not say so"
    if lot.state is LotState.SUBMITTED:
        batch = mirror.batches.get(f"batches/{lot.batch}")
        if batch is None or batch.state is BatchState.CLOSED:
            yield f"{name} is submitted in batch {lot.batch}, which is {'closed' if batch else 'nowhere'}"
        elif LotRef(shard.job, shard.index, lot.number) not in batch.lots:
            yield f"{name} is submitted in batch {lot.batch}, which does not carry it"


def _waits(shard: Shard) -> bool:
    """What the tick's query asks for."""
    return shard.waiting and shard.due_at is not None


def _is_staged(mirror: Mirror, shard: Shard) -> bool:
    return any(
        turn.step is Step.STAGE and turn.job == shard.job and turn.shard == shard.index
        for turn in mirror.turns.values()
    )


def _is_admitted(mirror: Mirror, job: Job) -> bool:
    return any(turn.step is Step.ADMIT and turn.job == job.id for turn in mirror.turns.values())


def _is_collected(mirror: Mirror, batch: Batch) -> bool:
    return any(turn.step is Step.COLLECT and turn.batch == batch.id for turn in mirror.turns.values())


def _lanes(mirror: Mirror, slots: int) -> Iterator[str]:
    running = {lane.id: set(lane.running) for lane in mirror.lanes.values()}
    for lane in mirror.lanes.values():
        true = {batch.id for batch in mirror.open_batches() if batch.lane == lane.id}
        if set(lane.running) != true or len(lane.running) != len(true):
            yield f"lane {lane.id} says {sorted(lane.running)} run, but {sorted(true)} do"
        if len(lane.running) > slots:
            yield f"lane {lane.id} runs {len(lane.running)} batches in {slots} slots"
    for batch in mirror.open_batches():
        if batch.id not in running.get(batch.lane, set()):
            yield f"batch {batch.id} is {batch.state}, but holds no slot of {batch.lane}"
