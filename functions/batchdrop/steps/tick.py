"""Tick: find what stopped, and move it on. Whatever lost its event is seen here."""

from datetime import datetime, timedelta

from batchdrop.domain import limits
from batchdrop.domain.batch import batches_in
from batchdrop.domain.refs import Document, Ref
from batchdrop.domain.states import BatchState
from batchdrop.domain.turn import overdue_turns
from batchdrop.steps.context import Context
from batchdrop.steps.poll import poll_running
from batchdrop.steps.submit import resume, submit_due
from batchdrop.steps.sweep import cancel_strays, list_inputs
from batchdrop.steps.turns import send_again
from batchdrop.steps.writes import create, decide_again, replace

_HOUR = timedelta(hours=1)
_MOST_RESENT = 100


class Hourly(Document, frozen=True, kw_only=True):
    """When this installation first ticked, and when it last did its hourly work."""

    installed_at: datetime
    at: datetime


_HOURLY_REF = Ref("ticks/hourly", Hourly)


def tick(context: Context) -> None:
    """Poll what runs, submit what is due, send overdue turns again; hourly, look for what no event told."""
    poll_running(context)
    _take_over_stopped(context)
    submit_due(context)
    _send_overdue_turns(context)
    hourly = decide_again(lambda: _claim_hour(context))
    if hourly is not None:
        cancel_strays(context)
        list_inputs(context, since=max(hourly.installed_at, hourly.at - limits.LIST_BACK))
    context.log.info("tick.done")


def _take_over_stopped(context: Context) -> None:
    for batch in list(context.documents.find(batches_in(BatchState.SUBMITTING))):
        resume(context, batch)


def _send_overdue_turns(context: Context) -> None:
    for turn in list(context.documents.find(overdue_turns(context.clock.now(), _MOST_RESENT))):
        context.documents.commit(send_again(context, turn))
        context.log.warning("turn.sent_again", turn=turn.value.id, sent=turn.value.sent + 1, starts=turn.value.starts)


def _claim_hour(context: Context) -> Hourly | None:
    """Win the hourly work of this hour, or None if it is done or not due."""
    now = context.clock.now()
    last = context.documents.get(_HOURLY_REF)
    if last is None:
        context.documents.commit([create(context, _HOURLY_REF, Hourly(installed_at=now, at=now))])
        return None
    if now < last.value.at + _HOUR:
        return None
    due = Hourly(installed_at=last.value.installed_at, at=now)
    context.documents.commit([replace(context, last, due)])
    return due
