"""The Vertex stand-in with a real model behind it: what goes out, what comes back, what happens to errors."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import JobState
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.gcs import GcsStorage
from infra.local.vertex.models.gemini import Gemini, GeminiAccess
from infra.local.vertex.models.openai import OpenAI, OpenAIAccess
from infra.local.vertex.models.sending import Patience
from infra.local.vertex.settings import CURRENT_MODELS, Settings
from tests.contract.vertex_stand_in.provider import Provider, Reply
from tests.contract.vertex_stand_in.support import Rig, asked, by_id, numbered, rigged, said

_QUICK = Patience(tries=3, first_pause_s=0.001)
_PIXEL = b"\x89PNG not really"


def gemini_says(_: int, body: dict[str, Any]) -> Reply:
    text = body["contents"][-1]["parts"][0]["text"]
    candidate = {"content": {"role": "model", "parts": [{"text": f"You said: {text}"}]}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}
    return 200, {"candidates": [candidate], "modelVersion": "gemini-live", "usageMetadata": usage}


def openai_says(_: int, body: dict[str, Any]) -> Reply:
    choice = {"message": {"role": "assistant", "content": '{"a": 1}'}, "finish_reason": "length"}
    usage = {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}
    return 200, {"id": "cmpl-1", "model": body["model"], "choices": [choice], "usage": usage}


@pytest.fixture
def storage(storage_server: StorageServer) -> Iterator[GcsStorage]:
    gcs = GcsStorage(storage_server.url)
    yield gcs
    gcs.close()


class Bench:
    """Runs jobs on a server that asks a provider."""

    def __init__(self, storage_server: StorageServer, client: StorageClient, storage: GcsStorage) -> None:
        self._url = storage_server.url
        self._client = client
        self._storage = storage

    @contextmanager
    def gemini(self, provider: Provider) -> Iterator[Rig]:
        with provider.serving():
            model = Gemini(GeminiAccess("the-key", provider.url, 4, _QUICK), self._storage)
            with rigged(self._url, self._client, model=model) as rig:
                yield rig

    @contextmanager
    def openai(self, provider: Provider) -> Iterator[Rig]:
        with provider.serving():
            model = OpenAI(OpenAIAccess(f"{provider.url}/v1", "llama", "a-key", 4, _QUICK), self._storage)
            settings = Settings(queue_s=0.0, pending_s=0.0, run_s=0.0, models=(*CURRENT_MODELS, "gemini-2.5-flash"))
            with rigged(self._url, self._client, settings, model=model) as rig:
                yield rig


@pytest.fixture
def bench(storage_server: StorageServer, storage_client: StorageClient, storage: GcsStorage) -> Bench:
    return Bench(storage_server, storage_client, storage)


def test_gemini_answers_with_the_model_of_the_job_and_the_key_given(bench: Bench) -> None:
    provider = Provider(gemini_says)

    with bench.gemini(provider) as rig:
        [row] = rig.answered([{"request": asked("hello", temperature=0.5) | {"labels": {"a": "b"}}}])

    assert said(row) == "You said: hello"
    assert row["response"]["modelVersion"] == "gemini-live"
    assert provider.paths == ["/v1beta/models/gemini-3.5-flash-lite:generateContent"]
    assert provider.headers[0]["x-goog-api-key"] == "the-key"
    assert provider.seen == [asked("hello", temperature=0.5)]


def test_no_more_requests_are_under_way_than_allowed_and_each_row_gets_its_own_answer(bench: Bench) -> None:
    gate = threading.Barrier(4, timeout=5)

    def slowly(number: int, body: dict[str, Any]) -> Reply:
        if number <= 4:
            gate.wait()
        return gemini_says(number, body)

    provider = Provider(slowly)
    with bench.gemini(provider) as rig:
        rows = rig.answered(numbered(40))

    assert provider.most_at_once == 4
    assert len(rows) == 40
    assert all(said(row) == f"You said: Tell of thing {int(row['custom_id'][2:])}." for row in rows)


def test_what_may_pass_is_tried_again(bench: Bench) -> None:
    def at_first_busy(number: int, body: dict[str, Any]) -> Reply:
        return (
            (429 if number == 1 else 503, {"error": {"message": "busy"}}) if number <= 2 else gemini_says(number, body)
        )

    provider = Provider(at_first_busy)
    with bench.gemini(provider) as rig:
        [row] = rig.answered(numbered(1))
        billed = rig.control.billed()

    assert said(row).startswith("You said")
    assert len(provider.seen) == 3
    assert billed.answered == 1


@pytest.mark.parametrize(
    ("status", "error", "text", "tries"),
    [
        (400, {"code": 400, "message": "Bad schema.", "status": "INVALID_ARGUMENT"}, "Bad Request: ", 1),
        (429, {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED"}, "Too Many Requests: ", 3),
    ],
)
def test_an_error_of_the_provider_is_the_status_of_its_row(
    bench: Bench, status: int, error: dict[str, Any], text: str, tries: int
) -> None:
    provider = Provider(lambda *_: (status, {"error": error}))

    with bench.gemini(provider) as rig:
        job = rig.run(numbered(1))
        [row] = rig.rows(job)

    assert job.state == JobState.JOB_STATE_SUCCEEDED
    assert job.completion_stats.failed_count == 1
    assert row["status"].startswith(text)
    assert json.loads(row["status"].removeprefix(text)) == {"error": error}
    assert len(provider.seen) == tries


def test_a_provider_that_is_not_there_is_an_error_of_each_row(bench: Bench) -> None:
    provider = Provider(gemini_says)
    with bench.gemini(provider) as rig:
        provider.stop()
        [row] = rig.rows(rig.run(numbered(1)))

    assert row["status"].startswith("Service Unavailable: ")


def test_stored_media_go_to_gemini_inline(bench: Bench) -> None:
    provider = Provider(gemini_says)
    with bench.gemini(provider) as rig:
        rig.bucket.blob("pixel.png").upload_from_string(_PIXEL)
        request = asked("What is it?")
        uri = f"gs://{rig.bucket.name}/pixel.png"
        request["contents"][0]["parts"].append({"fileData": {"fileUri": uri, "mimeType": "image/png"}})
        [row] = rig.answered([{"request": request}])

    assert provider.seen[0]["contents"][0]["parts"][1] == {
        "inlineData": {"mimeType": "image/png", "data": base64.b64encode(_PIXEL).decode()}
    }
    assert row["request"] == request


def test_media_that_are_not_there_are_an_error_of_their_row_alone(bench: Bench) -> None:
    provider = Provider(gemini_says)
    with bench.gemini(provider) as rig:
        request = asked("What is it?")
        missing = {"fileUri": f"gs://{rig.bucket.name}/no.png", "mimeType": "image/png"}
        request["contents"][0]["parts"].append({"fileData": missing})
        rows = by_id(rig.rows(rig.run([{"custom_id": "bad", "request": request}, *numbered(1)])))

    assert "does not exist" in rows["bad"]["status"]
    assert rows["r-0000"]["status"] == ""
    assert len(provider.seen) == 1


def test_an_openai_server_gets_a_chat_completion_and_its_answer_comes_back_as_geminis(bench: Bench) -> None:
    schema = {"type": "OBJECT", "properties": {"a": {"type": "INTEGER", "nullable": True}}, "propertyOrdering": ["a"]}
    request = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "One?"}]},
            {"role": "model", "parts": [{"text": "One."}]},
            {
                "role": "user",
                "parts": [{"text": "And this?"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}],
            },
        ],
        "generationConfig": {"temperature": 0.0, "maxOutputTokens": 9, "responseSchema": schema},
    }
    provider = Provider(openai_says)

    with bench.openai(provider) as rig:
        [row] = rig.answered([{"request": request}])

    assert provider.paths == ["/v1/chat/completions"]
    assert provider.headers[0]["authorization"] == "Bearer a-key"
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    assert provider.seen[0] == {
        "model": "llama",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "One."},
            {"role": "user", "content": [{"type": "text", "text": "And this?"}, image]},
        ],
        "temperature": 0.0,
        "max_tokens": 9,
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": "answer",
                "schema": {"type": "object", "properties": {"a": {"type": ["integer", "null"]}}},
            },
        },
    }
    response = row["response"]
    assert (said(row), response["candidates"][0]["finishReason"]) == ('{"a": 1}', "MAX_TOKENS")
    assert (response["modelVersion"], response["responseId"]) == ("llama", "cmpl-1")
    assert response["usageMetadata"] == {"promptTokenCount": 5, "candidatesTokenCount": 6, "totalTokenCount": 11}


def test_several_choices_thoughts_and_cached_tokens_of_an_openai_server_come_back_as_geminis(bench: Bench) -> None:
    def twice(_: int, body: dict[str, Any]) -> Reply:
        choices = [
            {"index": i, "message": {"role": "assistant", "content": f"{i}"}, "finish_reason": "stop"} for i in (0, 1)
        ]
        usage = {
            "prompt_tokens": 50,
            "prompt_tokens_details": {"cached_tokens": 40},
            "completion_tokens": 30,
            "completion_tokens_details": {"reasoning_tokens": 20},
            "total_tokens": 80,
        }
        return 200, {"id": "c", "model": body["model"], "choices": choices, "usage": usage}

    provider = Provider(twice)
    with bench.openai(provider) as rig:
        job = rig.run([{"request": asked("Hi.", candidateCount=2)}], model="publishers/google/models/gemini-2.5-flash")
        [row] = rig.rows(job)
        [billed] = rig.control.requests(job.name)

    assert provider.seen[0]["n"] == 2
    assert [candidate.get("index", 0) for candidate in row["response"]["candidates"]] == [0, 1]
    assert row["response"]["usageMetadata"] == {
        "promptTokenCount": 50,
        "candidatesTokenCount": 10,
        "thoughtsTokenCount": 20,
        "cachedContentTokenCount": 40,
        "totalTokenCount": 80,
    }
    assert (billed.prompt_tokens, billed.cached_tokens, billed.output_tokens, billed.thoughts_tokens) == (
        50,
        40,
        10,
        20,
    )
