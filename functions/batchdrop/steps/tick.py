"""Tick: find what stopped, and move it on. Whatever lost its event is seen here."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, batches_in
from batchdrop.domain.errors import Conflict
from batchdrop.domain.measures import Event
from batchdrop.domain.refs import Document, Ref
from batchdrop.domain.states import BatchState
from batchdrop.domain.turn import Turn, overdue_turns
from batchdrop.ports import Snapshot
from batchdrop.steps.context import Context
from batchdrop.steps.poll import poll
from batchdrop.steps.submit import due_lanes, resume, submit_lane
from batchdrop.steps.sweep import cancel_strays, list_inputs
from batchdrop.steps.turns import send_again, tell_oldest_turns
from batchdrop.steps.writes import create, decide_again, replace

_MOST_RESENT = 100


class Hourly(Document, frozen=True, kw_only=True):
    """When this installation first ticked, and when it last did its hourly work."""

    installed_at: datetime
    at: datetime


_HOURLY_REF = Ref("ticks/hourly", Hourly)


def tick(context: Context) -> None:
    """Poll what runs, submit what is due, send overdue turns again; hourly, look for what no event told.

    Raises:
        ExceptionGroup: some of it failed; all the rest was done.
    """
    running = _in(context, BatchState.RUNNING)
    acts: list[Callable[[], None]] = [
        *(partial(poll, context, batch.value.id) for batch in running),
        *(partial(resume, context, batch) for batch in _in(context, BatchState.SUBMITTING)),
        *(partial(submit_lane, context, lane) for lane in due_lanes(context)),
        *(partial(_send_again, context, turn) for turn in _overdue(context)),
        partial(_hourly, context),
        partial(tell_oldest_turns, context),
    ]
    failures = [failure for act in acts if (failure := _attempt(act)) is not None]
    if failures:
        raise ExceptionGroup("Parts of a tick failed.", failures)
    context.log.info(Event.TICK_DONE, acts=len(acts), running_batches=len(running))


def _attempt(act: Callable[[], None]) -> Exception | None:
    """One thing that goes wrong must not keep the tick from all others."""
    try:
        act()
    except Conflict:
        return None  # another tick does the same at this moment
    except Exception as error:  # noqa: BLE001  # raised with the others at the end
        return error
    return None


def _in(context: Context, state: BatchState) -> list[Snapshot[Batch]]:
    return list(context.documents.find(batches_in(state)))


def _overdue(context: Context) -> list[Snapshot[Turn]]:
    return list(context.documents.find(overdue_turns(context.clock.now(), _MOST_RESENT)))


def _send_again(context: Context, turn: Snapshot[Turn]) -> None:
    context.documents.commit(send_again(context, turn))
    context.log.warning(Event.TURN_SENT_AGAIN, turn=turn.value.id, sent=turn.value.sent + 1, starts=turn.value.starts)


def _hourly(context: Context) -> None:
    hourly = decide_again(lambda: _claim_hour(context))
    if hourly is not None:
        cancel_strays(context)
        list_inputs(context, since=max(hourly.installed_at, hourly.at - limits.LIST_BACK))


def _claim_hour(context: Context) -> Hourly | None:
    """Win the hourly work of this hour, or None if it is done or not due."""
    now = context.clock.now()
    last = context.documents.get(_HOURLY_REF)
    if last is None:
        context.documents.commit([create(context, _HOURLY_REF, Hourly(installed_at=now, at=now))])
        return None
    if now < last.value.at + context.settings.listing_interval:
        return None
    due = Hourly(installed_at=last.value.installed_at, at=now)
    context.documents.commit([replace(context, last, due)])
    return due
