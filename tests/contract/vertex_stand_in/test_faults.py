"""Faults of the Vertex stand-in: scripted by method, job and row, consumed and listed."""

import time
from datetime import datetime, timedelta

import httpx
import pytest
import requests
from google.api_core.exceptions import ServiceUnavailable, TooManyRequests
from google.cloud.aiplatform_v1 import JobState
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.clock import SimClock
from infra.local.vertex.control import JobFault, MethodFault, RowFault, refused_for
from infra.local.vertex.faults import Method
from tests.contract.vertex_stand_in.support import AT_ONCE, ENDS, Rig, by_id, numbered, rigged, said, until


def test_a_method_fault_happens_as_often_as_it_says_and_then_no_more(vertex: Rig) -> None:
    uri = vertex.put("in.jsonl", numbered(1))
    fault = vertex.control.add(MethodFault("create", 429, "Quota exceeded.", count=2))

    for _ in range(2):
        with pytest.raises(TooManyRequests, match="Quota exceeded"):
            vertex.create([uri])
    vertex.create([uri])

    assert vertex.control.consumed(fault) == 2
    assert len(list(vertex.api.list_batch_prediction_jobs(parent=vertex.parent))) == 1


def test_a_create_whose_answer_is_lost_makes_the_job_all_the_same(vertex: Rig) -> None:
    uri = vertex.put("in.jsonl", numbered(1))
    vertex.control.add(MethodFault("create", 503, after=True))

    with pytest.raises(ServiceUnavailable):
        vertex.create([uri], display_name="made")

    [job] = vertex.api.list_batch_prediction_jobs(request={"parent": vertex.parent, "filter": 'display_name="made"'})
    assert vertex.ended(job.name).state == JobState.JOB_STATE_SUCCEEDED


def test_faults_are_listed_with_what_they_did_and_can_be_cleared(vertex: Rig) -> None:
    vertex.control.add(MethodFault("get", 500))
    vertex.control.add(JobFault("some job", state="JOB_STATE_FAILED"))

    assert [scripted.consumed for scripted in vertex.control.faults()] == [0, 0]
    vertex.control.clear()
    assert vertex.control.faults() == []


def test_one_fault_can_be_taken_back(vertex: Rig) -> None:
    kept, gone = (vertex.control.add(MethodFault("get", 500, count=None)) for _ in range(2))
    vertex.control.remove(gone)

    assert [scripted.id for scripted in vertex.control.faults()] == [kept]
    with pytest.raises(ValueError, match=f"There is no fault {gone}"):
        vertex.control.remove(gone)


def test_a_call_can_be_dropped_without_an_answer_before_it_takes_effect_or_after(vertex: Rig) -> None:
    uri = vertex.put("in.jsonl", numbered(1))
    before = vertex.control.add(MethodFault("create", drop=True))
    after = vertex.control.add(MethodFault("create", drop=True, after=True))

    for name in ("never made", "made"):
        with pytest.raises(requests.exceptions.ConnectionError):
            vertex.create([uri], display_name=name)

    assert vertex.names() == ["made"]
    assert (vertex.control.consumed(before), vertex.control.consumed(after)) == (1, 1)


