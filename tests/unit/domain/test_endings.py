from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from batchdrop.domain.batch import Batch, Claim, Ending
from batchdrop.domain.endings import Unanswered, unanswered, wait_for_more
from batchdrop.domain.ids import BatchId, Generation, LaneId, ModelName
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import BatchState
from batchdrop.domain.vertex import VertexState

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FILE = ObjectInfo(bucket="p", name="f", generation=Generation(1), size=1, crc32c="")


def batch(*, cancel: bool = False) -> Batch:
    return Batch(
        id=BatchId("b1"),
        lane=LaneId("m@global"),
        model=ModelName("m"),
        location="global",
        state=BatchState.ENDED,
        lots=(),
        jobs=(),
        rows=10,
        bytes=100,
        created_at=NOW,
        claim=Claim("me", NOW),
        cancel=cancel,
    )


def ending(state: VertexState | None, **over: object) -> Ending:
    return Ending(at=NOW, state=state, **over)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        (ending(VertexState.SUCCEEDED), Unanswered.ROWS_AGAIN),
        (ending(VertexState.PARTIALLY_SUCCEEDED), Unanswered.ROWS_AGAIN),
        (ending(VertexState.EXPIRED), Unanswered.ROWS_AGAIN),
        (ending(VertexState.FAILED, code=3), Unanswered.APART),
        (ending(VertexState.FAILED, code=13), Unanswered.LOTS_AGAIN),
        (ending(VertexState.FAILED, code=8), Unanswered.LOTS_AGAIN),
        (ending(VertexState.FAILED, code=13, files=(FILE,)), Unanswered.ROWS_AGAIN),
        (ending(VertexState.FAILED, code=7), Unanswered.STOP_JOBS),
        (ending(VertexState.FAILED, code=9), Unanswered.STOP_JOBS),
        (ending(None, code=404), Unanswered.STOP_JOBS),
        (ending(None, code=400), Unanswered.STOP_JOBS),
        (ending(VertexState.CANCELLED), Unanswered.HOLD_JOBS),
    ],
)
def test_each_end_of_a_batch_has_its_consequence(end: Ending, verdict: Unanswered) -> None:
    assert unanswered(batch(), end) is verdict


def test_a_job_that_vertex_cancels_after_its_24_hours_holds_nobody() -> None:
    assert unanswered(batch(), ending(VertexState.CANCELLED, ran_out=True)) is Unanswered.ROWS_AGAIN


def test_a_cancellation_after_a_day_in_the_queue_is_somebodys_and_holds_all_the_same() -> None:
    old = msgspec.structs.replace(batch(), submitted_at=NOW - timedelta(hours=70))
    assert unanswered(old, ending(VertexState.CANCELLED)) is Unanswered.HOLD_JOBS


def test_a_batch_that_we_cancelled_stops_no_job() -> None:
    assert unanswered(batch(cancel=True), ending(VertexState.CANCELLED)) is Unanswered.ROWS_AGAIN


def test_promised_answers_are_waited_for() -> None:
    assert wait_for_more(batch(), ending(VertexState.SUCCEEDED, promised=10), 9, NOW)


def test_promised_answers_are_not_waited_for_longer_than_half_an_hour() -> None:
    late = NOW + timedelta(minutes=30)
    assert not wait_for_more(batch(), ending(VertexState.SUCCEEDED, promised=10), 9, late)


def test_an_expiry_that_says_nothing_of_its_answers_is_waited_for() -> None:
    assert wait_for_more(batch(), ending(VertexState.EXPIRED), 3, NOW)


def test_complete_answers_are_not_waited_for() -> None:
    assert not wait_for_more(batch(), ending(VertexState.SUCCEEDED, promised=10), 10, NOW)
