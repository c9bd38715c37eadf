"""A Vertex stand-in for each module: one that answers at once, and ones whose clock only the test moves."""

from collections.abc import Iterator

import pytest
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.server import VertexServer
from tests.contract.vertex_stand_in.support import AT_ONCE, Rig, Standing


@pytest.fixture(scope="module")
def server(storage_server: StorageServer) -> Iterator[VertexServer]:
    with VertexServer(storage_url=storage_server.url, settings=AT_ONCE) as server:
        yield server


@pytest.fixture
def vertex(server: VertexServer, storage_client: StorageClient, storage_server: StorageServer) -> Iterator[Rig]:
    with Rig(server, storage_client) as rig:
        yield rig
    storage_server.faults.clear()


@pytest.fixture
def standing(storage_server: StorageServer, storage_client: StorageClient) -> Standing:
    return Standing(storage_server.url, storage_client)
