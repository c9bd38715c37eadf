"""The rows that the Vertex stand-in writes, and what faults make of them."""

import json
from collections.abc import Iterator

import httpx
import pytest
from google.api_core.exceptions import ServiceUnavailable, TooManyRequests
from google.cloud.aiplatform_v1 import JobState
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.control import JobFault, MethodFault, RowFault, refused_for
from tests.contract.vertex_support import PARENT, Rig, asked, by_id, numbered, rigged, said


@pytest.fixture
def vertex(storage_server: StorageServer, storage_client: StorageClient) -> Iterator[Rig]:
    with rigged(storage_server.url, storage_client) as rig:
        yield rig


def test_what_stands_beside_a_request_is_echoed_and_so_is_the_request(vertex: Rig) -> None:
    row = {"custom_id": "000017", "note": "kept", "request": asked("Say hello.", temperature=0.0)}

    [written] = vertex.answered([row])

    assert list(written) == ["custom_id", "note", "status", "processed_time", "request", "response"]
    assert {key: written[key] for key in row} == row
    assert written["status"] == ""
    assert written["processed_time"].endswith("+00:00")


def test_an_answer_has_the_fields_of_gemini_and_says_that_it_is_a_stand_in(vertex: Rig) -> None:
    [row] = vertex.answered([{"request": asked("Describe: a red chair of oak.")}])

    response = row["response"]
    [candidate] = response["candidates"]
    usage = response["usageMetadata"]
    assert candidate["finishReason"] == "STOP"
    assert candidate["content"]["role"] == "model"
    assert response["modelVersion"] == "gemini-3.5-flash-lite@stand-in"
    assert response["responseId"]
    assert response["createTime"].endswith("Z")
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]
    assert usage["promptTokensDetails"] == [{"modality": "TEXT", "tokenCount": usage["promptTokenCount"]}]


def test_a_row_that_gemini_would_refuse_is_an_error_row_in_a_job_that_succeeds(vertex: Rig) -> None:
    bad = {"custom_id": "bad", "request": {"contents": [{"role": "system", "parts": [{"text": "Hi."}]}]}}

    job = vertex.run([bad, *numbered(2)])

    assert job.state == JobState.JOB_STATE_SUCCEEDED
    assert (job.completion_stats.successful_count, job.completion_stats.failed_count) == (2, 1)
    row = by_id(vertex.rows(job))["bad"]
    assert row["status"] == (
        'Bad Request: {"error": {"code": 400, "message": "Please use a valid role: user, model.",'
        ' "status": "INVALID_ARGUMENT"}}'
    )
    assert (row["response"], row["request"]) == ({}, bad["request"])
    assert "bad" not in vertex.control.billed().custom_ids


@pytest.mark.parametrize(
    ("request_body", "text"),
    [
        ({"generationConfig": {"temperature": 0.5}}, "at least one contents field is required"),
        ({"contents": [{"parts": [{"text": "Hi."}]}]}, "Please use a valid role: user, model."),
        ({"contents": [{"role": "user"}]}, "at least one parts field"),
        ({"contents": [{"role": "user", "parts": [{"text": ""}]}]}, "empty text parameter"),
        ({"contents": [{"role": "user", "parts": [{"fileData": {"fileUri": "gs://b/x"}}]}]}, "mimeType"),
        (asked("Hi.", temperature=5), "temperature value of 5.0"),
    ],
)
def test_what_a_request_lacks_is_said_in_its_row(vertex: Rig, request_body: dict[str, object], text: str) -> None:
    [row] = vertex.rows(vertex.run([{"request": request_body}]))

    assert row["status"].startswith('Bad Request: {"error": {"code": 400')
    assert text in row["status"]


def test_a_response_schema_is_obeyed(vertex: Rig) -> None:
    schema = {
        "type": "OBJECT",
        "properties": {
            "sentiment": {"type": "STRING", "enum": ["positive", "negative"]},
            "score": {"type": "NUMBER", "minimum": 0, "maximum": 1},
        },
        "required": ["sentiment", "score"],
    }
    config = {"responseMimeType": "application/json", "responseSchema": schema}

    rows = vertex.answered(
        [
            {"custom_id": "good", "request": asked("Review: I love it, works great.", **config)},
            {"custom_id": "bad", "request": asked("Review: It broke, a waste of money.", **config)},
        ]
    )

    answers = {custom_id: json.loads(said(row)) for custom_id, row in by_id(rows).items()}
    assert (answers["good"]["sentiment"], answers["bad"]["sentiment"]) == ("positive", "negative")
    assert all(0 <= answer["score"] <= 1 for answer in answers.values())


def test_media_count_by_their_modality(vertex: Rig) -> None:
    request = asked("What is this?")
    request["contents"][0]["parts"].append({"fileData": {"fileUri": "gs://b/chair.jpg", "mimeType": "image/jpeg"}})

    [row] = vertex.answered([{"request": request}])

    details = row["response"]["usageMetadata"]["promptTokensDetails"]
    assert {detail["modality"] for detail in details} == {"TEXT", "IMAGE"}


def test_a_method_fault_happens_as_often_as_it_says_and_then_no_more(vertex: Rig) -> None:
    uri = vertex.put("in.jsonl", numbered(1))
    fault = vertex.control.add(MethodFault("create", 429, "Quota exceeded.", count=2))

    for _ in range(2):
        with pytest.raises(TooManyRequests, match="Quota exceeded"):
            vertex.create([uri])
    vertex.create([uri])

    assert vertex.control.consumed(fault) == 2
    assert len(list(vertex.api.list_batch_prediction_jobs(parent=PARENT))) == 1


def test_a_create_whose_answer_is_lost_makes_the_job_all_the_same(vertex: Rig) -> None:
    uri = vertex.put("in.jsonl", numbered(1))
    vertex.control.add(MethodFault("create", 503, after=True))

    with pytest.raises(ServiceUnavailable):
        vertex.create([uri], display_name="made")

    [job] = vertex.api.list_batch_prediction_jobs(request={"parent": PARENT, "filter": 'display_name="made"'})
    assert vertex.ended(job.name).state == JobState.JOB_STATE_SUCCEEDED


def test_faults_are_listed_with_what_they_did_and_can_be_cleared(vertex: Rig) -> None:
    vertex.control.add(MethodFault("get", 500))
    vertex.control.add(JobFault("some job", state="JOB_STATE_FAILED"))

    assert [scripted.consumed for scripted in vertex.control.faults()] == [0, 0]
    vertex.control.clear()
    assert vertex.control.faults() == []


@pytest.mark.parametrize(
    "fault", [{"on": "weather"}, {"on": "row"}, {"on": "method", "method": "create", "status": 200}]
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


def test_rows_that_are_run_twice_are_billed_twice_and_show_it(vertex: Rig) -> None:
    vertex.run(numbered(3), display_name="first")
    vertex.run(numbered(1), display_name="second")

    billed = vertex.control.billed()

    assert [(job.display_name, job.answered) for job in billed.jobs] == [("first", 3), ("second", 1)]
    assert billed.repeated == {"r-0000": 2}
