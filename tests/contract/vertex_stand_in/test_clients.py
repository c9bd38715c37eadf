"""Google's clients work against the Vertex stand-in as they are: only the address and the credentials are given."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google import genai
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import JobServiceClient, JobState
from google.genai.types import BatchJob, HttpOptions
from google.genai.types import JobState as GenaiState
from google.oauth2.credentials import Credentials as Token

from infra.local.storage import StorageServer
from infra.local.vertex.control import JobFault
from tests.contract.vertex_stand_in.support import Rig, by_id, numbered, until

_anonymous: Callable[[], Credentials] = AnonymousCredentials
_token: Callable[[str], Credentials] = Token


@pytest.fixture
def platform(storage_server: StorageServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`aiplatform`, told where to go; it finds outputs with a storage client of its own."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_server.url)
    yield aiplatform
    aiplatform.initializer.global_pool.shutdown(wait=True)


def submitted(platform: Any, vertex: Rig, name: str = "through aiplatform") -> Any:
    return platform.BatchPredictionJob.submit(
        job_display_name=name,
        model_name="publishers/google/models/gemini-3.5-flash",
        gcs_source=vertex.put("in.jsonl", numbered(3)),
        gcs_destination_prefix=f"gs://{vertex.bucket.name}/out",
        labels={"submission": "s-1"},
    )


def test_the_generated_client_needs_only_the_address(vertex: Rig) -> None:
    api = JobServiceClient(
        transport="rest", client_options={"api_endpoint": vertex.server.url}, credentials=_anonymous()
    )
    wanted = vertex.job([vertex.put("in.jsonl", numbered(2))])

    name = api.create_batch_prediction_job(parent=vertex.parent, batch_prediction_job=wanted).name
    until(lambda: api.get_batch_prediction_job(name=name).state == JobState.JOB_STATE_SUCCEEDED)
    listed = [job.name for job in api.list_batch_prediction_jobs(parent=vertex.parent)]
    operation: Any = api.delete_batch_prediction_job(name=name)

    assert listed == [name]
    assert operation.result() is not None
    assert vertex.names() == []
    api.transport.close()  # type: ignore[no-untyped-call]  # the library types it not


@pytest.mark.parametrize("location", ["us-central1", "global"])
def test_a_batch_prediction_job_is_submitted_and_its_output_read(platform: Any, vertex: Rig, location: str) -> None:
    platform.init(
        project="demo",
        location=location,
        api_endpoint=vertex.server.url,
        api_transport="rest",
        credentials=_anonymous(),
    )
    job = submitted(platform, vertex)

    until(lambda: job.state == JobState.JOB_STATE_SUCCEEDED)
    job.wait_for_completion()

    [blob] = job.iter_outputs()
    rows = [json.loads(line) for line in blob.download_as_bytes().splitlines()]
    assert set(by_id(rows)) == {"r-0000", "r-0001", "r-0002"}
    assert (job.display_name, job.done()) == ("through aiplatform", True)
    assert job.completion_stats.successful_count == 3
    assert job.resource_name.split("/")[3] == location


def test_waiting_for_a_batch_prediction_job_ends_when_the_job_does(platform: Any, vertex: Rig) -> None:
    platform.init(project="demo", location="global", api_endpoint=vertex.server.url, credentials=_anonymous())
    vertex.control.add(JobFault("for a while", delay_s=1.0))
    job = submitted(platform, vertex, "for a while")
    before = job.state

    job.wait_for_completion()

    assert before in {JobState.JOB_STATE_QUEUED, JobState.JOB_STATE_PENDING}
    assert job.state == JobState.JOB_STATE_SUCCEEDED


def test_a_batch_prediction_job_that_fails_tells_its_waiter_the_error(platform: Any, vertex: Rig) -> None:
    platform.init(project="demo", location="global", api_endpoint=vertex.server.url, credentials=_anonymous())
    vertex.control.add(JobFault("doomed", state="JOB_STATE_FAILED", code=13))
    job = submitted(platform, vertex, "doomed")
    until(lambda: job.state == JobState.JOB_STATE_FAILED)

    with pytest.raises(RuntimeError, match="System error"):
        job.wait_for_completion()


@pytest.fixture(params=["v1", "v1beta1"])
def gen(request: pytest.FixtureRequest, vertex: Rig) -> Iterator[genai.Client]:
    """A client for Vertex, with the version that it is told to use and the one it uses by itself."""
    options = HttpOptions(base_url=vertex.server.url, api_version=request.param)
    with genai.Client(
        vertexai=True,
        project=vertex.parent.split("/")[1],
        location="global",
        credentials=_token("any"),
        http_options=options,
    ) as client:
        yield client


def done(gen: genai.Client, job: BatchJob) -> BatchJob:
    name = str(job.name)
    until(lambda: bool(gen.batches.get(name=name).done))
    return gen.batches.get(name=name)


def test_genai_creates_gets_and_lists_a_batch(gen: genai.Client, vertex: Rig) -> None:
    source, target = vertex.put("in.jsonl", numbered(3)), f"gs://{vertex.bucket.name}/out"

    made = gen.batches.create(
        model="gemini-3.5-flash", src=source, config={"display_name": "through genai", "dest": target}
    )
    job = done(gen, made)
    listed = list(gen.batches.list(config={"page_size": 1, "filter": 'display_name="through genai"'}))

    assert made.state == GenaiState.JOB_STATE_PENDING
    assert (job.state, job.display_name) == (GenaiState.JOB_STATE_SUCCEEDED, "through genai")
    assert job.model == "publishers/google/models/gemini-3.5-flash"
    assert job.completion_stats is not None
    assert job.completion_stats.successful_count == 3
    assert (job.src and job.src.gcs_uri, job.dest and job.dest.gcs_uri) == ([source], target)
    assert [found.name for found in listed] == [job.name]
    assert len(vertex.outputs()) == 1


def test_genai_writes_beside_its_input_where_it_is_told_nothing_else(gen: genai.Client, vertex: Rig) -> None:
    job = done(gen, gen.batches.create(model="gemini-3.5-flash", src=vertex.put("deep/in.jsonl", numbered(1))))

    assert job.state == GenaiState.JOB_STATE_SUCCEEDED
    [blob] = vertex.bucket.list_blobs(prefix="deep/in/dest/")
    assert blob.name.endswith("/predictions.jsonl")


def test_genai_cancels_a_batch(gen: genai.Client, vertex: Rig) -> None:
    vertex.control.add(JobFault("held", never=True))
    source = vertex.put("in.jsonl", numbered(3))
    made = gen.batches.create(
        model="gemini-3.5-flash",
        src=source,
        config={"display_name": "held", "dest": f"gs://{vertex.bucket.name}/out"},
    )

    gen.batches.cancel(name=str(made.name))
    job = done(gen, made)

    assert job.state == GenaiState.JOB_STATE_CANCELLED
    assert job.error is not None
    assert (job.error.code, job.error.message) == (1, "CANCELED")


def test_genai_raises_what_vertex_says(gen: genai.Client, vertex: Rig) -> None:
    with pytest.raises(genai.errors.ClientError, match="The PublisherModel no-such-model does not exist") as caught:
        gen.batches.create(model="no-such-model", src=vertex.put("in.jsonl", numbered(1)))

    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")
