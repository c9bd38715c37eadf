"""Running the turn that an event names: read it, count the start, run its step; give up after too many starts."""

from collections.abc import Callable, Mapping

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.batch import batch_ref
from batchdrop.domain.ids import JobId
from batchdrop.domain.job import job_ref, jobs_at_budget
from batchdrop.domain.measures import Event
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.refs import Ref
from batchdrop.domain.states import ENDED_JOB_STATES, JobState, move_job
from batchdrop.domain.turn import Step, Turn
from batchdrop.ports import Snapshot, Write
from batchdrop.steps import turns
from batchdrop.steps.admit import admit
from batchdrop.steps.budget import budget, settling
from batchdrop.steps.cancel import cancel
from batchdrop.steps.closing import stop_job
from batchdrop.steps.collect import collect
from batchdrop.steps.context import Context
from batchdrop.steps.finish import finish
from batchdrop.steps.in_line import in_line
from batchdrop.steps.plan import plan
from batchdrop.steps.release import close_batch
from batchdrop.steps.stage import stage
from batchdrop.steps.submit import submit
from batchdrop.steps.sweep import arrivals, departures
from batchdrop.steps.writes import decide_again, replace

_STEPS: Mapping[Step, Callable[[Context, Snapshot[Turn]], None]] = {
    Step.PLAN: plan,
    Step.CANCEL: cancel,
    Step.STAGE: stage,
    Step.ADMIT: admit,
    Step.BUDGET: budget,
    Step.SUBMIT: submit,
    Step.ARRIVALS: arrivals,
    Step.DEPARTURES: departures,
    Step.COLLECT: collect,
    Step.FINISH: finish,
}


def run_turn(context: Context, path: str) -> None:
    """Run the step of the turn at `path`; one that is not there was somebody else's."""
    ref = Ref(path, Turn)
    own = decide_again(lambda: _start(context, ref))
    if own is None:
        context.log.info("turn.gone", turn=path)
        return
    if own.value.starts > limits.MAX_STARTS:
        _give_up(context, own)
        return
    _STEPS[own.value.step](context, own)


def _start(context: Context, ref: Ref[Turn]) -> Snapshot[Turn] | None:
    standing = context.documents.get(ref)
    return None if standing is None else turns.start(context, standing)


def _give_up(context: Context, own: Snapshot[Turn]) -> None:
    """Fail the jobs that a turn stands for, loudly: it was started often and never came to its end."""
    turn = own.value
    reason = Reason(
        code=Code.GAVE_UP,
        message=f"The step {turn.step} was started {turn.starts} times and never came to its end.",
        hint="Look for errors of that function in the logs around these times; then drop the file again.",
    )
    context.log.error("turn.given_up", turn=turn.id, step=turn.step, job=turn.job, batch=turn.batch, lane=turn.lane)
    jobs = _jobs_of(context, turn)
    for job in jobs:
        if turn.step is Step.FINISH or turn.step is Step.CANCEL:
            decide_again(lambda job=job: _fail_unfinished(context, job, reason))  # type: ignore[misc]
        else:
            stop_job(context, job, JobState.FAILED, reason)
    batch = context.documents.get(batch_ref(turn.batch)) if turn.batch is not None else None
    if batch is None:
        context.documents.commit([*_next_in_lane(context, turn, jobs), turns.done(own)])
    else:
        decide_again(lambda: close_batch(context, batch.value, own))


def _jobs_of(context: Context, turn: Turn) -> tuple[JobId, ...]:
    if turn.batch is not None:
        batch = context.documents.get(batch_ref(turn.batch))
        return () if batch is None else batch.value.jobs
    if turn.day:
        waiting = context.documents.find(jobs_at_budget(turn.day, limits.BUDGET_JOBS))
        return tuple(job.value.id for job in waiting if job.value.state not in ENDED_JOB_STATES)
    if turn.lane is not None:
        # Whatever batch was to be made, the first in the lane was in it; if it is not to blame, the next turn tells.
        live, _ = in_line(context, turn.lane)
        return tuple(shard.value.job for shard in live[:1])
    return () if turn.job is None else (turn.job,)


def _next_in_lane(context: Context, turn: Turn, jobs: tuple[JobId, ...]) -> list[Write]:
    if turn.lane is None:
        return []
    return [turns.leave(context, turns.submit_turn(context, turn.lane, f"after-{job}")) for job in jobs]


def _fail_unfinished(context: Context, job: JobId, reason: Reason) -> None:
    """The one terminal state that finish does not write: finish itself could not."""
    found = context.documents.get(job_ref(job))
    if found is None or found.value.state is not JobState.CLOSING:
        return
    failed = msgspec.structs.replace(
        found.value,
        state=move_job(found.value.state, JobState.FAILED),
        outcome=JobState.FAILED,
        reason=reason,
        expire_at=context.clock.now() + limits.KEEP_DOCUMENTS,
    )
    failed, settle = settling(context, failed)
    context.documents.commit([replace(context, found, failed), *settle])
    context.log.error(Event.JOB_ENDED, job=job, object=failed.input.name, state=JobState.FAILED, code=reason.code)
