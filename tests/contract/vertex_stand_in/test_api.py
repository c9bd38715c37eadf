"""The Vertex stand-in as Google's own client sees it, over REST."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.cloud.aiplatform_v1 import JobState
from google.cloud.storage import Client as StorageClient
from google.protobuf.field_mask_pb2 import FieldMask

from infra.local.storage import StorageServer
from infra.local.vertex.settings import Settings
from tests.contract.vertex_stand_in.support import AT_ONCE, MODEL, Rig, Row, by_id, numbered, rigged

_SLOW = Settings(queue_s=0.0, pending_s=0.0, run_s=60.0)


@pytest.fixture
def slow(storage_server: StorageServer, storage_client: StorageClient) -> Iterator[Rig]:
    """A server whose jobs take a minute."""
    with rigged(storage_server.url, storage_client, _SLOW) as rig:
        yield rig


def running(rig: Rig, name: str) -> None:
    rig.when(name, lambda job: job.state == JobState.JOB_STATE_RUNNING and job.completion_stats.successful_count > 0)


def test_a_job_runs_to_its_end_and_writes_one_line_per_row(vertex: Rig) -> None:
    job = vertex.run(numbered(30), display_name="whole")

    assert job.state == JobState.JOB_STATE_SUCCEEDED
    assert (job.completion_stats.successful_count, job.completion_stats.failed_count) == (30, 0)
    assert set(by_id(vertex.rows(job))) == {f"r-{i:04d}" for i in range(30)}


def test_a_new_job_echoes_what_was_asked_and_is_named_by_the_project_number(vertex: Rig) -> None:
    wanted = vertex.job([vertex.put("in.jsonl", numbered(1))], labels={"submission": "s-1"})

    job = vertex.api.create_batch_prediction_job(parent=vertex.parent, batch_prediction_job=wanted)

    assert job.state == JobState.JOB_STATE_PENDING
    assert (job.display_name, job.model, dict(job.labels)) == ("a job", MODEL, {"submission": "s-1"})
    assert list(job.input_config.gcs_source.uris) == [f"gs://{vertex.bucket.name}/in.jsonl"]
    _, number, _, location, _, job_id = job.name.split("/")
    assert number.isdecimal()
    assert (location, len(job_id)) == ("global", 19)
    assert vertex.get(f"{vertex.parent}/batchPredictionJobs/{job_id}").name == job.name


def test_times_follow_each_other_and_the_output_directory_bears_the_time_of_the_run(vertex: Rig) -> None:
    job = vertex.run(numbered(2))

    times: list[Any] = [job.create_time, job.start_time, job.end_time, job.update_time]
    assert times == sorted(times)
    prefix, _, stamp = job.output_info.gcs_output_directory.rpartition("/prediction-model-")
    assert prefix == f"gs://{vertex.bucket.name}/out"
    assert stamp.endswith("Z")
    assert len(stamp) == len("2026-09-02T20:06:30.166279Z")


def test_the_state_is_a_number_only_where_the_call_asks_for_it(vertex: Rig) -> None:
    name = vertex.run(numbered(1)).name

    plain = httpx.get(f"{vertex.server.url}/v1beta1/{name}").json()
    numeric = httpx.get(f"{vertex.server.url}/v1/{name}", params={"$alt": "json;enum-encoding=int"}).json()

    assert (plain["state"], numeric["state"]) == ("JOB_STATE_SUCCEEDED", 4)
    assert plain["completionStats"] == {"successfulCount": "1"}


def test_a_job_has_no_stats_before_it_runs(storage_server: StorageServer, storage_client: StorageClient) -> None:
    with rigged(storage_server.url, storage_client, Settings(queue_s=0.0, pending_s=60.0)) as rig:
        name = rig.submit(numbered(1))
        job = rig.when(name, lambda job: job.state == JobState.JOB_STATE_PENDING)

    assert "completion_stats" not in job
    assert "start_time" not in job


def test_cancelling_a_running_job_returns_the_completed_rows(slow: Rig) -> None:
    name = slow.submit(numbered(2000))
    running(slow, name)

    slow.api.cancel_batch_prediction_job(name=name)

    job = slow.ended(name)
    assert job.state == JobState.JOB_STATE_CANCELLED
    assert (job.error.code, job.error.message) == (1, "CANCELED")
    done = job.completion_stats.successful_count
    assert 0 < done < 2000
    assert job.completion_stats.incomplete_count == 2000 - done
    assert len(slow.rows(job)) == done


def test_cancelling_a_job_that_waits_for_a_place_writes_nothing(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    settings = Settings(queue_s=0.0, pending_s=0.0, run_s=60.0, max_running=1)
    with rigged(storage_server.url, storage_client, settings) as rig:
        running(rig, rig.submit(numbered(5)))
        waiting = rig.submit(numbered(5))

        rig.api.cancel_batch_prediction_job(name=waiting)

        job = rig.ended(waiting)
        assert job.state == JobState.JOB_STATE_CANCELLED
        assert "completion_stats" not in job
        assert rig.outputs() == []


def test_only_so_many_jobs_run_at_once_and_the_others_follow_in_order(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    settings = Settings(queue_s=0.0, pending_s=0.0, run_s=0.2, max_running=1)
    with rigged(storage_server.url, storage_client, settings) as rig:
        names = [rig.submit(numbered(2)) for _ in range(3)]
        jobs = [rig.ended(name) for name in names]

    times: list[Any] = [time for job in jobs for time in (job.start_time, job.end_time)]
    assert times == sorted(times)


def test_a_job_that_has_ended_cannot_be_cancelled(vertex: Rig) -> None:
    name = vertex.run(numbered(1)).name

    with pytest.raises(BadRequest):
        vertex.api.cancel_batch_prediction_job(name=name)
    refusal = httpx.post(f"{vertex.server.url}/v1/{name}:cancel").json()["error"]

    assert (refusal["code"], refusal["status"]) == (400, "FAILED_PRECONDITION")


def test_an_ended_job_can_be_deleted_and_a_live_one_cannot(slow: Rig) -> None:
    name = slow.submit(numbered(5))
    running(slow, name)

    with pytest.raises(BadRequest):
        slow.api.delete_batch_prediction_job(name=name)
    slow.api.cancel_batch_prediction_job(name=name)
    slow.ended(name)
    operation: Any = slow.api.delete_batch_prediction_job(name=name)
    assert operation.done()

    with pytest.raises(NotFound):
        slow.get(name)


@pytest.mark.parametrize("model", ["gemini-does-not-exist-1.0", "gemini-2.5-flash"])
def test_a_model_that_is_unknown_or_retired_is_not_found(
    storage_server: StorageServer, storage_client: StorageClient, model: str
) -> None:
    settings = Settings(models=("gemini-3.5-flash-lite",), any_current=False)
    with rigged(storage_server.url, storage_client, settings) as rig:
        with pytest.raises(NotFound, match=f"The PublisherModel {model} does not exist."):
            rig.create(["gs://any-bucket/in.jsonl"], model=f"publishers/google/models/{model}")

        assert rig.names() == []


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"display_name": ""}, "display_name"),
        ({"input_config": {}}, "input_config"),
        ({"output_config": {}}, "output_config"),
        ({"model": ""}, "model"),
        ({"labels": {"Upper": "x"}}, "labels"),
        ({"service_account": "me@example.com"}, "service_account"),
        ({"input_config": {"instances_format": "jsonl", "gcs_source": {"uris": ["/x.jsonl"]}}}, "uris"),
    ],
)
def test_a_create_that_lacks_something_is_a_bad_request_that_names_it(vertex: Rig, over: Row, field: str) -> None:
    with pytest.raises(BadRequest, match=field):
        vertex.create(["gs://any-bucket/in.jsonl"], **over)


def test_an_unknown_field_is_refused_as_google_refuses_it(vertex: Rig) -> None:
    url = f"{vertex.server.url}/v1/{vertex.parent}/batchPredictionJobs"

    reply = httpx.post(url, json={"displayName": "x", "jobName": "x"})

    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == (
        "Invalid JSON payload received. Unknown name \"jobName\" at 'batch_prediction_job': Cannot find field."
    )


def test_a_job_that_was_never_made_is_not_found(vertex: Rig) -> None:
    with pytest.raises(NotFound):
        vertex.get(f"{vertex.parent}/batchPredictionJobs/1")


def test_jobs_are_found_by_display_name_and_by_label(vertex: Rig) -> None:
    uri = vertex.put("in.jsonl", numbered(1))
    vertex.create([uri], display_name="job-a", labels={"batchdrop": "one"})
    vertex.create([uri], display_name="job-b", labels={"batchdrop": "two"})
    vertex.create([uri], display_name="other")

    assert vertex.names('display_name="job-a"') == ["job-a"]
    assert vertex.names('displayName:"job-*"') == ["job-b", "job-a"]
    assert vertex.names('labels.batchdrop="two"') == ["job-b"]
    assert vertex.names("labels.batchdrop:* AND NOT display_name=job-b") == ["job-a"]
    assert vertex.names('create_time>="2020-01-01T00:00:00Z"') == ["other", "job-b", "job-a"]


def test_jobs_are_found_by_state(vertex: Rig) -> None:
    vertex.run(numbered(1), display_name="good")
    vertex.ended(vertex.create([f"gs://{vertex.bucket.name}/nothing.jsonl"], display_name="bad"))

    assert vertex.names('state="JOB_STATE_FAILED"') == ["bad"]
    assert vertex.names('state!="JOB_STATE_FAILED"') == ["good"]


def test_a_list_goes_on_over_its_pages(vertex: Rig) -> None:
    uri = vertex.put("in.jsonl", numbered(1))
    for i in range(5):
        vertex.create([uri], display_name=f"job-{i}")

    pages = vertex.api.list_batch_prediction_jobs(request={"parent": vertex.parent, "page_size": 2}).pages

    assert [[job.display_name for job in page.batch_prediction_jobs] for page in pages] == [
        ["job-4", "job-3"],
        ["job-2", "job-1"],
        ["job-0"],
    ]


def test_a_list_shows_only_the_fields_that_are_asked_for(vertex: Rig) -> None:
    name = vertex.run(numbered(1), display_name="masked", labels={"a": "b"}).name
    mask = FieldMask(paths=["name", "display_name", "state"])

    [job] = vertex.api.list_batch_prediction_jobs(request={"parent": vertex.parent, "read_mask": mask})

    assert (job.name, job.display_name, job.state) == (name, "masked", JobState.JOB_STATE_SUCCEEDED)
    assert (job.model, dict(job.labels), "create_time" in job) == ("", {}, False)


@pytest.mark.parametrize("location", ["us-central1", "europe-west4", "us", "eu"])
def test_each_location_has_jobs_of_its_own(vertex: Rig, location: str) -> None:
    regional = vertex.parent.replace("global", location)
    name = vertex.create([vertex.put("in.jsonl", numbered(1))], parent=regional, display_name="regional")

    assert vertex.ended(name).state == JobState.JOB_STATE_SUCCEEDED
    assert (vertex.names(parent=regional), vertex.names()) == (["regional"], [])
    with pytest.raises(NotFound):
        vertex.get(name.replace(f"/{location}/", "/global/"))


@pytest.mark.parametrize(
    "filter_text", ["nonsense", 'colour="red"', 'state="DONE"', "(display_name=a", 'create_time>"soon"']
)
def test_a_filter_that_cannot_be_understood_is_a_bad_request(vertex: Rig, filter_text: str) -> None:
    with pytest.raises(BadRequest, match="Invalid filter"):
        vertex.names(filter_text)


def test_a_page_token_of_nothing_is_a_bad_request(vertex: Rig) -> None:
    with pytest.raises(GoogleAPICallError, match="page token"):
        vertex.api.list_batch_prediction_jobs(request={"parent": vertex.parent, "page_token": "x"})


def test_the_same_job_id_gives_the_same_order_and_never_that_of_the_input(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    orders = []
    for _ in range(2):
        with rigged(storage_server.url, storage_client, AT_ONCE, new_id=lambda: 42) as rig:
            orders.append([row["custom_id"] for row in rig.answered(numbered(40))])

    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0])


def test_a_server_that_closes_leaves_no_half_output(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    with rigged(storage_server.url, storage_client, _SLOW) as rig:
        running(rig, rig.submit(numbered(2000)))

    assert rig.outputs() == []
