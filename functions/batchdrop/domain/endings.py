"""What an ended batch means for the rows it did not answer."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from batchdrop.domain import limits
from batchdrop.domain.batch import Batch, Ending
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.vertex import Failure, VertexState, failure_of, remedy


class Unanswered(StrEnum):
    """What to do with rows that an ended batch did not answer; `LEAVE`: their job has failed already."""

    ROWS_AGAIN = "ROWS_AGAIN"
    LOTS_AGAIN = "LOTS_AGAIN"
    APART = "APART"
    HOLD_JOBS = "HOLD_JOBS"
    STOP_JOBS = "STOP_JOBS"
    LEAVE = "LEAVE"


def unanswered(batch: Batch, ending: Ending) -> Unanswered:
    """Judge the end of a batch."""
    if ending.state is VertexState.CANCELLED and not batch.cancel and not ending.ran_out:
        return Unanswered.HOLD_JOBS
    if ending.state is not None and ending.state is not VertexState.FAILED:
        return Unanswered.ROWS_AGAIN
    if ending.state is None and ending.code == 0:
        return Unanswered.STOP_JOBS
    failure = failure_of(ending.code)
    match failure:
        case Failure.IMPORT:
            # A try that was taken over lost its input on purpose; its rows are not to blame.
            return Unanswered.LOTS_AGAIN if batch.taken_over is not None else Unanswered.APART
        case Failure.SYSTEM:
            return Unanswered.ROWS_AGAIN if ending.files else Unanswered.LOTS_AGAIN
        case Failure.FATAL:
            return Unanswered.STOP_JOBS
        case _:
            assert_never(failure)


def reason_to_stop(ending: Ending) -> Reason:
    """Tell the jobs of a batch why they stop with it."""
    if ending.state is VertexState.CANCELLED:
        return Reason(
            code=Code.VERTEX_CANCELLED,
            message="Somebody cancelled the batch job at Vertex. What it had answered is kept.",
            hint="Drop <name>.approve beside the file to have the rest asked; delete the file to cancel the job.",
        )
    if ending.state is None and ending.code == 0:
        return Reason(
            code=Code.GAVE_UP,
            message=f"Its batch job could not be created at Vertex in {limits.MAKING_LIFE.days} days.",
            hint="Look for errors of dispatch in the logs of these days; then drop failed.* again.",
        )
    return Reason(
        code=Code.VERTEX_REFUSED,
        message=f"Vertex ended the batch job with code {ending.code}: {ending.message}",
        hint=remedy(Failure.FATAL),
    )


def wait_for_more(batch: Batch, ending: Ending, seen: int, now: datetime) -> bool:
    """Tell whether answers may still be on their way into the files.

    Either the completion stats promise more than was found, or they say nothing after an end that cut rows off.
    """
    if now >= ending.at + limits.LATE_ANSWERS or ending.state is None:
        return False
    if ending.promised is not None:
        return seen < ending.promised
    cut_off = ending.state in {VertexState.EXPIRED, VertexState.CANCELLED}
    return cut_off and seen < batch.rows
