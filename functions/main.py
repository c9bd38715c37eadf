"""Entry points of the deployed functions: what Eventarc calls."""

import os

import functions_framework
from cloudevents.exceptions import GenericException
from cloudevents.http import CloudEvent

from batchdrop.domain.turn import Function
from batchdrop.entry import acknowledge_malformed, deliver


@functions_framework.cloud_event
def intake(event: CloudEvent) -> None:
    """Objects of `input` that came or went, and intake's turns: plan, cancel."""
    deliver(Function.INTAKE, event)


@functions_framework.cloud_event
def stage(event: CloudEvent) -> None:
    """Stage's turns."""
    deliver(Function.STAGE, event)


@functions_framework.cloud_event
def dispatch(event: CloudEvent) -> None:
    """Objects of `predictions`, the tick, and dispatch's turns: admit, submit."""
    deliver(Function.DISPATCH, event)


@functions_framework.cloud_event
def collect(event: CloudEvent) -> None:
    """Collect's turns: collect, finish."""
    deliver(Function.COLLECT, event)


def refused(error: Exception) -> tuple[str, int]:
    """Acknowledge what the framework itself refuses; its own text quotes the request, so it is not logged."""
    return acknowledge_malformed(Function(os.environ["FUNCTION_TARGET"]), type(error).__name__)


for _refusal in (400, 415, GenericException):
    functions_framework.errorhandler(_refusal)(refused)
