"""What the storage adapter makes of answers that no sound server gives: bytes missing, bytes wrong, half an upload."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from google.cloud.storage import Client
from google.cloud.storage.retry import DEFAULT_RETRY

from batchdrop.cloud.storage import CloudObjects
from batchdrop.domain.errors import Transient
from batchdrop.domain.limits import WRITE_BYTES
from tests.contract.canned import Answer, CannedServer
from tests.contract.conftest import anonymous

DIGITS = b"0123456789"
METADATA = {"name": "a", "bucket": "b", "generation": "5", "size": "10", "crc32c": "KAwGng=="}
FOUND = Answer(200, json.dumps(METADATA).encode())
FULL_CHUNK = f"bytes=0-{WRITE_BYTES - 1}"


class Stop(Exception):
    pass


@contextmanager
def talking_to(server: CannedServer) -> Iterator[CloudObjects]:
    client = Client(project="p", credentials=anonymous(), client_options={"api_endpoint": server.url})
    try:
        yield CloudObjects(client, DEFAULT_RETRY.with_delay(initial=0.01).with_timeout(0.5))
    finally:
        client.close()


@pytest.fixture(autouse=True)
def _no_requests_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the client from asking for the bucket's metadata, for traces nobody takes."""
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")


def serving(*answers: Answer) -> CannedServer:
    """A server that begins an upload's session and then gives these answers."""
    server = CannedServer()
    server.say(Answer(200, headers={"Location": f"{server.url}/session"}), *answers)
    return server


def write(objects: CloudObjects, data: bytes) -> None:
    with objects.write("b", "a", "text/plain") as sink:
        sink.write(data)


def break_off(objects: CloudObjects, data: bytes) -> None:
    with objects.write("b", "a", "text/plain") as sink:
        sink.write(data)
        raise Stop


def test_sound_answers_read_well() -> None:
    with CannedServer(FOUND, Answer(206, DIGITS)) as server, talking_to(server) as objects:
        assert b"".join(objects.read("b", "a")) == DIGITS


@pytest.mark.parametrize("body", [DIGITS[:9], DIGITS + b"0", b"", b"9123456789"])
def test_bytes_that_are_missing_too_many_or_wrong_are_transient(body: bytes) -> None:
    with CannedServer(FOUND, Answer(206, body)) as server, talking_to(server) as objects, pytest.raises(Transient):
        list(objects.read("b", "a"))


@pytest.mark.parametrize("body", [b"234", b"23456"])
def test_a_part_with_too_few_or_too_many_bytes_is_transient(body: bytes) -> None:
    with CannedServer(FOUND, Answer(206, body)) as server, talking_to(server) as objects, pytest.raises(Transient):
        list(objects.read("b", "a", None, 2, 6))


def test_an_upload_of_which_the_last_bytes_were_not_taken_is_transient() -> None:
    server = serving(Answer(308, headers={"Range": "bytes=0-4"}))
    with server, talking_to(server) as objects, pytest.raises(Transient, match="not taken"):
        write(objects, DIGITS)


def test_an_upload_of_which_half_a_chunk_was_taken_is_transient() -> None:
    server = serving(Answer(308, headers={"Range": "bytes=0-4"}))
    with server, talking_to(server) as objects, pytest.raises(Transient, match="out of step"):
        write(objects, bytes(2 * WRITE_BYTES))


def test_an_upload_that_is_broken_off_ends_its_session() -> None:
    server = serving(Answer(308, headers={"Range": FULL_CHUNK}), Answer(499))
    with server, talking_to(server) as objects, pytest.raises(Stop):
        break_off(objects, bytes(WRITE_BYTES))
    assert [method for method, _, _ in server.requests] == ["POST", "PUT", "DELETE"]


def test_an_upload_whose_session_cannot_be_ended_is_not_finished_later() -> None:
    server = serving(Answer(308, headers={"Range": FULL_CHUNK}), Answer(0))
    with server, talking_to(server) as objects:
        with pytest.raises(Stop):
            break_off(objects, bytes(WRITE_BYTES))
        gc.collect()
    assert [method for method, _, _ in server.requests] == ["POST", "PUT", "DELETE"]
