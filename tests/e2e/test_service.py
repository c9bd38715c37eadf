"""The deployed code against real protocols: files in, results out, over the local stack."""

import csv
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from infra.local.installation import INPUT
from infra.local.stack import Stack
from infra.local.vertex import RowFault, VertexControl

PROMPT = b"""---
model: gemini-3.5-flash-lite
output:
  schema:
    label(enum): [positive, negative, neutral]
---
{{role "system"}}You label reviews.
{{role "user"}}Review: {{review}}
"""
REVIEWS = "id,review\n" + "".join(f'r{number},"great thing, number {number}"\n' for number in range(60))


def rows(stack: Stack, manifest: dict[str, Any], stem: str) -> list[dict[str, Any]]:
    """Read a JSONL or CSV file of the output as records."""
    name = next(file["name"] for file in manifest["files"] if file["name"].rsplit("/", 1)[-1].startswith(stem))
    text = stack.output(name).decode()
    if name.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(text, newline="")))
    return [json.loads(line) for line in text.splitlines()]


def jobs(stack: Stack, name: str) -> list[dict[str, Any]]:
    """All job documents of an input name."""
    found = [job.to_dict() or {} for job in stack.firestore.collection("jobs").stream()]
    return [job for job in found if job["input"]["name"] == name]


def test_a_dropped_csv_comes_back_complete_and_in_order(stack: Stack, prefix: str) -> None:
    stack.upload(PROMPT, f"{prefix}default.prompt")
    stack.upload(REVIEWS.encode(), f"{prefix}a.csv")
    manifest = stack.wait_for(f"{prefix}a.csv")
    results = rows(stack, manifest, "results")
    assert manifest["state"] == "SUCCEEDED"
    assert [row["id"] for row in results] == [f"r{number}" for number in range(60)]
    assert {row["label"] for row in results} == {"positive"}


def test_answers_under_each_others_keys_are_put_aside_and_never_become_results(stack: Stack, prefix: str) -> None:
    with VertexControl(stack.vertex_url) as control:
        fault = control.add(RowFault(swap_keys=True, count=1))
        stack.upload(PROMPT, f"{prefix}default.prompt")
        stack.upload(REVIEWS.encode(), f"{prefix}a.csv")
        manifest = stack.wait_for(f"{prefix}a.csv")
        assert control.consumed(fault) == 1
    results, errors = rows(stack, manifest, "results"), rows(stack, manifest, "errors")
    assert [error["code"] for error in errors] == ["FOREIGN_ANSWER"] * 2
    aside = {error["record"]["id"] for error in errors}
    assert [row["id"] for row in results] == [f"r{number}" for number in range(60) if f"r{number}" not in aside]
    assert len(aside) == 2


def test_prompt_before_data_and_data_before_prompt_give_identical_bytes(stack: Stack, prefix: str) -> None:
    stack.upload(PROMPT, f"{prefix}first/default.prompt")
    stack.upload(REVIEWS.encode(), f"{prefix}first/a.csv")
    stack.upload(REVIEWS.encode(), f"{prefix}last/a.csv")
    first = stack.wait_for(f"{prefix}first/a.csv")
    stack.upload(PROMPT, f"{prefix}last/default.prompt")
    last = stack.wait_for(f"{prefix}last/a.csv")
    assert [(file["crc32c"], file["bytes"]) for file in first["files"]] == [
        (file["crc32c"], file["bytes"]) for file in last["files"]
    ]


def test_the_same_events_again_and_at_once_change_nothing(stack: Stack, prefix: str) -> None:
    stack.upload(PROMPT, f"{prefix}default.prompt")
    generation = stack.upload(REVIEWS.encode(), f"{prefix}a.csv")
    send_finalized(stack, f"{prefix}a.csv", generation, times=4)
    manifest = stack.wait_for(f"{prefix}a.csv")
    send_finalized(stack, f"{prefix}a.csv", generation, times=4)
    stack.tick()
    assert stack.wait_for(f"{prefix}a.csv") == manifest
    assert len(jobs(stack, f"{prefix}a.csv")) == 1
    assert len(manifest["vertex_jobs"]) == 1


