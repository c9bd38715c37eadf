"""What the Vertex stand-in refuses of its input, each time with the whole job, after create has taken it."""

from typing import Any

import pytest
from google.cloud.aiplatform_v1 import BatchPredictionJob, JobState
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.settings import Settings
from tests.contract.vertex_stand_in.support import Rig, Row, asked, by_id, numbered, rigged

_IMPORT = "Failed to import data. Please check 'Prepare input' section of the batch predictions documentation. "


def refusal(job: BatchPredictionJob) -> str:
    """What the importer said, of a job that it failed."""
    assert (job.state, job.error.code) == (JobState.JOB_STATE_FAILED, 3)
    assert "completion_stats" not in job
    assert job.error.message.startswith(_IMPORT)
    return str(job.error.message).removeprefix(_IMPORT)


def with_part(**request: Any) -> Row:
    return {"request": asked("Hello.") | request}


def nested(depth: int) -> dict[str, Any]:
    """An object of so many levels."""
    return {"a": nested(depth - 1) if depth > 1 else 1}


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            [with_part(tools=[{"google_search": {}}])],
            "Cannot store struct 'request.tools.google_search' with no fields",
        ),
        (
            [with_part(x=nested(14))],
            "Schema nested too deeply, at least 16 compared to the maximum allowed level of 15",
        ),
        (
            [with_part(tools=[{"functionDeclarations": [{"name": "f", "parameters": {"properties": {}}}]}])],
            "Cannot store struct 'request.tools.functionDeclarations.parameters.properties' with no fields",
        ),
        (
            [{"request": {"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}]}}],
            "Cannot store struct 'request.contents.parts.functionCall.args' with no fields",
        ),
        (
            [with_part(responseJsonSchema={"anyOf": [{"type": ["string"]}, {"type": "null"}]})],
            "Repeated field must be imported as a JSON array. Field: request.responseJsonSchema.anyOf.type",
        ),
        ([with_part(schema={"$defs": 1})], 'Invalid field name "$defs"'),
        ([with_part(schema={"$schema": "x"})], 'Invalid field name "$schema"'),
        (
            [with_part(schema={"No Vague/Misleading Claims About Competitor": 1})],
            'Invalid field name "No Vague/Misleading Claims About Competitor"',
        ),
        ([with_part(schema={"two words": 1})], 'Invalid field name "two words"'),
        ([with_part(schema={"enum": None})], "Only optional fields can be set to NULL. Field: enum"),
        ([with_part(x=["a"]), with_part(x=None)], "Only optional fields can be set to NULL. Field: x"),
        ([with_part(x=None), with_part(x=["a"])], "Only optional fields can be set to NULL. Field: x"),
        ([with_part(x=[1]), with_part(x=1)], "Repeated field must be imported as a JSON array. Field: request.x."),
        ([with_part(x=1), with_part(x=[1])], "Array specified for non-repeated field: request.x."),
        ([with_part(x=1), with_part(x="1")], "Could not convert value to NUMBER. Field: request.x."),
        ([with_part(x={"y": 1}), with_part(x=True)], "Could not convert value to RECORD. Field: request.x."),
        (
            [with_part(generationConfig={"responseSchema": {"type": ["STRING", "NULL"]}})],
            "Repeated field must be imported as a JSON array. Field: request.generationConfig.responseSchema.type.",
        ),
        ([{"custom_id": "1", "request": asked("a")}, {"custom_id": 2, "request": asked("b")}], "Could not convert"),
        ([{"custom_id": "1"}], "Missing required field: request."),
        ([], "The input has no rows."),
    ],
)
def test_one_row_that_the_importer_cannot_take_fails_the_whole_job(vertex: Rig, rows: list[Row], text: str) -> None:
    assert refusal(vertex.run(rows)).startswith(text)


def test_a_row_just_deep_enough_is_taken(vertex: Rig) -> None:
    assert len(vertex.answered([with_part(x=nested(13))])) == 1


def test_numbers_with_and_without_a_fraction_are_one_type(vertex: Rig) -> None:
    rows = [{"request": asked("Hello.", temperature=value)} for value in (0, 0.5, 1)]

    assert len(vertex.answered(rows)) == 3


def test_a_line_that_is_no_json_is_refused_with_its_place(vertex: Rig) -> None:
    uri = vertex.put_text("broken.jsonl", '{"request": \n')

    message = refusal(vertex.ended(vertex.create([uri])))

    assert message.endswith(f"File: {uri}, line 1")


def test_no_input_file_is_an_import_failure(vertex: Rig) -> None:
    uri = f"gs://{vertex.bucket.name}/missing.jsonl"

    assert refusal(vertex.ended(vertex.create([uri]))) == f"No input files found: {uri}"


@pytest.mark.parametrize("side", ["input", "output"])
def test_an_unknown_bucket_is_accepted_at_create_and_fails_with_code_9(vertex: Rig, side: str) -> None:
    uri = vertex.put("in.jsonl", numbered(1))
    nowhere = "no-such-bucket-anywhere"
    target = {"predictions_format": "jsonl", "gcs_destination": {"output_uri_prefix": f"gs://{nowhere}/out"}}
    over: Row = {} if side == "input" else {"output_config": target}

    job = vertex.ended(vertex.create([f"gs://{nowhere}/in.jsonl" if side == "input" else uri], **over))

    assert (job.state, job.error.code) == (JobState.JOB_STATE_FAILED, 9)
    assert job.error.message == (
        f"Failed to get GCS bucket location for {nowhere}."
        " Please check that the bucket exists and permissions are set correctly."
    )


def test_several_uris_and_wildcards_are_read_once_each(vertex: Rig) -> None:
    rows = numbered(6)
    vertex.put("lots/a/1.jsonl", rows[:2])
    vertex.put("lots/a/2.jsonl", rows[2:4])
    vertex.put("lots/a/deep/3.jsonl", [{"custom_id": "deep", "request": asked("Hello.")}])
    last = vertex.put("lots/b.jsonl", rows[4:])

    job = vertex.ended(vertex.create([f"gs://{vertex.bucket.name}/lots/a/*.jsonl", last, last]))

    assert sorted(by_id(vertex.rows(job))) == [row["custom_id"] for row in rows]
    assert len(vertex.lines(job)) == 6


def test_blank_lines_and_a_missing_last_line_end_are_no_rows(vertex: Rig) -> None:
    uri = vertex.put_text("in.jsonl", '\n{"request":{"contents":[{"role":"user","parts":[{"text":"a"}]}]}}\n  \n\n')

    assert vertex.ended(vertex.create([uri])).completion_stats.successful_count == 1


def test_more_rows_or_bytes_than_a_job_may_have_are_refused(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    settings = Settings(queue_s=0.0, pending_s=0.0, run_s=0.0, max_rows=3, max_bytes=1000)
    with rigged(storage_server.url, storage_client, settings) as rig:
        assert rig.run(numbered(3)).state == JobState.JOB_STATE_SUCCEEDED
        assert refusal(rig.run(numbered(4))) == "The input has more than 3 rows."
        assert refusal(rig.run(numbered(20))) == "The input is larger than 1000 bytes."
