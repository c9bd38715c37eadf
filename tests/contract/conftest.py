"""The real things that the contract suites hold against the fakes, each started at most once, when first needed."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud.firestore_v1 import Client as FirestoreClient
from google.cloud.storage import Client as StorageClient

from batchdrop.cloud.clock import SystemClock
from batchdrop.cloud.firestore import FirestoreDocuments
from batchdrop.cloud.storage import CloudObjects
from batchdrop.cloud.vertex import VertexBatches
from batchdrop.ports import Documents
from infra.local.storage import StorageServer
from infra.local.vertex.control import VertexControl
from infra.local.vertex.server import VertexServer
from infra.local.vertex.settings import Settings
from tests.contract.offices import ROWS, FakeOffice, Office, StandInOffice
from tests.contract.stores import Store, fresh_name
from tests.fakes.batches import FakeBatches
from tests.fakes.documents import FakeDocuments
from tests.fakes.objects import FakeObjects

anonymous: Callable[[], Credentials] = AnonymousCredentials


@pytest.fixture
def firestore_client(firestore_host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreClient]:
    """A client of an empty database; the emulator makes one for every project that is named."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    client = FirestoreClient(project=f"contract-{uuid.uuid4().hex[:12]}", database="batchdrop")
    yield client
    client._firestore_api.transport.close()


@pytest.fixture(params=["fake", "emulator"])
def documents(request: pytest.FixtureRequest) -> Documents:
    """An empty database, first in memory, then in the emulator."""
    if request.param == "fake":
        return FakeDocuments()
    return FirestoreDocuments(request.getfixturevalue("firestore_client"))


@pytest.fixture(scope="session")
def storage_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="session")
def storage_server(storage_root: Path) -> Iterator[StorageServer]:
    with StorageServer(storage_root) as server:
        yield server


@pytest.fixture
def storage_client(storage_server: StorageServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageClient]:
    """Google's client, against the stand-in."""
    # Without this the client asks for every bucket's metadata on a thread of its own, for traces nobody takes.
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    client = StorageClient(
        project="contract",
        credentials=anonymous(),
        client_options={"api_endpoint": storage_server.url},
    )
    yield client
    client.close()


@pytest.fixture(params=["fake", "stand-in"])
def store(request: pytest.FixtureRequest) -> Store:
    """Empty buckets, first in memory, then in the storage stand-in."""
    if request.param == "fake":
        return _store_in_memory()
    return _store_behind(request.getfixturevalue("storage_client"))


def _store_in_memory() -> Store:
    objects = FakeObjects(SystemClock(), versioned=["versioned"], chunk=1000)

    def upload(bucket: str, name: str, data: bytes, encoding: str) -> None:
        objects.put(bucket, name, data, content_encoding=encoding)

    return Store(objects, upload)


def _store_behind(client: StorageClient) -> Store:
    plain, other, versioned = (fresh_name(stem) for stem in ("plain", "other", "versioned"))
    for name in (plain, other, versioned):
        bucket = client.bucket(name)
        bucket.versioning_enabled = name == versioned
        client.create_bucket(bucket)

    def upload(bucket: str, name: str, data: bytes, encoding: str) -> None:
        blob = client.bucket(bucket).blob(name)
        blob.content_encoding = encoding
        blob.upload_from_string(data)

    return Store(CloudObjects(client), upload, plain, other, versioned)


@pytest.fixture(scope="session")
def vertex_server(storage_server: StorageServer) -> Iterator[VertexServer]:
    settings = Settings(queue_s=0.0, pending_s=0.0, run_s=0.0)
    with VertexServer(storage_url=storage_server.url, settings=settings) as server:
        yield server


@pytest.fixture
def vertex_control(vertex_server: VertexServer) -> Iterator[VertexControl]:
    with VertexControl(vertex_server.url) as control:
        yield control
        control.clear()


@pytest.fixture
def rows_bucket(storage_client: StorageClient) -> str:
    """A bucket with `rows.jsonl`, of three rows."""
    bucket = storage_client.create_bucket(fresh_name("rows"))
    request = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    lines = [msgspec.json.encode({"custom_id": f"j1.0.{row}", "request": request}) for row in range(ROWS)]
    bucket.blob("rows.jsonl").upload_from_string(b"\n".join(lines))
    return str(bucket.name)


@pytest.fixture
def vertex_office(vertex_server: VertexServer, vertex_control: VertexControl, rows_bucket: str) -> StandInOffice:
    return StandInOffice(VertexBatches("project", vertex_server.url), rows_bucket, vertex_control)


@pytest.fixture(params=["fake", "stand-in"])
def office(request: pytest.FixtureRequest) -> Office:
    """A batch service, first in memory, then the Vertex stand-in."""
    if request.param == "fake":
        return FakeOffice(FakeBatches(SystemClock()))
    stand_in: StandInOffice = request.getfixturevalue("vertex_office")
    return stand_in
