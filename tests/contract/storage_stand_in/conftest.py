"""A storage stand-in for each module, and buckets in it for each test."""

from collections.abc import Iterator

import pytest
from google.cloud.storage import Bucket, Client

from infra.local.storage import StorageServer
from tests.contract.storage_stand_in.support import new_bucket, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StorageServer, Client]]:
    with serving(tmp_path_factory.mktemp("storage")) as pair:
        yield pair


@pytest.fixture(scope="module")
def server(running: tuple[StorageServer, Client]) -> StorageServer:
    return running[0]


@pytest.fixture(scope="module")
def client(running: tuple[StorageServer, Client]) -> Client:
    return running[1]


@pytest.fixture
def bucket(client: Client) -> Bucket:
    return new_bucket(client)


@pytest.fixture
def versioned(client: Client) -> Bucket:
    return new_bucket(client, versioned=True)
