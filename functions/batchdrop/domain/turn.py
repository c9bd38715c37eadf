"""A turn: says that a step is next for a thing. Writing it sends the event; a step deletes its own last."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from batchdrop.domain.ids import BatchId, JobId, LaneId, ShardIndex, TurnId
from batchdrop.domain.refs import Document, Op, Query, Ref, Where


class Function(StrEnum):
    """The deployed functions, by entry point."""

    INTAKE = "intake"
    STAGE = "stage"
    DISPATCH = "dispatch"
    COLLECT = "collect"


class Step(StrEnum):
    """The steps that turns call for."""

    PLAN = "plan"
    CANCEL = "cancel"
    STAGE = "stage"
    ADMIT = "admit"
    BUDGET = "budget"
    SUBMIT = "submit"
    ARRIVALS = "arrivals"
    DEPARTURES = "departures"
    COLLECT = "collect"
    FINISH = "finish"


class Turn(Document, frozen=True, kw_only=True):
    """A step that is next, for a job, a shard, a batch, a lane, the budgets of a day, or `input` since some time.

    `due_at`: when the tick may send it again. `sent` counts the documents it has been (`id~2` is the second),
    `starts` the runs begun without progress. `after` is how far a look at many things has come.
    """

    id: TurnId
    step: Step
    created_at: datetime
    due_at: datetime
    job: JobId | None = None
    shard: ShardIndex | None = None
    batch: BatchId | None = None
    lane: LaneId | None = None
    day: str = ""
    since: datetime | None = None
    after: str = ""
    wave: int = 0
    sent: int = 1
    starts: int = 0


def function_of(step: Step) -> Function:
    """Tell which function runs a step."""
    match step:
        case Step.PLAN | Step.CANCEL:
            return Function.INTAKE
        case Step.STAGE:
            return Function.STAGE
        case Step.ADMIT | Step.BUDGET | Step.SUBMIT | Step.ARRIVALS | Step.DEPARTURES:
            return Function.DISPATCH
        case Step.COLLECT | Step.FINISH:
            return Function.COLLECT
        case _:
            assert_never(step)


def turns_path(function: Function) -> str:
    """Where a function's turns live."""
    return f"turns/{function}/items"


def turn_ref(turn: Turn) -> Ref[Turn]:
    """Where a turn's document lives; each sending has its own, because only a creation is an event."""
    name = turn.id if turn.sent == 1 else f"{turn.id}~{turn.sent}"
    return Ref(f"{turns_path(function_of(turn.step))}/{name}", Turn)


def turns_of(job: JobId, function: Function) -> Query[Turn]:
    """The turns of one job that stand with a function."""
    return Query(kind=Turn, collection=turns_path(function), where=(Where("job", Op.EQUAL, job),))


def oldest_turns(function: Function, due_before: datetime, limit: int) -> Query[Turn]:
    """The oldest turns of a function that do not sleep beyond that time."""
    return Query(
        kind=Turn,
        collection=turns_path(function),
        where=(Where("due_at", Op.AT_MOST, due_before),),
        order_by=("created_at",),
        limit=limit,
    )


def overdue_turns(now: datetime, limit: int) -> Query[Turn]:
    """Turns of all functions that should have run by now."""
    return Query(
        kind=Turn,
        collection="items",
        group=True,
        where=(Where("due_at", Op.AT_MOST, now),),
        order_by=("due_at",),
        limit=limit,
    )
