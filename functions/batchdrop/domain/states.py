"""The states of a job, a shard, a lot and a batch, and the moves the design allows between them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class JobState(StrEnum):
    """Life of a job."""

    WAITING = "WAITING"
    PLANNING = "PLANNING"
    STAGING = "STAGING"
    HELD = "HELD"
    CANARY = "CANARY"
    RUNNING = "RUNNING"
    CLOSING = "CLOSING"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class ShardState(StrEnum):
    """Life of a shard."""

    PLANNED = "PLANNED"
    OPEN = "OPEN"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class LotState(StrEnum):
    """Life of a lot."""

    WAITING = "WAITING"
    SUBMITTED = "SUBMITTED"
    CLOSED = "CLOSED"


class BatchState(StrEnum):
    """Life of a batch."""

    SUBMITTING = "SUBMITTING"
    RUNNING = "RUNNING"
    ENDED = "ENDED"
    CLOSED = "CLOSED"


class IllegalMove(Exception):  # reads as what happened
    """A state was asked to become one that the design does not allow after it."""


TERMINAL_JOB_STATES = frozenset(
    {JobState.SUCCEEDED, JobState.PARTIAL, JobState.FAILED, JobState.REJECTED, JobState.CANCELLED}
)
"""States a job never leaves. Only finish writes them."""

ENDED_JOB_STATES = TERMINAL_JOB_STATES | {JobState.CLOSING}
"""States in which nothing of a job is staged, admitted, submitted or collected any more."""

SUBMITTING_JOB_STATES = frozenset({JobState.CANARY, JobState.RUNNING})
"""States in which lots of a job may be submitted."""

_J, _S, _L, _B = JobState, ShardState, LotState, BatchState

_JOB_MOVES: Mapping[JobState, frozenset[JobState]] = {
    _J.PLANNING: frozenset({_J.WAITING, _J.STAGING, _J.CLOSING}),
    _J.WAITING: frozenset({_J.PLANNING, _J.STAGING, _J.CLOSING}),
    _J.STAGING: frozenset({_J.HELD, _J.CANARY, _J.RUNNING, _J.CLOSING}),
    _J.HELD: frozenset({_J.CANARY, _J.RUNNING, _J.CLOSING}),
    _J.CANARY: frozenset({_J.HELD, _J.RUNNING, _J.CLOSING}),
    _J.RUNNING: frozenset({_J.HELD, _J.CLOSING}),
    _J.CLOSING: TERMINAL_JOB_STATES,
} | {state: frozenset[JobState]() for state in TERMINAL_JOB_STATES}

_SHARD_MOVES: Mapping[ShardState, frozenset[ShardState]] = {
    _S.PLANNED: frozenset({_S.OPEN, _S.DONE, _S.CANCELLED}),
    _S.OPEN: frozenset({_S.DONE, _S.CANCELLED}),
    _S.DONE: frozenset(),
    _S.CANCELLED: frozenset(),
}

_LOT_MOVES: Mapping[LotState, frozenset[LotState]] = {
    _L.WAITING: frozenset({_L.SUBMITTED, _L.CLOSED}),
    _L.SUBMITTED: frozenset({_L.WAITING, _L.CLOSED}),
    _L.CLOSED: frozenset(),
}

_BATCH_MOVES: Mapping[BatchState, frozenset[BatchState]] = {
    _B.SUBMITTING: frozenset({_B.RUNNING, _B.ENDED, _B.CLOSED}),
    _B.RUNNING: frozenset({_B.ENDED}),
    _B.ENDED: frozenset({_B.CLOSED}),
    _B.CLOSED: frozenset(),
}

_State = TypeVar("_State", JobState, ShardState, LotState, BatchState)


def _move(moves: Mapping[_State, frozenset[_State]], old: _State, new: _State) -> _State:
    if new not in moves[old]:
        raise IllegalMove(f"{type(old).__name__} {old} cannot become {new}")
    return new


def move_job(old: JobState, new: JobState) -> JobState:
    """Return `new` if a job in `old` may become it, else raise IllegalMove."""
    return _move(_JOB_MOVES, old, new)


def move_shard(old: ShardState, new: ShardState) -> ShardState:
    """Return `new` if a shard in `old` may become it, else raise IllegalMove."""
    return _move(_SHARD_MOVES, old, new)


def move_lot(old: LotState, new: LotState) -> LotState:
    """Return `new` if a lot in `old` may become it, else raise IllegalMove."""
    return _move(_LOT_MOVES, old, new)


def move_batch(old: BatchState, new: BatchState) -> BatchState:
    """Return `new` if a batch in `old` may become it, else raise IllegalMove."""
    return _move(_BATCH_MOVES, old, new)
