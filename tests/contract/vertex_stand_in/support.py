"""What the tests of the Vertex stand-in share: Google's client, files in and out, waiting for a job's end."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self
from uuid import uuid4

from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud import storage
from google.cloud.aiplatform_v1 import BatchPredictionJob, JobServiceClient, JobState
from google.cloud.aiplatform_v1.services.job_service.transports.rest import JobServiceRestTransport

from infra.local.vertex.clock import SimClock
from infra.local.vertex.control import VertexControl
from infra.local.vertex.server import VertexServer
from infra.local.vertex.settings import Settings

AT_ONCE = Settings(queue_s=0.0, pending_s=0.0, run_s=0.0)
MODEL = "publishers/google/models/gemini-3.5-flash-lite"
PARENT = "projects/demo/locations/global"
WAIT_S = 15.0
ENDS = frozenset(
    {
        JobState.JOB_STATE_SUCCEEDED,
        JobState.JOB_STATE_FAILED,
        JobState.JOB_STATE_CANCELLED,
        JobState.JOB_STATE_EXPIRED,
        JobState.JOB_STATE_PARTIALLY_SUCCEEDED,
    }
)
_anonymous: Callable[[], Credentials] = AnonymousCredentials

Row = dict[str, Any]


def asked(text: str, **config: object) -> Row:
    """A request of one turn."""
    request: Row = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    return request | {"generationConfig": config} if config else request


def numbered(count: int) -> list[Row]:
    """Rows with a `custom_id` each."""
    return [{"custom_id": f"r-{i:04d}", "request": asked(f"Tell of thing {i}.")} for i in range(count)]


def until(fits: Callable[[], bool]) -> None:
    """Wait until something is so."""
    last = time.monotonic() + WAIT_S
    while not fits():
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.01)


class Rig:
    """A Vertex stand-in beside a storage with a bucket, and a project at Vertex, of this test's own."""

    def __init__(self, server: VertexServer, client: storage.Client) -> None:
        self.server = server
        self.control = VertexControl(server.url)
        self.bucket = client.create_bucket(f"bucket-{uuid4().hex}")
        self.parent = f"projects/p-{uuid4().hex[:12]}/locations/global"
        transport = JobServiceRestTransport(
            host=f"{server.host}:{server.port}", url_scheme="http", credentials=_anonymous()
        )
        self.api = JobServiceClient(transport=transport)

    def put(self, name: str, rows: Iterable[Row]) -> str:
        """Upload rows as JSONL; returns the URI."""
        return self.put_text(name, "".join(json.dumps(row) + "\n" for row in rows))

    def put_text(self, name: str, text: str) -> str:
        """Upload a text as it is; returns the URI."""
        self.bucket.blob(name).upload_from_string(text)
        return f"gs://{self.bucket.name}/{name}"

    def job(self, uris: Sequence[str], **over: Any) -> BatchPredictionJob:
        """A job as a caller writes it."""
        fields: Row = {
            "display_name": "a job",
            "model": MODEL,
            "input_config": {"instances_format": "jsonl", "gcs_source": {"uris": list(uris)}},
            "output_config": {
                "predictions_format": "jsonl",
                "gcs_destination": {"output_uri_prefix": f"gs://{self.bucket.name}/out/"},
            },
        }
        return BatchPredictionJob(fields | over)

    def create(self, uris: Sequence[str], parent: str = "", **over: Any) -> str:
        """Create a job; returns its name."""
        wanted = self.job(uris, **over)
        return self.api.create_batch_prediction_job(
            parent=parent or self.parent, batch_prediction_job=wanted, retry=None, timeout=30.0
        ).name

    def submit(self, rows: Iterable[Row], **over: Any) -> str:
        """Upload rows and create a job for them; returns its name."""
        return self.create([self.put(f"in-{uuid4().hex}.jsonl", rows)], **over)

    def get(self, name: str) -> BatchPredictionJob:
        """The job as it stands."""
        return self.api.get_batch_prediction_job(name=name)

    def when(self, name: str, fits: Callable[[BatchPredictionJob], bool]) -> BatchPredictionJob:
        """Wait until the job is as it should be."""
        until = time.monotonic() + WAIT_S
        while not fits(job := self.get(name)):
            assert time.monotonic() < until, f"still {job.state.name}"
            time.sleep(0.01)
        return job

    def reached(self, name: str, state: str) -> BatchPredictionJob:
        """Wait until the job is in a state, such as `JOB_STATE_RUNNING`."""
        return self.when(name, lambda job: job.state.name == state)

    def answered_so_far(self, name: str, count: int) -> BatchPredictionJob:
        """Wait until so many rows are answered."""
        return self.when(name, lambda job: job.completion_stats.successful_count == count)

    def ended(self, name: str) -> BatchPredictionJob:
        """Wait for the end."""
        return self.when(name, lambda job: job.state in ENDS)

    def run(self, rows: Iterable[Row], **over: Any) -> BatchPredictionJob:
        """Submit and wait for the end."""
        return self.ended(self.submit(rows, **over))

    def names(self, filter_text: str = "", parent: str = "") -> list[str]:
        """The display names of the jobs that a list shows."""
        request = {"parent": parent or self.parent, "filter": filter_text}
        return [job.display_name for job in self.api.list_batch_prediction_jobs(request=request)]

    def lines(self, job: BatchPredictionJob, file: str = "predictions.jsonl") -> list[str]:
        """The lines of a predictions file."""
        name = job.output_info.gcs_output_directory.removeprefix(f"gs://{self.bucket.name}/")
        text = self.bucket.blob(f"{name}/{file}").download_as_bytes().decode()
        return str(text).splitlines()

    def rows(self, job: BatchPredictionJob) -> list[Row]:
        """The rows of its predictions file."""
        return [json.loads(line) for line in self.lines(job)]

    def answered(self, rows: Iterable[Row]) -> list[Row]:
        """Run rows that all go well; what came back."""
        job = self.run(rows)
        assert job.state == JobState.JOB_STATE_SUCCEEDED, job.error.message
        return self.rows(job)

    def outputs(self) -> list[str]:
        """The names of all output objects."""
        return [blob.name for blob in self.bucket.list_blobs(prefix="out/")]

    def close(self) -> None:
        """Forget the faults and the bills, and close the connections."""
        self.control.clear()
        self.control.forget_billed()
        self.control.close()
        self.api.transport.close()  # type: ignore[no-untyped-call]  # the library types it not

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def rigged(storage_url: str, client: storage.Client, settings: Settings = AT_ONCE, **over: Any) -> Iterator[Rig]:
    """A server with these settings, and everything around it."""
    with VertexServer(storage_url=storage_url, settings=settings, **over) as server, Rig(server, client) as rig:
        yield rig


class Standing:
    """Starts servers whose time stands still unless it is moved."""

    def __init__(self, storage_url: str, client: storage.Client) -> None:
        self._storage_url = storage_url
        self._client = client

    @contextmanager
    def rig(self, **settings: Any) -> Iterator[Rig]:
        """A server where nothing takes time by itself, save what the settings say."""
        made = Settings(**({"queue_s": 0.0, "pending_s": 0.0, "run_s": 0.0} | settings))
        with rigged(self._storage_url, self._client, made, clock=SimClock(standing=True)) as rig:
            yield rig


def by_id(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows by their `custom_id`."""
    return {row["custom_id"]: row for row in rows}


def said(row: Mapping[str, Any]) -> str:
    """The text of a row's answer."""
    text: str = row["response"]["candidates"][0]["content"]["parts"][0]["text"]
    return text
