import itertools

import pytest

from batchdrop.domain.states import (
    TERMINAL_JOB_STATES,
    BatchState,
    IllegalMove,
    JobState,
    LotState,
    ShardState,
    move_batch,
    move_job,
    move_lot,
    move_shard,
)

HAPPY = [JobState.PLANNING, JobState.STAGING, JobState.RUNNING, JobState.CLOSING, JobState.SUCCEEDED]


@pytest.mark.parametrize(("old", "new"), list(itertools.pairwise(HAPPY)))
def test_a_job_may_move_on(old: JobState, new: JobState) -> None:
    assert move_job(old, new) is new


@pytest.mark.parametrize("state", sorted(TERMINAL_JOB_STATES))
@pytest.mark.parametrize("new", list(JobState))
def test_a_job_never_leaves_a_terminal_state(state: JobState, new: JobState) -> None:
    with pytest.raises(IllegalMove):
        move_job(state, new)


@pytest.mark.parametrize("old", [state for state in JobState if state is not JobState.CLOSING])
@pytest.mark.parametrize("new", sorted(TERMINAL_JOB_STATES))
def test_a_job_ends_only_through_closing(old: JobState, new: JobState) -> None:
    with pytest.raises(IllegalMove):
        move_job(old, new)


@pytest.mark.parametrize("old", [state for state in JobState if state not in {*TERMINAL_JOB_STATES, JobState.CLOSING}])
def test_a_live_job_can_always_be_closed(old: JobState) -> None:
    assert move_job(old, JobState.CLOSING) is JobState.CLOSING


def test_nothing_is_submitted_twice_from_one_lot_state() -> None:
    with pytest.raises(IllegalMove):
        move_lot(LotState.SUBMITTED, LotState.SUBMITTED)


def test_a_closed_lot_stays_closed() -> None:
    with pytest.raises(IllegalMove):
        move_lot(LotState.CLOSED, LotState.WAITING)


def test_a_cancelled_shard_is_not_done_later() -> None:
    with pytest.raises(IllegalMove):
        move_shard(ShardState.CANCELLED, ShardState.DONE)


def test_an_ended_batch_does_not_run_again() -> None:
    with pytest.raises(IllegalMove):
        move_batch(BatchState.ENDED, BatchState.RUNNING)
