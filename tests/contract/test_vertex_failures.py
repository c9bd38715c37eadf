"""What the Vertex adapter makes of failures and of answers nobody foresaw."""

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.api_core.exceptions import BadRequest, Forbidden

from batchdrop.cloud.vertex import VertexBatches
from batchdrop.domain.errors import CreateRefused, CreateThrottled, CreateUnknown, Transient
from batchdrop.domain.ids import VertexJobName
from batchdrop.domain.vertex import VertexJob, VertexState
from infra.local.vertex.control import MethodFault, VertexControl
from tests.contract.canned import Answer, CannedServer
from tests.contract.offices import StandInOffice, spec_of
from tests.contract.test_batch_service import fresh

NAME = VertexJobName("projects/1/locations/global/batchPredictionJobs/2")
ROOT = Path(__file__).parents[2]


def answer(**fields: object) -> Answer:
    return Answer(200, json.dumps({"name": NAME, "displayName": "d", **fields}).encode())


def told(*answers: Answer) -> VertexJob:
    with CannedServer(*answers) as server:
        job = VertexBatches("project", server.url).get(NAME)
    assert job is not None
    return job


@pytest.mark.parametrize("status", [400, 403, 404, 412, 413])
def test_a_create_that_is_refused_says_so_with_vertex_own_words(
    vertex_office: StandInOffice, vertex_control: VertexControl, status: int
) -> None:
    vertex_control.add(MethodFault("create", status, "No such thing."))
    with pytest.raises(CreateRefused, match=r"No such thing\.") as caught:
        vertex_office.service.create(spec_of(vertex_office, fresh()))
    assert (caught.value.status, "No such thing." in caught.value.vertex_message) == (status, True)


def test_a_model_that_does_not_exist_is_refused_as_not_found(vertex_office: StandInOffice) -> None:
    with pytest.raises(CreateRefused) as caught:
        vertex_office.service.create(spec_of(vertex_office, fresh(), model="gemini-1.0-pro"))
    assert caught.value.status == 404


def test_a_model_is_taken_by_its_full_name_too(vertex_office: StandInOffice) -> None:
    spec = spec_of(vertex_office, fresh(), model="publishers/google/models/gemini-3.5-flash")
    assert vertex_office.end_of(vertex_office.service.create(spec)).state is VertexState.SUCCEEDED


def test_a_create_over_quota_is_throttled(vertex_office: StandInOffice, vertex_control: VertexControl) -> None:
    vertex_control.add(MethodFault("create", 429))
    with pytest.raises(CreateThrottled):
        vertex_office.service.create(spec_of(vertex_office, fresh()))


@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize("status", [408, 409, 499, 500, 502, 503, 504])
def test_a_create_without_a_clear_answer_is_unknown_whether_or_not_there_is_a_job(
    vertex_office: StandInOffice, vertex_control: VertexControl, status: int, *, made: bool
) -> None:
    vertex_control.add(MethodFault("create", status, after=made))
    spec = spec_of(vertex_office, fresh())
    with pytest.raises(CreateUnknown):
        vertex_office.service.create(spec)
    assert len(vertex_office.service.find("global", spec.display_name)) == int(made)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Answer(0), id="no reply"),
        pytest.param(Answer(200, b"<html>"), id="a page"),
        pytest.param(Answer(200, b"{}"), id="no name"),
        pytest.param(Answer(503), id="unavailable"),
    ],
)
def test_a_create_is_sent_once_and_a_senseless_reply_leaves_it_unknown(reply: Answer) -> None:
    with CannedServer(reply) as server:
        office = StandInOffice(VertexBatches("project", server.url), "bucket", VertexControl(server.url))
        with pytest.raises(CreateUnknown):
            office.service.create(spec_of(office, "d"))
        office.control.close()
    assert len(server.requests) == 1


def test_a_create_asks_for_what_the_spec_says() -> None:
    with CannedServer(answer()) as server:
        office = StandInOffice(VertexBatches("project", server.url), "bucket", VertexControl(server.url))
        assert office.service.create(spec_of(office, "d", location="us")) == NAME
        office.control.close()
    ((method, path, body),) = server.requests
    assert (method, path.partition("?")[0]) == ("POST", "/v1/projects/project/locations/us/batchPredictionJobs")
    assert json.loads(body) == {
        "displayName": "d",
        "model": "publishers/google/models/gemini-3.5-flash",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://bucket/rows.jsonl"]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://bucket/d/"}},
        "labels": {"batchdrop": "here", "batchdrop-batch": "b1", "batchdrop-try": "1"},
    }


