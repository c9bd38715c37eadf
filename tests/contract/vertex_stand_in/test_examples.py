"""What Google publishes and what others captured of the live service, compared field by field."""

import json
import re

import httpx
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.control import RowFault
from infra.local.vertex.models.base import Question, Reply
from infra.local.vertex.settings import Settings
from tests.contract.vertex_stand_in.support import Rig, Row, asked, by_id, numbered, rigged

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")


# tests/integrations/common_fixtures/gemini_batch_response.jsonl of bespokelabsai/curator, from a live job.
_CURATOR_RESPONSE: Row = {
    "candidates": [{"content": {"parts": [{"text": "A poem."}], "role": "model"}, "finishReason": "STOP"}],
    "createTime": "2025-01-26T18:50:03.123456Z",
    "modelVersion": "gemini-1.5-flash-002@default",
    "responseId": "q4aWZ9uEHq",
    "usageMetadata": {
        "promptTokenCount": 1,
        "candidatesTokenCount": 177,
        "totalTokenCount": 178,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1}],
    },
}


# "Successful example" of Google's page on batch inference from Cloud Storage: what went in and what came out.
_QUESTION = "What is the relation between the following video and image samples?"


_VIDEO = {"fileUri": "gs://cloud-samples-data/generative-ai/video/animals.mp4", "mimeType": "video/mp4"}


_IMAGE = {"fileUri": "gs://cloud-samples-data/generative-ai/image/cricket.jpeg", "mimeType": "image/jpeg"}


_GOOGLE_REQUEST: Row = {
    "contents": [{"role": "user", "parts": [{"text": _QUESTION}, {"fileData": _VIDEO}, {"fileData": _IMAGE}]}]
}


_GOOGLE_ECHO: Row = {
    "contents": [
        {
            "parts": [
                {"fileData": None, "text": _QUESTION},
                {"fileData": _VIDEO, "text": None},
                {"fileData": _IMAGE, "text": None},
            ],
            "role": "user",
        }
    ]
}


_GOOGLE_RESPONSE: Row = {
    "candidates": [
        {
            "avgLogprobs": -0.5782725546095107,
            "content": {"parts": [{"text": "This video shows a marketing campaign."}], "role": "model"},
            "finishReason": "STOP",
        }
    ],
    "modelVersion": "gemini-2.0-flash-001@default",
    "usageMetadata": {"candidatesTokenCount": 36, "promptTokenCount": 29180, "totalTokenCount": 29216},
}


# "Failed example" of the same page.
_REFUSED_REQUEST: Row = {"contents": [{"parts": [{"text": "Explain how AI works in a few words"}], "role": "tester"}]}


_REFUSED_STATUS = (
    'Bad Request: {"error": {"code": 400, "message": "Please use a valid role: user, model.",'
    ' "status": "INVALID_ARGUMENT"}}'
)


class Parrot:
    """A model that always says the same."""

    concurrency = 1

    def __init__(self, response: Row) -> None:
        self._response = response

    def answer(self, _: Question) -> Reply:
        return Reply(dict(self._response))

    def close(self) -> None:
        """Nothing to let go of."""


def rest(rig: Rig, name: str) -> Row:
    """The job as REST JSON."""
    job: Row = httpx.get(f"{rig.server.url}/v1/{name}").json()
    return job


def test_a_live_row_is_written_as_it_was_captured(storage_server: StorageServer, storage_client: StorageClient) -> None:
    with rigged(storage_server.url, storage_client, model=Parrot(_CURATOR_RESPONSE)) as rig:
        [row] = rig.answered([{"custom_id": "2", "request": asked("Poem.")}])

    assert list(row) == ["custom_id", "status", "processed_time", "request", "response"]
    assert (row["custom_id"], row["status"]) == ("2", "")
    assert _MOMENT.fullmatch(row["processed_time"])
    assert row["request"] == asked("Poem.")
    assert row["response"] == _CURATOR_RESPONSE


