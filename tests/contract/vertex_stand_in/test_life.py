"""The life of a job at the Vertex stand-in, on a clock that only the test moves."""

import logging
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import JobState
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.control import JobFault
from infra.local.vertex.faults import HeldState
from infra.local.vertex.settings import OverRun
from tests.contract.vertex_stand_in.support import AT_ONCE, Standing, numbered, rigged, until

_HOUR = 3600.0


def test_each_state_takes_its_time_and_the_times_of_the_job_show_it(standing: Standing) -> None:
    with standing.rig(queue_s=10.0, pending_s=20.0, run_s=30.0) as rig:
        name = rig.submit(numbered(3))
        for state, seconds in (("QUEUED", 10.0), ("PENDING", 20.0), ("RUNNING", 30.0)):
            rig.reached(name, f"JOB_STATE_{state}")
            rig.control.advance(seconds)
        job = rig.ended(name)

    times: list[Any] = [job.create_time, job.start_time, job.end_time]
    assert [later - earlier for earlier, later in pairwise(times)] == [timedelta(seconds=30)] * 2


@pytest.mark.parametrize("held_in", ["JOB_STATE_QUEUED", "JOB_STATE_PENDING"])
def test_a_job_that_does_not_run_within_72_hours_expires_without_output(standing: Standing, held_in: HeldState) -> None:
    with standing.rig() as rig:
        rig.control.add(JobFault(never=True, held_in=held_in))
        name = rig.submit(numbered(3))
        rig.reached(name, held_in)

        rig.control.advance(72 * _HOUR - 1)
        before = rig.get(name).state
        rig.control.advance(1)
        job = rig.ended(name)

        assert (before.name, job.state) == (held_in, JobState.JOB_STATE_EXPIRED)
        assert "completion_stats" not in job
        assert "error" not in job
        assert rig.outputs() == []
        assert rig.control.billed().answered == 0


def test_a_job_that_waits_for_a_place_for_72_hours_expires_too(standing: Standing) -> None:
    with standing.rig(max_running=1, run_limit_s=1000 * _HOUR) as rig:
        rig.control.add(JobFault(never=True))
        rig.reached(rig.submit(numbered(1)), "JOB_STATE_RUNNING")
        waiting = rig.submit(numbered(1))
        rig.reached(waiting, "JOB_STATE_QUEUED")

        rig.control.advance(72 * _HOUR)

        assert rig.ended(waiting).state == JobState.JOB_STATE_EXPIRED


@pytest.mark.parametrize(("over_run", "code"), [("JOB_STATE_EXPIRED", 0), ("JOB_STATE_CANCELLED", 1)])
def test_a_job_that_runs_for_24_hours_ends_with_the_rows_that_are_done_and_no_others_are_billed(
    standing: Standing, over_run: OverRun, code: int
) -> None:
    with standing.rig(run_s=40 * _HOUR, over_run=over_run) as rig:
        name = rig.submit(numbered(10))
        rig.answered_so_far(name, 1)
        rig.control.advance(12 * _HOUR)
        rig.answered_so_far(name, 4)
        rig.control.advance(12 * _HOUR)
        job = rig.ended(name)

        assert (job.state.name, job.error.code) == (over_run, code)
        assert (job.completion_stats.successful_count, job.completion_stats.incomplete_count) == (4, 6)
        assert len(rig.rows(job)) == 4
        assert rig.control.billed().answered == 4


@pytest.mark.parametrize(
    ("end", "timed"),
    [
        ("JOB_STATE_SUCCEEDED", True),
        ("JOB_STATE_FAILED", True),
        ("JOB_STATE_CANCELLED", True),
        ("JOB_STATE_EXPIRED", False),
        ("JOB_STATE_PARTIALLY_SUCCEEDED", False),
    ],
)
def test_only_three_ends_have_an_end_time(standing: Standing, end: Any, *, timed: bool) -> None:
    with standing.rig() as rig:
        rig.control.add(JobFault(state=end, rows=1))

        job = rig.run(numbered(2))

    assert (job.state.name, "end_time" in job) == (end, timed)


def test_a_job_may_succeed_after_it_was_cancelled(standing: Standing) -> None:
    with standing.rig(run_s=100.0) as rig:
        rig.control.add(JobFault(ignores_cancel=True))
        name = rig.submit(numbered(10))
        rig.answered_so_far(name, 1)

        rig.api.cancel_batch_prediction_job(name=name)
        state = rig.get(name).state
        rig.control.advance(100)
        job = rig.ended(name)

        assert (state, job.state) == (JobState.JOB_STATE_CANCELLING, JobState.JOB_STATE_SUCCEEDED)
        assert len(rig.rows(job)) == 10


