"""Tick: find what stopped, and move it on. Whatever lost its event is seen here."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from batchdrop.domain import limits
from batchdrop.domain.batch import batches_in
from batchdrop.domain.errors import Conflict
from batchdrop.domain.lane import all_lanes
from batchdrop.domain.measures import Event
from batchdrop.domain.refs import Document, Ref
from batchdrop.domain.shard import any_waiting_shards
from batchdrop.domain.states import BatchState
from batchdrop.domain.turn import Turn, overdue_turns
from batchdrop.ports import Snapshot
from batchdrop.steps.context import Context
from batchdrop.steps.poll import poll
from batchdrop.steps.submit import resume, submit_lane
from batchdrop.steps.sweep import cancel_strays
from batchdrop.steps.turns import arrivals_turn, departures_turn, is_late, leave, send_again, tell_oldest_turns
from batchdrop.steps.writes import create, decide_again, replace

Act = Callable[[], object]

_MOST_RESENT = 100


class Hourly(Document, frozen=True, kw_only=True):
    """When this installation first ticked, and when it last did its hourly work."""

    installed_at: datetime
    at: datetime


_HOURLY_REF = Ref("ticks/hourly", Hourly)


def tick(context: Context) -> None:
    """Send overdue turns again, look hourly for what no event told, poll what runs, submit what is due.

    Raises:
        ExceptionGroup: some of it failed; all the rest was done.
    """
    done, failures = dict[object, int](), list[Exception]()
    for acts_of in _IN_ORDER:
        found: list[Act] = []
        failures += _attempt(lambda acts_of=acts_of, found=found: found.extend(acts_of(context)))  # type: ignore[misc]
        for act in found:
            failures += _attempt(act)
        done[acts_of] = len(found)
    if failures:
        raise ExceptionGroup("Parts of a tick failed.", failures)
    context.log.info(Event.TICK_DONE, acts=sum(done.values()), running_batches=done[_running])


def _attempt(act: Act) -> list[Exception]:
    """One thing that goes wrong must not keep the tick from all others."""
    try:
        act()
    except Conflict:
        return []  # another tick does the same at this moment
    except Exception as error:  # noqa: BLE001  # raised with the others at the end
        return [error]
    return []


def _overdue(context: Context) -> Iterator[Act]:
    for turn in context.documents.find(overdue_turns(context.clock.now(), _MOST_RESENT)):
        yield partial(_send_again, context, turn)


def _measured(context: Context) -> Iterator[Act]:
    yield partial(tell_oldest_turns, context)


def _once_an_hour(context: Context) -> Iterator[Act]:
    if decide_again(lambda: _claim_hour(context)):
        yield partial(cancel_strays, context)


def _running(context: Context) -> Iterator[Act]:
    for batch in context.documents.find(batches_in(BatchState.RUNNING)):
        yield partial(poll, context, batch.value.id)


def _submitting(context: Context) -> Iterator[Act]:
    for batch in context.documents.find(batches_in(BatchState.SUBMITTING)):
        yield partial(resume, context, batch)


def _waiting(context: Context) -> Iterator[Act]:
    """Every lane: however much waits in one, what waits in another is found. One that is new has a submit turn."""
    started_at = context.clock.now()
    if context.documents.exists(any_waiting_shards(started_at)):
        for lane in context.documents.find(all_lanes()):
            yield partial(submit_lane, context, lane.value.id, lambda: is_late(context, started_at))


_IN_ORDER = (_overdue, _measured, _once_an_hour, _running, _submitting, _waiting)
"""Whatever kills a tick, again and again, cannot keep it from what comes before. Making batches is the heaviest."""


def _send_again(context: Context, turn: Snapshot[Turn]) -> None:
    context.documents.commit(send_again(context, turn))
    context.log.warning(Event.TURN_SENT_AGAIN, turn=turn.value.id, sent=turn.value.sent + 1, starts=turn.value.starts)


def _claim_hour(context: Context) -> bool:
    """Win the hourly work of this hour, and leave turns for what may take long; False if it is done or not due."""
    now = context.clock.now()
    last = context.documents.get(_HOURLY_REF)
    if last is None:
        context.documents.commit([create(context, _HOURLY_REF, Hourly(installed_at=now, at=now))])
        return False
    if now < last.value.at + context.settings.listing_interval:
        return False
    claimed = replace(context, last, Hourly(installed_at=last.value.installed_at, at=now))
    looks = (arrivals_turn(context, max(last.value.installed_at, now - limits.LIST_BACK)), departures_turn(context))
    context.documents.commit([claimed, *(leave(context, turn) for turn in looks)])
    return True
