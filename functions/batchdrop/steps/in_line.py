"""Who is in line: shards with lots that a lane may submit now."""

from batchdrop.domain import limits
from batchdrop.domain.ids import JobId, LaneId
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.shard import Shard, waiting_shards
from batchdrop.domain.states import SUBMITTING_JOB_STATES
from batchdrop.ports import Snapshot
from batchdrop.steps.context import Context

_FARTHER = 4


def in_line(context: Context, lane: LaneId) -> tuple[list[Snapshot[Shard]], dict[JobId, Job]]:
    """Shards whose lots are due, first in rank first, and their jobs. Shards of jobs that rest or end are left out.

    Should these stand before all others, the look goes farther: they must hold up nobody.
    """
    most = limits.BATCH_LOTS
    while True:
        shards = list(context.documents.find(waiting_shards(lane, context.clock.now(), most)))
        refs = [job_ref(job) for job in sorted({shard.value.job for shard in shards})]
        jobs = {job.value.id: job.value for job in context.documents.get_all(refs)}
        live = [shard for shard in shards if jobs[shard.value.job].state in SUBMITTING_JOB_STATES]
        if live or len(shards) < most:
            return live, jobs
        most *= _FARTHER
