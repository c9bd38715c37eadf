"""Batch prediction jobs at Vertex AI, over Google's client with REST.

`google.cloud.aiplatform_v1` takes more than a second to import, so it is imported where it is first used.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials, Credentials

from batchdrop.cloud.failures import passing
from batchdrop.domain.errors import CreateRefused, CreateThrottled, CreateUnknown
from batchdrop.domain.ids import VertexJobName
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, BatchSpec, VertexJob, VertexState, endpoint_of

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1 import BatchPredictionJob, JobServiceClient

CALL_TIMEOUT = 30.0
"""Seconds for one request."""

PATIENCE = 60.0
"""Seconds, for all tries together of what only reads or may be done twice; the client itself tries once."""

_anonymous: Callable[[], Credentials] = AnonymousCredentials
_STATES = {state.value: state for state in VertexState}
_UNCLEAR = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, 499}
)


_PROVISIONING = "Service agents are being provisioned"
"""Said with a 400 in a project's first minutes (github.com/GoogleCloudPlatform/generative-ai/issues/1308)."""


class VertexBatches:
    """`BatchService` at Vertex AI, for one project and all locations."""

    def __init__(self, project: str, endpoint: str = "", patience: float = PATIENCE) -> None:
        """Nothing is imported or sent yet.

        Args:
            project: id of the Google Cloud project.
            endpoint: URL that serves all locations instead of Google's; over http without credentials.
            patience: seconds to go on trying where trying again does no harm.
        """
        self._retry = Retry(initial=0.2, maximum=5.0, timeout=patience)
        self._project = project
        self._endpoint = endpoint
        self._clients: dict[str, JobServiceClient] = {}

    def create(self, spec: BatchSpec) -> VertexJobName:
        """Create a job: one request, without a retry, within 30 seconds. Only a 401 is sent again, with a new token."""
        client = self._client(spec.location)
        job = _request(spec)
        try:
            made = client.create_batch_prediction_job(
                parent=self._parent(spec.location), batch_prediction_job=job, retry=None, timeout=CALL_TIMEOUT
            )
        except GoogleAPICallError as error:
            raise _create_error(error) from error
        except Exception as error:
            # Whatever it was, the request may have arrived, and then there is a job that costs money.
            raise CreateUnknown(f"No answer to the creation of {spec.display_name}: {type(error).__name__}") from error
        if not made.name:
            raise CreateUnknown(f"The answer to the creation of {spec.display_name} names no job")
        return VertexJobName(made.name)

    def get(self, name: VertexJobName) -> VertexJob | None:
        """The job's state now; None if it was deleted."""
        client = self._client(_location(name))
        try:
            with passing(f"question for {name}"):
                return _job(client.get_batch_prediction_job(name=name, retry=self._retry, timeout=CALL_TIMEOUT))
        except NotFound:
            return None

    def find(self, location: str, display_name: str) -> list[VertexJob]:
        """Jobs of that display name, newest first. The list may lag behind create."""
        jobs = self._list(location, f'display_name="{display_name}"')
        return sorted(jobs, key=lambda job: job.created_at or datetime.min.replace(tzinfo=UTC), reverse=True)

    def of_installation(self, location: str, installation: str, since: datetime) -> Iterator[VertexJob]:
        """Jobs that carry the label `batchdrop=<installation>`, created at or after `since`."""
        moment = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        yield from self._list(location, f'labels.batchdrop="{installation}" AND create_time>="{moment}"')

    def cancel(self, name: VertexJobName) -> None:
        """Ask a job to stop. One that has ended, or is gone, is no error."""
        client = self._client(_location(name))
        try:
            with passing(f"cancellation of {name}"):
                client.cancel_batch_prediction_job(name=name, retry=self._retry, timeout=CALL_TIMEOUT)
        except NotFound:
            return
        except BadRequest:
            # FAILED_PRECONDITION, which is what Vertex says of an ended job, reaches us as a mere 400.
            job = self.get(name)
            if job is not None and job.state not in TERMINAL_VERTEX_STATES:
                raise

    def _list(self, location: str, condition: str) -> Iterator[VertexJob]:
        client, parent = self._client(location), self._parent(location)
        with passing(f"list of jobs at {location}"):
            request = {"parent": parent, "filter": condition, "page_size": 100}
            for job in client.list_batch_prediction_jobs(request=request, retry=self._retry, timeout=CALL_TIMEOUT):
                yield _job(job)

    def _parent(self, location: str) -> str:
        return f"projects/{self._project}/locations/{location}"

    def _client(self, location: str) -> "JobServiceClient":
        if location not in self._clients:
            self._clients[location] = _new_client(self._endpoint or f"https://{endpoint_of(location)}")
        return self._clients[location]


def _aiplatform() -> ModuleType:
    from google.cloud import aiplatform_v1  # noqa: PLC0415  # over a second, which only callers of Vertex should pay

    return aiplatform_v1


def _new_client(endpoint: str) -> "JobServiceClient":
    url = urlsplit(endpoint)
    credentials = _anonymous() if url.scheme == "http" else None
    client: type[JobServiceClient] = _aiplatform().JobServiceClient
    transport = client.get_transport_class("rest")
    return client(transport=transport(host=url.netloc, url_scheme=url.scheme, credentials=credentials))


def _request(spec: BatchSpec) -> "BatchPredictionJob":
    job: type[BatchPredictionJob] = _aiplatform().BatchPredictionJob
    return job(
        display_name=spec.display_name,
        model=spec.model if "/" in spec.model else f"publishers/google/models/{spec.model}",
        input_config={"instances_format": "jsonl", "gcs_source": {"uris": [spec.input_uri]}},
        output_config={
            "predictions_format": "jsonl",
            "gcs_destination": {"output_uri_prefix": spec.output_uri_prefix},
        },
        labels=spec.labels,
    )


def _create_error(error: GoogleAPICallError) -> CreateRefused | CreateThrottled | CreateUnknown:
    """Judge a refused create: a 4xx made no job, save those that speak of time or of a collision."""
    status = int(error.code or 0)
    if _PROVISIONING in (error.message or ""):
        return CreateThrottled(f"Vertex is not ready yet: {error.message}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return CreateThrottled(f"Vertex is over a quota: {error.message}")
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _UNCLEAR:
        return CreateRefused(status, error.message)
    return CreateUnknown(f"Vertex answered the creation with HTTP {status}: {error.message}")


def _job(made: "BatchPredictionJob") -> VertexJob:
    # The message itself: reading an enum number that the library does not know through it makes a warning.
    job = type(made).pb(made)
    stats = job.completion_stats
    counted = job.HasField("completion_stats") and stats.successful_count >= 0 and stats.failed_count >= 0
    return VertexJob(
        name=VertexJobName(job.name),
        display_name=job.display_name,
        state=_STATES.get(job.state, VertexState.UNSPECIFIED),
        labels=dict(job.labels),
        error_code=job.error.code,
        error_message=job.error.message,
        output_directory=job.output_info.gcs_output_directory,
        completed=stats.successful_count + stats.failed_count if counted else None,
        created_at=_time(job, "create_time"),
        started_at=_time(job, "start_time"),
        # For an expired job, for one, no end time is documented.
        ended_at=_time(job, "end_time") or _time(job, "update_time"),
    )


def _time(job: "BatchPredictionJob", field: str) -> datetime | None:
    found: datetime | None = getattr(job, field).ToDatetime(tzinfo=UTC) if job.HasField(field) else None
    return found


def _location(name: VertexJobName) -> str:
    """Take the location out of `projects/P/locations/L/batchPredictionJobs/N`."""
    return name.split("/")[3]
