"""What a job will take: foretold when its last row is staged, learned from when it has ended."""

from batchdrop.domain.estimate import Estimate, Forecast, forecast
from batchdrop.domain.history import Ended, History, Seen, history_ref, learned, remember
from batchdrop.domain.ids import prompt_id
from batchdrop.domain.job import Job
from batchdrop.domain.money import Bill
from batchdrop.domain.shard import shards_in_any_order
from batchdrop.domain.states import JobState
from batchdrop.domain.usage import Usage
from batchdrop.steps.context import Context
from batchdrop.steps.writes import create, decide_again, replace

_TEACHING = frozenset({JobState.SUCCEEDED, JobState.PARTIAL})


def forecast_of(context: Context, job: Job) -> Forecast:
    """Sum up what the job's shards will take, correct it by what its prompt took before, and price it."""
    shards = context.documents.find(shards_in_any_order(job.id))
    by_rule = sum((shard.value.estimate for shard in shards), start=Estimate())
    history = context.documents.get(history_ref(_new(job).id))
    known = None if history is None else learned(history.value.recent)
    return forecast(by_rule, known, job.price, context.clock.now().date())


def learn(context: Context, job: Job, outcome: JobState, usage: Usage, bill: Bill | None) -> None:
    """Add a job that has ended to its prompt's history, once."""
    seen = _seen(job, outcome, usage)
    ended = Ended(job=job.id, usage=usage, bill=bill, seen=seen, labels=job.options.labels)

    def act() -> None:
        new = _new(job)
        found = context.documents.get(history_ref(new.id))
        old = new if found is None else found.value
        known = remember(old, ended)
        if known is old:
            return
        ref = history_ref(new.id)
        context.documents.commit([create(context, ref, known) if found is None else replace(context, found, known)])

    if job.model:
        decide_again(act)


def _seen(job: Job, outcome: JobState, usage: Usage) -> Seen | None:
    """A job teaches if it ran to its end, and most of its answers told what they took."""
    if job.estimate is None or outcome not in _TEACHING:
        return None
    rule = job.estimate.by_rule.all
    if not (rule.input.expected and rule.output.expected) or usage.rows * 2 < rule.requests:
        return None
    return Seen.of(job.id, rule.input.expected, rule.output.expected, usage)


def _new(job: Job) -> History:
    """The history of a job's prompt, still empty."""
    name = job.prompt.name if job.prompt is not None else f"{job.input.name.rpartition('/')[0]}/"
    return History(id=prompt_id(job.input.bucket, name, job.model), prompt=name, model=job.model)
