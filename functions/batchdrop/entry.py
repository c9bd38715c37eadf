"""From an event to a step. Events are nudges: what is not ours, or not sound, is logged and acknowledged."""

from typing import assert_never

from cloudevents.http import CloudEvent

from batchdrop.bootstrap import context_of, log_of
from batchdrop.cloud.events import Change, Malformed, ObjectEvent, Tick, TurnCreated, Unknown, parse
from batchdrop.domain.measures import Event
from batchdrop.domain.turn import Function
from batchdrop.steps.context import Context
from batchdrop.steps.identify import arrived, gone
from batchdrop.steps.poll import predictions_written
from batchdrop.steps.run import run_turn
from batchdrop.steps.tick import tick


def deliver(function: Function, event: CloudEvent) -> None:
    """Act on an event. Returning acknowledges it.

    Raises:
        Exception: whatever stopped the step, for Eventarc to deliver again; a turn's starts bound how often.
    """
    try:
        _deliver(context_of(function), function, event)
    except Exception as error:
        log_of(function).error(Event.EVENT_FAILED, event_id=event.get("id"), event_type=event.get("type"), error=error)
        raise


def acknowledge_malformed(function: Function, why: str) -> tuple[str, int]:
    """Answer what is no event with success: it would be no better the next time."""
    log_of(function).warning("event.malformed", why=why)
    return "", 200


def _deliver(context: Context, function: Function, event: CloudEvent) -> None:
    parsed = parse(event)
    match parsed:
        case ObjectEvent():
            _object(context, function, parsed)
        case TurnCreated():
            _turn(context, function, parsed)
        case Tick():
            _tick(context, function)
        case Unknown():
            context.log.warning("event.unknown", event_type=parsed.type)
        case Malformed():
            context.log.warning("event.malformed", why=parsed.reason)
        case _:
            assert_never(parsed)


def _object(context: Context, function: Function, event: ObjectEvent) -> None:
    bucket, settings = event.object.bucket, context.settings
    if function is Function.INTAKE and bucket == settings.input_bucket:
        if event.change is Change.FINALIZED:
            arrived(context, event.object)
        else:
            gone(context, event.object)
    elif function is Function.DISPATCH and bucket == settings.predictions_bucket and event.change is Change.FINALIZED:
        predictions_written(context, event.object)
    else:
        context.log.warning("event.misrouted", bucket=bucket, change=event.change)


def _turn(context: Context, function: Function, event: TurnCreated) -> None:
    if event.function is function:
        run_turn(context, event.ref.path)
    else:
        context.log.warning("event.misrouted", turn=event.ref.path)


def _tick(context: Context, function: Function) -> None:
    if function is Function.DISPATCH:
        tick(context)
    else:
        context.log.warning("event.misrouted", event_type="tick")
