"""What the Firestore adapter makes of failures."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from google.api_core import exceptions
from google.cloud.firestore_v1 import Client

from batchdrop.cloud.firestore import FirestoreDocuments
from batchdrop.domain.errors import Transient
from batchdrop.ports import Put
from tests.contract.things import Thing, at


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of a port that is taken, and at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{taken.getsockname()[1]}")
        client = Client(project="nobody", database="batchdrop")
        yield client
        client._firestore_api.transport.close()


def test_a_commit_that_nobody_answers_is_transient_at_once(nobody: Client) -> None:
    started = datetime.now(UTC)
    with pytest.raises(Transient) as caught:
        FirestoreDocuments(nobody).commit([Put(at("a"), Thing())])
    assert isinstance(caught.value.__cause__, exceptions.ServiceUnavailable)
    assert (datetime.now(UTC) - started).total_seconds() < 5