def send_finalized(stack: Stack, name: str, generation: int, times: int) -> None:
    """Deliver an upload's event to intake several times at one moment."""
    blob = stack.storage.bucket(INPUT).get_blob(name)
    assert blob is not None
    data = {
        "bucket": INPUT,
        "name": name,
        "generation": str(generation),
        "size": str(blob.size),
        "crc32c": blob.crc32c,
    }
    headers = {
        "ce-id": f"again-{generation}",
        "ce-source": f"//storage.googleapis.com/projects/_/buckets/{INPUT}",
        "ce-type": "google.cloud.storage.object.v1.finalized",
        "ce-specversion": "1.0",
        "ce-subject": "objects/again",
        "content-type": "application/json",
    }
    start = threading.Barrier(times)

    def send(_: int) -> int:
        start.wait()
        return httpx.post(stack.functions["intake"], json=data, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(times) as pool:
        assert set(pool.map(send, range(times))) == {200}


def test_the_same_bytes_dropped_again_while_the_job_runs_are_no_second_job(stack: Stack, prefix: str) -> None:
    stack.upload(REVIEWS.encode(), f"{prefix}a.csv")
    stack.upload(REVIEWS.encode(), f"{prefix}a.csv")
    stack.upload(PROMPT, f"{prefix}default.prompt")
    manifest = stack.wait_for(f"{prefix}a.csv")
    assert manifest["state"] == "SUCCEEDED"
    assert len(jobs(stack, f"{prefix}a.csv")) == 1


def test_a_file_uploaded_in_parts_and_composed_is_one_job(stack: Stack, prefix: str) -> None:
    stack.upload(PROMPT, f"{prefix}default.prompt")
    bucket = stack.storage.bucket(INPUT)
    data, parts = REVIEWS.encode(), []
    for number, start in enumerate(range(0, len(data), 500)):
        part = bucket.blob(f"gcloud/tmp/parallel_composite_uploads/{prefix.strip('/')}_{number}.csv")
        part.upload_from_string(data[start : start + 500])
        parts.append(part)
    bucket.blob(f"{prefix}big.csv").compose(parts)
    for part in parts:
        part.delete()
    assert stack.wait_for(f"{prefix}big.csv")["counts"]["results"] == 60
    names = [(job.to_dict() or {})["input"]["name"] for job in stack.firestore.collection("jobs").stream()]
    assert not [name for name in names if name.startswith("gcloud/")]


def test_deleting_the_file_of_a_waiting_job_cancels_it(stack: Stack, prefix: str) -> None:
    stack.upload(REVIEWS.encode(), f"{prefix}a.csv")
    stack.delete(f"{prefix}a.csv")
    manifest = stack.wait_for(f"{prefix}a.csv")
    assert manifest["state"] == "CANCELLED"
    assert manifest["files"] == []


@pytest.mark.parametrize("function", ["intake", "stage", "dispatch", "collect"])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"not an event"),
        ({"content-type": "application/cloudevents+json"}, b"{broken"),
        ({"content-type": "text/plain", "ce-id": "1"}, b""),
        (
            {
                "ce-id": "1",
                "ce-source": "//x",
                "ce-type": "google.cloud.storage.object.v1.finalized",
                "ce-specversion": "1.0",
                "content-type": "application/json",
            },
            b'{"bucket":',
        ),
        (
            {
                "ce-id": "1",
                "ce-source": "//x",
                "ce-type": "google.cloud.firestore.document.v1.created",
                "ce-specversion": "1.0",
                "content-type": "application/protobuf",
            },
            b"\x00\xff",
        ),
    ],
)
def test_a_malformed_event_is_acknowledged(stack: Stack, function: str, headers: dict[str, str], body: bytes) -> None:
    assert httpx.post(stack.functions[function], content=body, headers=headers, timeout=30).status_code == 200


def test_intake_stage_and_collect_never_import_the_vertex_client(stack: Stack, prefix: str) -> None:
    stack.upload(PROMPT, f"{prefix}default.prompt")
    stack.upload(REVIEWS.encode(), f"{prefix}a.csv")
    stack.wait_for(f"{prefix}a.csv")
    imports = {
        name: (stack.logs / f"{name}.log").read_text().count("google.cloud.aiplatform") for name in stack.functions
    }
    assert imports["dispatch"] > 0, "the functions do not trace their imports, so this proves nothing"
    assert (imports["intake"], imports["stage"], imports["collect"]) == (0, 0, 0)
