"""The rows that the Vertex stand-in writes, and what it would have billed for them."""

import json
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import JobState
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.settings import Settings
from tests.contract.vertex_stand_in.support import Rig, Row, asked, by_id, numbered, rigged, said


def _switched(**settings: Any) -> Settings:
    return Settings(queue_s=0.0, pending_s=0.0, run_s=0.0, **settings)


def request_text(row: Row) -> str:
    """What a row asked."""
    text: str = row["request"]["contents"][0]["parts"][0]["text"]
    return text


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


def test_ids_that_look_like_numbers_come_back_as_numbers_where_that_is_switched_on(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    ids = {"000000": 0, "12345": 12345, "7": 7, "-3.50": -3.5, "007": 7, "r-7": "r-7", "": "", "1e5": "1e5"}
    rows = [{"custom_id": custom_id, "request": asked(f"Id {custom_id}.")} for custom_id in ids]

    with rigged(storage_server.url, storage_client, _switched(coerce_numbers=True)) as rig:
        coerced = rig.answered(rows)
        billed = rig.control.billed().custom_ids

    assert {request_text(row): row["custom_id"] for row in coerced} == {
        f"Id {key}.": value for key, value in ids.items()
    }
    assert set(billed) == set(ids) - {""}


def test_ids_that_look_like_numbers_come_back_as_they_are(vertex: Rig) -> None:
    ids = ["000000", "12345", "7"]

    rows = vertex.answered([{"custom_id": custom_id, "request": asked("Hello.")} for custom_id in ids])

    assert sorted(row["custom_id"] for row in rows) == ids


def test_a_request_can_come_back_as_its_table_row_with_what_other_rows_have_as_null(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    plain = {"custom_id": "plain", "request": asked("Hello.")}
    rich = {
        "custom_id": "rich",
        "request": {
            **asked("Hello.", temperature=0.5, stopSequences=["x"]),
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
        },
    }

    warm = {"custom_id": "warm", "request": asked("Hello.", temperature=1.5)}

    with rigged(storage_server.url, storage_client, _switched(echo="nulls")) as rig:
        rows = by_id(rig.answered([plain, rich, warm]))

    assert rows["plain"]["request"] == {
        "contents": [{"parts": [{"text": "Hello."}], "role": "user"}],
        "generationConfig": None,
        "systemInstruction": None,
    }
    assert rows["warm"]["request"]["generationConfig"] == {"stopSequences": [], "temperature": 1.5}
    assert rows["rich"]["request"] == rich["request"]
    assert list(rows["rich"]["request"]) == sorted(rich["request"])


def test_what_was_billed_can_be_asked_for_each_request(vertex: Rig) -> None:
    bad = {"custom_id": "bad", "request": {"contents": [{"role": "system", "parts": [{"text": "Hi."}]}]}}
    nameless = {"request": asked("Tell of nothing.")}

    job = vertex.run([*numbered(2), bad, nameless], display_name="first")
    other = vertex.run(numbered(1), display_name="second")

    requests_of = {name: list(vertex.control.requests(name)) for name in (job.name, other.name)}
    written = [row["response"]["usageMetadata"] for row in vertex.rows(job) if row["response"]]
    first = requests_of[job.name]
    assert {(request.row, request.custom_id) for request in first} == {(0, "r-0000"), (1, "r-0001"), (3, "")}
    assert sorted(request.prompt_tokens for request in first) == sorted(usage["promptTokenCount"] for usage in written)
    assert [(request.job, request.row) for request in requests_of[other.name]] == [(other.name, 0)]
    assert list(vertex.control.requests()) == first + requests_of[other.name]
    [billed, _] = vertex.control.billed().jobs
    assert billed.answered == 3
    assert billed.output_tokens == sum(request.output_tokens for request in first)


def test_rows_that_are_run_twice_are_billed_twice_and_show_it(vertex: Rig) -> None:
    vertex.run(numbered(3), display_name="first")
    vertex.run(numbered(1), display_name="second")

    billed = vertex.control.billed()

    assert [(job.display_name, job.answered) for job in billed.jobs] == [("first", 3), ("second", 1)]
    assert billed.repeated == {"r-0000": 2}