def test_a_job_cancelled_before_it_runs_may_still_succeed(standing: Standing) -> None:
    with standing.rig(queue_s=10.0) as rig:
        rig.control.add(JobFault(ignores_cancel=True))
        name = rig.submit(numbered(2))
        rig.reached(name, "JOB_STATE_QUEUED")

        rig.api.cancel_batch_prediction_job(name=name)
        rig.control.advance(10)
        job = rig.ended(name)

        assert job.state == JobState.JOB_STATE_SUCCEEDED
        assert "start_time" in job
        assert len(rig.rows(job)) == 2


def test_a_cancellation_can_take_its_time(standing: Standing) -> None:
    with standing.rig(run_s=100.0) as rig:
        rig.control.add(JobFault(cancel_s=60.0))
        name = rig.submit(numbered(10))
        rig.answered_so_far(name, 1)

        rig.api.cancel_batch_prediction_job(name=name)
        until(lambda: len(rig.outputs()) == 1)
        rig.control.advance(59)
        states = {rig.get(name).state for _ in range(10)}
        rig.control.advance(1)

        assert states == {JobState.JOB_STATE_CANCELLING}
        assert rig.ended(name).state == JobState.JOB_STATE_CANCELLED


@pytest.mark.parametrize("held_in", ["JOB_STATE_PAUSED", "JOB_STATE_UPDATING", "JOB_STATE_RUNNING"])
def test_a_job_can_stay_in_a_state_until_it_is_cancelled_and_then_gives_what_it_has(
    standing: Standing, held_in: HeldState
) -> None:
    with standing.rig() as rig:
        rig.control.add(JobFault(never=True, held_in=held_in, rows=2))
        name = rig.submit(numbered(5))
        rig.answered_so_far(name, 2)
        rig.reached(name, held_in)

        rig.api.cancel_batch_prediction_job(name=name)
        job = rig.ended(name)

        assert job.state == JobState.JOB_STATE_CANCELLED
        assert len(rig.rows(job)) == 2


def test_a_paused_job_ends_at_the_latest_after_24_hours_of_running(standing: Standing) -> None:
    with standing.rig() as rig:
        rig.control.add(JobFault(never=True, held_in="JOB_STATE_PAUSED"))
        name = rig.submit(numbered(1))
        rig.reached(name, "JOB_STATE_PAUSED")

        rig.control.advance(24 * _HOUR)

        assert rig.ended(name).state == JobState.JOB_STATE_EXPIRED


@pytest.mark.parametrize("by_fault", [False, True])
def test_a_new_job_is_found_by_its_name_at_once_and_in_lists_only_later(standing: Standing, *, by_fault: bool) -> None:
    with standing.rig(list_lag_s=0.0 if by_fault else 5.0) as rig:
        if by_fault:
            rig.control.add(JobFault("late", list_lag_s=5.0))
        name = rig.submit(numbered(1), display_name="late")
        found, early = rig.get(name), rig.names()
        rig.control.advance(5)

        assert (found.name, early) == (name, [])
        assert rig.names() == ["late"]


def test_the_log_tells_how_far_a_job_has_come(standing: Standing, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "infra.local.vertex")
    with standing.rig(run_s=60.0) as rig:
        name = rig.submit(numbered(6))
        rig.answered_so_far(name, 1)
        for count in (3, 5):
            rig.control.advance(20)
            rig.answered_so_far(name, count)
        rig.control.advance(20)
        rig.ended(name)

    told = [record.getMessage().removeprefix(f"{name}: ") for record in caplog.records if name in record.getMessage()]
    assert [line for line in told if line.startswith("JOB_STATE")] == [
        f"JOB_STATE_{state}" for state in ("QUEUED", "PENDING", "RUNNING", "SUCCEEDED")
    ]
    assert [line for line in told if "rows" in line] == ["2 of 6 rows", "4 of 6 rows", "6 of 6 rows"]


def test_the_clock_can_be_read_and_goes_forward_only(standing: Standing) -> None:
    with standing.rig() as rig:
        before = rig.control.now()

        assert rig.control.advance(90.5) - before == timedelta(seconds=90.5)
        with pytest.raises(ValueError, match="time does not go back"):
            rig.control.advance(-1)


def test_a_clock_that_runs_can_be_put_forward_as_well(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    with rigged(storage_server.url, storage_client, AT_ONCE) as rig:
        rig.control.add(JobFault(never=True))
        name = rig.submit(numbered(1))
        rig.reached(name, "JOB_STATE_RUNNING")

        rig.control.advance(24 * _HOUR)

        assert rig.ended(name).state == JobState.JOB_STATE_EXPIRED