def test_the_published_row_of_a_success_has_nulls_where_other_parts_have_something(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    settings = Settings(queue_s=0.0, pending_s=0.0, run_s=0.0, echo="nulls")
    with rigged(storage_server.url, storage_client, settings, model=Parrot(_GOOGLE_RESPONSE)) as rig:
        [line] = rig.lines(rig.run([{"request": _GOOGLE_REQUEST}]))

    row = json.loads(line)
    assert list(row) == ["status", "processed_time", "request", "response"]
    assert row["status"] == ""
    assert json.dumps(row["request"]) == json.dumps(_GOOGLE_ECHO)
    assert {key: row["response"][key] for key in _GOOGLE_RESPONSE} == _GOOGLE_RESPONSE


def test_the_published_row_of_a_failure_has_its_status_and_an_empty_response(vertex: Rig) -> None:
    job = vertex.run([{"request": _REFUSED_REQUEST}])

    [row] = vertex.rows(job)
    assert list(row) == ["status", "processed_time", "request", "response"]
    assert row["status"] == _REFUSED_STATUS
    assert _MOMENT.fullmatch(row["processed_time"])
    assert row["request"] == _REFUSED_REQUEST
    assert row["response"] == {}
    assert (job.state.name, job.completion_stats.failed_count) == ("JOB_STATE_SUCCEEDED", 1)


def test_a_bad_function_name_is_refused_in_its_row_with_the_captured_words(vertex: Rig) -> None:
    tools = [{"functionDeclarations": [{"name": "get weather!", "description": "Tells the weather."}]}]
    rows = [{"custom_id": "mb-bad", "request": {**asked("Weather?"), "tools": tools}}, *numbered(4)]

    job = vertex.run(rows)

    status = by_id(vertex.rows(job))["mb-bad"]["status"].removeprefix("Bad Request: ")
    assert json.loads(status)["error"] == {
        "code": 400,
        "message": (
            "The GenerateContentRequest proto is invalid:\n  * tools[0].function_declarations[0].name: [FIELD_INVALID]"
            " Invalid function name. Must start with a letter or an underscore. Must be a-z, A-Z, 0-9, or contain"
            " underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
        ),
        "status": "INVALID_ARGUMENT",
    }
    assert (job.completion_stats.successful_count, job.completion_stats.failed_count) == (4, 1)
    assert vertex.control.billed().answered == 4


def test_a_blocked_prompt_is_a_row_without_a_status_and_without_candidates(vertex: Rig) -> None:
    vertex.control.add(RowFault(block_reason="PROHIBITED_CONTENT"))

    [row] = vertex.answered(numbered(1))

    assert row["status"] == ""
    assert row["response"]["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in row["response"]


def test_a_good_row_may_lack_its_total_of_tokens(vertex: Rig) -> None:
    vertex.control.add(RowFault(omit=("totalTokenCount",)))

    [row] = vertex.answered(numbered(1))

    assert row["status"] == ""
    assert "totalTokenCount" not in row["response"]["usageMetadata"]
    assert row["response"]["usageMetadata"]["promptTokenCount"] > 0


def test_five_rows_come_back_in_another_order(vertex: Rig) -> None:
    rows = vertex.answered([{"custom_id": f"iso-{i}", "request": asked("Hello.")} for i in range(1, 6)])

    order = [row["custom_id"] for row in rows]
    assert order != sorted(order)
    assert set(order) == {f"iso-{i}" for i in range(1, 6)}


def test_the_published_create_call_is_taken_and_answered_with_the_published_fields(vertex: Rig) -> None:
    source, target = vertex.put("in.jsonl", numbered(1)), f"gs://{vertex.bucket.name}/out"
    body: Row = {
        "displayName": "my-cloud-storage-batch-inference-job",
        "model": "publishers/google/models/gemini-3.5-flash",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": source}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": target}},
    }

    made = httpx.post(f"{vertex.server.url}/v1/{vertex.parent}/batchPredictionJobs", json=body).json()

    assert re.fullmatch(r"projects/\d+/locations/global/batchPredictionJobs/\d{19}", made.pop("name"))
    created, updated = made.pop("createTime"), made.pop("updateTime")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", created)
    assert created == updated
    assert made == {
        **body,
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [source]}},
        "state": "JOB_STATE_PENDING",
        "modelVersionId": "1",
    }


def test_a_finished_job_has_the_published_fields_and_its_counts_are_strings(vertex: Rig) -> None:
    bad = {"request": _REFUSED_REQUEST}
    job = rest(vertex, vertex.run([*numbered(10), bad]).name)

    assert job["completionStats"] == {"successfulCount": "10", "failedCount": "1"}
    assert set(job) - {"labels"} == {
        "name",
        "displayName",
        "model",
        "modelVersionId",
        "inputConfig",
        "outputConfig",
        "outputInfo",
        "state",
        "completionStats",
        "createTime",
        "startTime",
        "endTime",
        "updateTime",
    }
    directory = rf"gs://{vertex.bucket.name}/out/prediction-model-\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{6}}Z"
    assert re.fullmatch(directory, job["outputInfo"]["gcsOutputDirectory"])
    [output] = vertex.outputs()
    assert output.rpartition("/")[2] == "predictions.jsonl"
