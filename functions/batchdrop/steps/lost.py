"""Jobs whose request files are gone from `work`: they can never be asked, so they fail with the reason."""

from batchdrop.domain.batch import Batch, LotRef
from batchdrop.domain.lots import shards_with
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.states import JobState
from batchdrop.steps.closing import stop_job
from batchdrop.steps.context import Context


def fail_jobs_without_files(context: Context, batch: Batch) -> None:
    """Stop each job of a batch that lost a request file; one that has ended has cleared its own away."""
    for found in context.documents.get_all(shards_with(batch.lots)):
        shard = found.value
        asked = [lot for lot in shard.lots if LotRef(shard.job, shard.index, lot.number) in batch.lots]
        lost = [lot for lot in asked if context.objects.stat(context.settings.work_bucket, lot.requests) is None]
        if lost:
            stop_job(context, shard.job, JobState.FAILED, _reason(context.settings.work_bucket, lost[0].requests))


def _reason(bucket: str, name: str) -> Reason:
    return Reason(
        code=Code.WORK_LOST,
        message=f"gs://{bucket}/{name}, which holds requests of the job, is gone before they were asked.",
        hint="Look for who deletes objects of that bucket, or for a lifecycle rule; then drop failed.* again.",
    )
