"""The errors of jobs and calls that others captured of the live service, word for word."""

from typing import Any

import httpx
import pytest

from infra.local.storage import Fault, FaultMethod, StorageServer
from infra.local.vertex.control import JobFault
from tests.contract.vertex_stand_in.support import Rig, Row, asked, numbered


def rest(rig: Rig, name: str) -> Row:
    """The job as REST JSON."""
    job: Row = httpx.get(f"{rig.server.url}/v1/{name}").json()
    return job


def failed(rig: Rig, name: str) -> Row:
    """The error of a job that ended badly, as REST JSON."""
    rig.ended(name)
    error: Row = rest(rig, name)["error"]
    return error


def refused(reply: httpx.Response) -> dict[str, Any]:
    """The error of a refused call."""
    error: dict[str, Any] = reply.json()["error"]
    return error


def test_a_cancelled_job_has_code_1(vertex: Rig) -> None:
    vertex.control.add(JobFault(never=True))
    name = vertex.submit(numbered(1))
    vertex.api.cancel_batch_prediction_job(name=name)

    assert failed(vertex, name) == {"code": 1, "message": "CANCELED"}


def test_a_failed_import_has_code_3_and_the_words_of_the_importer(vertex: Rig) -> None:
    bad = {**asked("Search."), "tools": [{"google_search": {}}]}

    assert failed(vertex, vertex.submit([{"request": bad}])) == {
        "code": 3,
        "message": (
            "Failed to import data. Please check 'Prepare input' section of the batch predictions documentation."
            " Cannot store struct 'request.tools.google_search' with no fields"
        ),
    }


def test_output_that_may_not_be_written_has_code_7_after_both_rows_were_answered(
    vertex: Rig, storage_server: StorageServer
) -> None:
    storage_server.faults.add(
        Fault(method=FaultMethod.INSERT, bucket=vertex.bucket.name, prefix="out/", status=403, count=9)
    )
    name = vertex.submit(numbered(2))

    error = failed(vertex, name)

    job = rest(vertex, name)
    uri = f"{job['outputInfo']['gcsOutputDirectory']}/predictions.jsonl"
    agent = f"service-{name.split('/')[1]}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    assert error == {
        "code": 7,
        "message": (
            f'Service account {agent} doesn\'t have sufficient permission "storage.objects.create" to write {uri}.'
        ),
    }
    assert job["completionStats"] == {"successfulCount": "2"}


def test_a_bucket_that_is_not_there_has_code_9(vertex: Rig) -> None:
    assert failed(vertex, vertex.create(["gs://no-such-bucket-anywhere/in.jsonl"])) == {
        "code": 9,
        "message": (
            "Failed to get GCS bucket location for no-such-bucket-anywhere."
            " Please check that the bucket exists and permissions are set correctly."
        ),
    }


@pytest.mark.parametrize(
    "message",
    [
        "System error. Please try this operation again.",
        "Failed to export data. Error encountered during execution. Retrying may solve the problem.",
        "Failed to export data. Not found: Dataset tenant:dataset was not found in location US",
    ],
)
def test_failures_of_the_service_itself_have_code_13(vertex: Rig, message: str) -> None:
    vertex.control.add(JobFault(state="JOB_STATE_FAILED", code=13, message=message))

    assert failed(vertex, vertex.submit(numbered(1))) == {"code": 13, "message": message}


@pytest.mark.parametrize(
    ("code", "start"),
    [
        (3, "Failed to import data. Please check 'Prepare input' section"),
        (7, "Service account service-"),
        (9, "Failed to get GCS bucket location for bucket-"),
        (13, "System error. Please try this operation again."),
        (8, "The operation ended with code 8."),
    ],
)
def test_a_scripted_failure_speaks_the_captured_words_of_its_code(vertex: Rig, code: int, start: str) -> None:
    vertex.control.add(JobFault(state="JOB_STATE_FAILED", code=code))

    error = failed(vertex, vertex.submit(numbered(1)))

    assert error["code"] == code
    assert error["message"].startswith(start)


def test_a_model_that_does_not_exist_is_a_404_at_create(vertex: Rig) -> None:
    body = {
        "displayName": "x",
        "model": "publishers/google/models/does-not-exist",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://bucket/in.jsonl"]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://bucket/out"}},
    }

    reply = httpx.post(f"{vertex.server.url}/v1/{vertex.parent}/batchPredictionJobs", json=body)

    assert reply.status_code == 404
    assert refused(reply) == {
        "code": 404,
        "message": "The PublisherModel does-not-exist does not exist.",
        "status": "NOT_FOUND",
    }


def test_cancelling_a_failed_job_is_a_failed_precondition(vertex: Rig) -> None:
    vertex.control.add(JobFault(state="JOB_STATE_FAILED"))
    name = vertex.run(numbered(1)).name

    reply = httpx.post(f"{vertex.server.url}/v1/{name}:cancel")

    assert (reply.status_code, refused(reply)["code"], refused(reply)["status"]) == (400, 400, "FAILED_PRECONDITION")


def test_cancelling_a_job_on_its_way_is_answered_with_nothing(vertex: Rig) -> None:
    vertex.control.add(JobFault(never=True))
    name = vertex.submit(numbered(1))

    reply = httpx.post(f"{vertex.server.url}/v1/{name}:cancel")

    assert (reply.status_code, reply.json()) == (200, {})
    assert vertex.ended(name).state.name == "JOB_STATE_CANCELLED"