def test_a_call_can_take_its_time_and_then_go_on(vertex: Rig) -> None:
    vertex.control.add(MethodFault("list", delay_s=0.2))
    begun = time.monotonic()

    assert vertex.names() == []
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("method", ["create", "get", "list", "cancel", "delete"])
def test_each_method_can_fail(vertex: Rig, method: Method) -> None:
    vertex.control.add(MethodFault(method, 503, "Later."))
    name = f"{vertex.parent}/batchPredictionJobs/1"
    verb, path = {
        "create": ("POST", f"{vertex.parent}/batchPredictionJobs"),
        "get": ("GET", name),
        "list": ("GET", f"{vertex.parent}/batchPredictionJobs"),
        "cancel": ("POST", f"{name}:cancel"),
        "delete": ("DELETE", name),
    }[method]

    reply = httpx.request(verb, f"{vertex.server.url}/v1/{path}")

    assert reply.status_code == 503
    assert reply.json() == {"error": {"code": 503, "message": "Later.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "fault",
    [
        {"on": "weather"},
        {"on": "row"},
        {"on": "row", "drop": True, "swap": True},
        {"on": "row", "drop": True, "every": 0},
        {"on": "method", "method": "create", "status": 200},
        {"on": "method", "method": "create"},
        {"on": "job", "state": "JOB_STATE_RUNNING"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(vertex: Rig, fault: dict[str, object]) -> None:
    assert httpx.post(f"{vertex.server.url}/_control/faults", json=fault).status_code == 400


def test_a_job_can_be_made_to_fail_before_it_runs_or_after_some_rows(vertex: Rig) -> None:
    vertex.control.add(JobFault("early", state="JOB_STATE_FAILED", code=13))
    vertex.control.add(JobFault("late", state="JOB_STATE_FAILED", code=7, message="No right to write.", rows=2))

    early = vertex.run(numbered(5), display_name="early bird")
    late = vertex.run(numbered(5), display_name="late riser")

    assert (early.state, early.error.code) == (JobState.JOB_STATE_FAILED, 13)
    assert early.error.message == "System error. Please try this operation again."
    assert (late.error.code, late.error.message) == (7, "No right to write.")
    assert (late.completion_stats.successful_count, late.completion_stats.incomplete_count) == (2, 3)
    assert vertex.outputs() == []
    assert [(job.display_name, job.answered) for job in vertex.control.billed().jobs] == [("late riser", 2)]


@pytest.mark.parametrize("state", ["JOB_STATE_EXPIRED", "JOB_STATE_PARTIALLY_SUCCEEDED", "JOB_STATE_CANCELLED"])
def test_a_job_that_is_cut_short_still_exports_what_it_has(vertex: Rig, state: str) -> None:
    vertex.control.add(JobFault(state=state, rows=3))  # type: ignore[arg-type]  # one of the literals

    job = vertex.run(numbered(5))

    assert job.state.name == state
    assert job.error.code == (1 if state == "JOB_STATE_CANCELLED" else 0)
    assert len(vertex.rows(job)) == 3


def test_a_job_that_never_ends_can_only_be_cancelled(vertex: Rig) -> None:
    vertex.control.add(JobFault(never=True))
    name = vertex.submit(numbered(3))
    vertex.when(name, lambda job: job.completion_stats.successful_count == 3)

    assert vertex.get(name).state == JobState.JOB_STATE_RUNNING
    vertex.api.cancel_batch_prediction_job(name=name)

    assert len(vertex.rows(vertex.ended(name))) == 3


def test_a_job_fault_meets_only_the_job_it_names_and_only_once(vertex: Rig) -> None:
    fault = vertex.control.add(JobFault("target", state="JOB_STATE_FAILED"))

    states = [vertex.run(numbered(1), display_name=name).state.name for name in ("other", "target", "target")]

    assert states == ["JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_SUCCEEDED"]
    assert vertex.control.consumed(fault) == 1


def test_a_row_can_be_refused_with_any_status_and_is_not_billed(vertex: Rig) -> None:
    status = refused_for(429, "Resource exhausted.")
    vertex.control.add(RowFault("r-0001", status=status, count=1))

    rows = by_id(vertex.rows(vertex.run(numbered(3))))
    again = by_id(vertex.rows(vertex.run(numbered(3)[1:2])))

    assert rows["r-0001"]["status"].startswith('Too Many Requests: {"error": {"code": 429')
    assert rows["r-0001"]["response"] == {}
    assert again["r-0001"]["status"] == ""
    assert vertex.control.billed().custom_ids == {"r-0000": 1, "r-0001": 1, "r-0002": 1}


def test_every_nth_row_of_the_input_can_go_missing(vertex: Rig) -> None:
    fault = vertex.control.add(RowFault(every=3, drop=True))

    job = vertex.run(numbered(7))

    assert sorted(by_id(vertex.rows(job))) == ["r-0000", "r-0001", "r-0003", "r-0004", "r-0006"]
    assert (job.completion_stats.successful_count, job.completion_stats.incomplete_count) == (5, 2)
    assert vertex.control.consumed(fault) == 2
    assert vertex.control.billed().answered == 7


def test_a_missing_row_can_still_be_counted(vertex: Rig) -> None:
    vertex.control.add(RowFault("r-0001", drop=True, counted=True))

    job = vertex.run(numbered(3))

    assert job.completion_stats.successful_count == 3
    assert len(vertex.rows(job)) == 2


def test_a_row_can_be_written_twice(vertex: Rig) -> None:
    vertex.control.add(RowFault("r-0001", duplicate=True))

    job = vertex.run(numbered(2))

    assert sorted(row["custom_id"] for row in vertex.rows(job)) == ["r-0000", "r-0001", "r-0001"]
    assert vertex.control.billed().repeated == {}


def test_two_rows_can_have_each_others_answers(vertex: Rig) -> None:
    straight = by_id(vertex.rows(vertex.run(numbered(2))))
    fault = vertex.control.add(RowFault(swap=True, count=1))

    crossed = by_id(vertex.rows(vertex.run(numbered(2))))

    assert said(crossed["r-0000"]) == said(straight["r-0001"]) != said(straight["r-0000"])
    assert said(crossed["r-0001"]) == said(straight["r-0000"])
    assert crossed["r-0000"]["request"] == straight["r-0000"]["request"]
    assert vertex.control.consumed(fault) == 1


def test_two_rows_can_come_back_under_each_others_keys(vertex: Rig) -> None:
    straight = by_id(vertex.rows(vertex.run(numbered(2))))
    vertex.control.add(RowFault(swap_keys=True, count=1))

    crossed = by_id(vertex.rows(vertex.run(numbered(2))))

    assert crossed["r-0000"]["request"] == straight["r-0001"]["request"]
    assert said(crossed["r-0000"]) == said(straight["r-0001"])
    assert crossed["r-0001"]["request"] == straight["r-0000"]["request"]


def test_a_swap_that_finds_no_second_row_has_not_happened(vertex: Rig) -> None:
    fault = vertex.control.add(RowFault(swap=True))

    assert len(vertex.answered(numbered(1))) == 1
    assert vertex.control.consumed(fault) == 0


def test_an_answer_can_end_for_another_reason(vertex: Rig) -> None:
    vertex.control.add(RowFault("r-0000", finish_reason="SAFETY"))
    vertex.control.add(RowFault("r-0001", finish_reason="MAX_TOKENS"))
    vertex.control.add(RowFault("r-0002", block_reason="PROHIBITED_CONTENT"))

    rows = by_id(vertex.answered(numbered(3)))

    [unsafe], [cut] = (rows[key]["response"]["candidates"] for key in ("r-0000", "r-0001"))
    blocked = rows["r-0002"]["response"]
    assert (unsafe["finishReason"], "content" in unsafe) == ("SAFETY", False)
    assert (cut["finishReason"], bool(said(rows["r-0001"]))) == ("MAX_TOKENS", True)
    assert blocked["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in blocked
    assert rows["r-0002"]["status"] == ""


def test_a_row_can_say_something_else(vertex: Rig) -> None:
    vertex.control.add(RowFault("r-0001", answer='{"broken": '))

    rows = by_id(vertex.answered(numbered(2)))

    assert said(rows["r-0001"]) == '{"broken": '
    assert said(rows["r-0000"]) != said(rows["r-0001"])


def test_a_line_can_be_anything(vertex: Rig) -> None:
    vertex.control.add(RowFault("r-0000", line="not JSON"))

    job = vertex.run(numbered(2))

    assert sorted(line[:8] for line in vertex.lines(job)) == ["not JSON", '{"custom']
    assert job.completion_stats.successful_count == 2


def test_a_row_can_be_answered_later(storage_server: StorageServer, storage_client: StorageClient) -> None:
    with rigged(storage_server.url, storage_client, AT_ONCE, clock=SimClock(standing=True)) as rig:
        rig.control.add(RowFault("r-0000", delay_s=60.0))
        name = rig.submit(numbered(1))
        until(lambda: bool(rig.control.advance(20)) and rig.get(name).state in ENDS)
        job = rig.get(name)

        [row] = rig.rows(job)
        waited: timedelta = datetime.fromisoformat(row["processed_time"]) - job.start_time
        assert row["status"] == ""
        assert waited >= timedelta(seconds=59)


def test_usage_may_be_missing_wholly(vertex: Rig) -> None:
    whole = (
        "promptTokenCount",
        "candidatesTokenCount",
        "totalTokenCount",
        "promptTokensDetails",
        "candidatesTokensDetails",
        "trafficType",
    )
    vertex.control.add(RowFault(omit=whole))

    [row] = vertex.answered(numbered(1))

    assert "usageMetadata" not in row["response"]
    assert vertex.control.billed().jobs[0].prompt_tokens > 0
