"""Leaving, starting, sending again and giving up turns."""

from contextlib import suppress
from datetime import datetime

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.errors import Conflict, TimeIsUp
from batchdrop.domain.ids import BatchId, JobId, LaneId, ShardIndex, TurnId, shard_key
from batchdrop.domain.measures import Event
from batchdrop.domain.turn import Function, Step, Turn, function_of, oldest_turns, turn_ref, turns_of
from batchdrop.ports import Delete, Put, Snapshot, Write
from batchdrop.steps.context import Context
from batchdrop.steps.writes import create, put, replace


def plan_turn(context: Context, job: JobId, wave: int) -> Turn:
    """Plan a job's next wave; wave 0 finds the prompt first."""
    return msgspec.structs.replace(_turn(context, Step.PLAN, f"{job}-{wave}"), job=job, wave=wave)


def stage_turn(context: Context, job: JobId, shard: ShardIndex) -> Turn:
    """Stage one shard."""
    turn = _turn(context, Step.STAGE, f"{job}-{shard_key(job, shard)}")
    return msgspec.structs.replace(turn, job=job, shard=shard)


def admit_turn(context: Context, job: JobId) -> Turn:
    """Admit a job that is staged whole."""
    return msgspec.structs.replace(_turn(context, Step.ADMIT, job), job=job)


def held_turn(context: Context, job: JobId, until: datetime) -> Turn:
    """Look at a held job again when nobody approved it in time."""
    now = context.clock.now()
    turn = _turn(context, Step.ADMIT, f"{job}-held-{int(now.timestamp())}")
    return msgspec.structs.replace(turn, job=job, due_at=until)


def canary_turn(context: Context, job: JobId, batch: BatchId) -> Turn:
    """Look at the canary again that a batch carried. The batch is part of the id: a run may be about to end."""
    return msgspec.structs.replace(_turn(context, Step.ADMIT, f"{job}-{batch}"), job=job)


def admitted_turn(context: Context, job: JobId) -> Turn:
    """Make a job's shards ready that the budget step has admitted."""
    return msgspec.structs.replace(_turn(context, Step.ADMIT, f"{job}-admitted"), job=job)


def budget_turn(context: Context, day: str) -> Turn:
    """Look at the jobs that wait for the budgets of a day."""
    return msgspec.structs.replace(_turn(context, Step.BUDGET, day), day=day)


def cancel_turn(context: Context, job: JobId) -> Turn:
    """Stop what still runs for a job that is closing."""
    return msgspec.structs.replace(_turn(context, Step.CANCEL, job), job=job)


def batch_closed_turn(context: Context, job: JobId, batch: BatchId) -> Turn:
    """The same, now that a batch is closed for which a failed job waited. The batch is part of the id."""
    return msgspec.structs.replace(_turn(context, Step.CANCEL, f"{job}-{batch}"), job=job)


def finish_turn(context: Context, job: JobId) -> Turn:
    """Write the output of a job that is closing."""
    return msgspec.structs.replace(_turn(context, Step.FINISH, job), job=job)


def submit_turn(context: Context, lane: LaneId, cause: str) -> Turn:
    """Submit what waits in a lane. The cause is part of the id, so that no nudge is lost to one that is ending."""
    return msgspec.structs.replace(_turn(context, Step.SUBMIT, cause), lane=lane)


def arrivals_turn(context: Context, since: datetime) -> Turn:
    """Look for inputs that no event announced. The time is part of the id: an earlier look may still be going on."""
    turn = _turn(context, Step.ARRIVALS, str(int(context.clock.now().timestamp())))
    return msgspec.structs.replace(turn, since=since)


def departures_turn(context: Context) -> Turn:
    """Look for inputs that went without an event."""
    return _turn(context, Step.DEPARTURES, str(int(context.clock.now().timestamp())))


def collect_turn(context: Context, batch: BatchId) -> Turn:
    """Collect the answers of a batch that ended."""
    return msgspec.structs.replace(_turn(context, Step.COLLECT, batch), batch=batch)


def leave(context: Context, turn: Turn) -> Put:
    """Write a turn, which sends its event; one that stands already is as good."""
    return put(context, turn_ref(turn), turn)


def done(own: Snapshot[Turn]) -> Delete:
    """Delete a step's own turn: the last write of the step."""
    return Delete(own.ref)


def sleep_until(context: Context, own: Snapshot[Turn], due_at: datetime) -> Put:
    """Keep the own turn, for the tick to send again at that time."""
    return put(context, own.ref, msgspec.structs.replace(own.value, due_at=due_at, starts=0))


def start(context: Context, standing: Snapshot[Turn]) -> Snapshot[Turn] | None:
    """Count a start on the turn, and give the run its time. None if somebody else just wrote it away.

    Raises:
        Conflict: another run started at the same moment; read again.
    """
    due_at = context.clock.now() + context.settings.lapse
    started = msgspec.structs.replace(standing.value, starts=standing.value.starts + 1, due_at=due_at)
    context.documents.commit([replace(context, standing, started)])
    return context.documents.get(standing.ref)


def wake(context: Context, job: JobId, step: Step) -> None:
    """Send a job's sleeping turns of a step again: what they waited for has come."""
    for turn in context.documents.find(turns_of(job, function_of(step))):
        if turn.value.step is step:
            with suppress(Conflict):  # somebody else sent it again at this moment
                context.documents.commit(send_again(context, turn))


def time_is_up(context: Context, own: Snapshot[Turn]) -> bool:
    """Tell whether a run has used its time and must leave the rest to the next."""
    return is_late(context, own.value.due_at - context.settings.lapse)


def check_time(context: Context, own: Snapshot[Turn]) -> None:
    """Go on while there is time; called only behind something that the next run will not do again.

    Raises:
        TimeIsUp: there is none left.
    """
    if time_is_up(context, own):
        raise TimeIsUp("The rest is left to the next run.")


def is_late(context: Context, started_at: datetime) -> bool:
    """The same of a run without a turn."""
    return context.clock.now() >= started_at + context.settings.run_limit * limits.YIELD_SHARE


def carry_on(context: Context, own: Snapshot[Turn]) -> list[Write]:
    """Leave the rest of a long step to a new run at once; what was done is committed, so its starts are forgotten."""
    return send_again(context, Snapshot(own.ref, msgspec.structs.replace(own.value, starts=0), own.version))


def send_again(context: Context, standing: Snapshot[Turn]) -> list[Write]:
    """Replace a turn by its next number, which is a new document and so a new event."""
    now = context.clock.now()
    again = msgspec.structs.replace(standing.value, sent=standing.value.sent + 1, due_at=now + context.settings.lapse)
    return [create(context, turn_ref(again), again), Delete(standing.ref)]


def tell_oldest_turns(context: Context) -> None:
    """Log how old each function's oldest open work is. What sleeps longer than a run lasts waits for somebody else."""
    now = context.clock.now()
    awake = now + context.settings.lapse
    for function in Function:
        oldest = next(iter(context.documents.find(oldest_turns(function, awake, 1))), None)
        seconds = 0.0 if oldest is None else (now - oldest.value.created_at).total_seconds()
        context.log.info(Event.TURN_OLDEST, function=function, seconds=seconds)


def _turn(context: Context, step: Step, what: str) -> Turn:
    now = context.clock.now()
    return Turn(id=TurnId(f"{step}-{what}"), step=step, created_at=now, due_at=now + context.settings.lapse)