def test_nobody_there_leaves_a_create_unknown_and_makes_a_question_transient() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        office = StandInOffice(
            VertexBatches("project", f"http://127.0.0.1:{taken.getsockname()[1]}", patience=0.2),
            "bucket",
            VertexControl("http://127.0.0.1"),
        )
        with pytest.raises(CreateUnknown):
            office.service.create(spec_of(office, "d"))
        with pytest.raises(Transient):
            office.service.get(NAME)
        office.control.close()


@pytest.mark.parametrize("state", [12, "JOB_STATE_DREAMING"])
def test_a_state_nobody_knows_is_unspecified(state: int | str) -> None:
    assert told(answer(state=state)).state is VertexState.UNSPECIFIED


@pytest.mark.parametrize("state", list(VertexState))
def test_each_state_is_known_by_its_number(state: VertexState) -> None:
    assert told(answer(state=state.value)).state is state


@pytest.mark.parametrize(
    ("stats", "completed"),
    [
        ({"successfulCount": "2", "failedCount": "1", "incompleteCount": "-1"}, 3),
        ({"successfulCount": "2"}, 2),
        ({}, 0),
        ({"successfulCount": "-1", "failedCount": "0"}, None),
        ({"successfulCount": "2", "failedCount": "-1"}, None),
        (None, None),
    ],
)
def test_completed_rows_are_those_answered_well_or_badly(stats: dict[str, str] | None, completed: int | None) -> None:
    assert told(answer(completionStats=stats)).completed == completed


def test_a_failed_job_tells_code_and_message() -> None:
    job = told(answer(state="JOB_STATE_FAILED", error={"code": 3, "message": "Failed to import data."}))
    assert (job.state, job.error_code, job.error_message) == (VertexState.FAILED, 3, "Failed to import data.")


def test_a_job_tells_when_it_was_created_in_utc() -> None:
    job = told(answer(createTime="2026-11-01T12:00:00.123456Z"))
    assert job.created_at == datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("field", ["endTime", "updateTime"])
def test_a_job_that_ran_for_24_hours_ran_out_though_no_end_time_may_be_told(field: str) -> None:
    job = told(answer(startTime="2026-11-01T12:00:00Z", **{field: "2026-11-02T12:00:01Z"}))
    assert job.ran_out
    assert not told(answer(createTime="2026-10-01T12:00:00Z", **{field: "2026-11-02T12:00:01Z"})).ran_out


def test_fields_that_the_library_does_not_know_are_passed_over() -> None:
    assert told(answer(state="JOB_STATE_RUNNING", aNewField={"x": 1})).state is VertexState.RUNNING


def test_a_question_that_fails_in_passing_is_asked_again() -> None:
    assert told(Answer(503), Answer(0), answer(state=3)).state is VertexState.RUNNING


def test_a_question_that_keeps_failing_is_transient() -> None:
    with CannedServer(Answer(503)) as server:
        batches = VertexBatches("project", server.url, patience=0.2)
        with pytest.raises(Transient):
            batches.get(NAME)
        with pytest.raises(Transient):
            batches.find("global", "d")


def test_what_is_forbidden_is_not_transient() -> None:
    with CannedServer(Answer(403)) as server, pytest.raises(Forbidden):
        VertexBatches("project", server.url).get(NAME)


def test_a_list_goes_on_to_its_last_page() -> None:
    page = {"batchPredictionJobs": [{"name": NAME, "displayName": "d"}], "nextPageToken": "more"}
    with CannedServer(Answer(200, json.dumps(page).encode()), Answer(200, b"{}")) as server:
        assert len(VertexBatches("project", server.url).find("global", "d")) == 1
    assert "pageToken=more" in server.requests[1][1]


def test_a_cancellation_that_is_refused_though_the_job_runs_is_an_error() -> None:
    with CannedServer(Answer(400), answer(state="JOB_STATE_RUNNING")) as server, pytest.raises(BadRequest):
        VertexBatches("project", server.url).cancel(NAME)


def test_the_client_is_not_imported_before_vertex_is_asked() -> None:
    code = (
        "import sys; from batchdrop.cloud.vertex import VertexBatches; VertexBatches('p');"
        "print([name for name in sys.modules if name.startswith('google.cloud.aiplatform')])"
    )
    run = subprocess.run(  # a fixed program
        [sys.executable, "-c", code], cwd=ROOT / "functions", capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
