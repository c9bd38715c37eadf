"""What the storage stand-in tells its listeners."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client

from infra.local.storage import EventKind, HttpNotifier, StorageEvent, StorageServer
from tests.contract.storage_stand_in.support import WAIT_S, Recorder, connected, new_bucket, put, serving, told

FINALIZED, DELETED, ARCHIVED = EventKind.FINALIZED, EventKind.DELETED, EventKind.ARCHIVED


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, recorder: Recorder) -> Iterator[Client]:
    with serving(tmp_path_factory.mktemp("storage"), recorder) as (_, client):
        yield client


def test_an_event_carries_the_resource_as_the_cloud_sends_it(bucket: Bucket, recorder: Recorder) -> None:
    blob = put(bucket, "a/b.csv", b"content", content_type="text/csv")
    (event,) = recorder.take(bucket)
    assert event.kind.value == "google.cloud.storage.object.v1.finalized"
    assert event.bucket == bucket.name
    assert event.overwrote_generation is None
    named = {key: event.data[key] for key in ("kind", "name", "bucket", "size", "generation", "contentType")}
    assert named == {
        "kind": "storage#object",
        "name": "a/b.csv",
        "bucket": bucket.name,
        "size": "7",
        "generation": str(blob.generation),
        "contentType": "text/csv",
    }
    assert (event.data["crc32c"], event.data["metageneration"]) == (blob.crc32c, "1")


def test_every_way_to_write_finalizes(bucket: Bucket, recorder: Recorder) -> None:
    source = put(bucket, "put")
    with bucket.blob("streamed").open("wb") as stream:
        stream.write(b"content")
    bucket.blob("composed").compose([source])
    bucket.blob("rewritten").rewrite(source)
    bucket.copy_blob(source, bucket, "copied")
    names = ["put", "streamed", "composed", "rewritten", "copied"]
    assert told(recorder.take(bucket)) == [(FINALIZED, name) for name in names]


def test_an_overwrite_deletes_the_old_generation_of_an_unversioned_bucket(bucket: Bucket, recorder: Recorder) -> None:
    old, new = str(put(bucket, "a").generation), str(put(bucket, "a").generation)
    events = recorder.take(bucket)
    assert told(events) == [(FINALIZED, "a"), (DELETED, "a"), (FINALIZED, "a")]
    assert (events[1].data["generation"], events[1].overwritten_by_generation) == (old, new)
    assert (events[2].data["generation"], events[2].overwrote_generation) == (new, old)


def test_an_overwrite_archives_the_old_generation_of_a_versioned_bucket(versioned: Bucket, recorder: Recorder) -> None:
    old, new = str(put(versioned, "a").generation), str(put(versioned, "a").generation)
    events = recorder.take(versioned)
    assert told(events) == [(FINALIZED, "a"), (ARCHIVED, "a"), (FINALIZED, "a")]
    assert (events[1].data["generation"], events[1].overwritten_by_generation) == (old, new)
    assert "timeDeleted" in events[1].data


def test_a_delete_archives_first_and_deletes_by_generation(versioned: Bucket, recorder: Recorder) -> None:
    generation = put(versioned, "a").generation
    versioned.blob("a").delete()
    versioned.blob("a", generation=generation).delete()
    events = recorder.take(versioned)
    assert told(events) == [(FINALIZED, "a"), (ARCHIVED, "a"), (DELETED, "a")]
    assert {event.data["generation"] for event in events} == {str(generation)}


def test_a_delete_in_an_unversioned_bucket_deletes(bucket: Bucket, recorder: Recorder) -> None:
    put(bucket, "a").delete()
    assert told(recorder.take(bucket)) == [(FINALIZED, "a"), (DELETED, "a")]


def test_sources_that_a_compose_consumes_are_told_deleted(versioned: Bucket, recorder: Recorder) -> None:
    versioned.blob("whole").compose([put(versioned, "a")], delete_source_objects=True)
    assert told(recorder.take(versioned)) == [(FINALIZED, "a"), (FINALIZED, "whole"), (DELETED, "a")]


def test_a_patch_tells_of_new_metadata(bucket: Bucket, recorder: Recorder) -> None:
    blob = put(bucket, "a")
    blob.metadata = {"k": "v"}
    blob.patch()
    event = recorder.take(bucket)[-1]
    assert (event.kind, event.data["metadata"]) == (EventKind.METADATA_UPDATED, {"k": "v"})


def test_a_refused_write_tells_nothing(bucket: Bucket, recorder: Recorder) -> None:
    put(bucket, "a")
    with pytest.raises(exceptions.PreconditionFailed):
        put(bucket, "a", if_generation_match=0)
    assert told(recorder.take(bucket)) == [(FINALIZED, "a")]


def test_a_failing_listener_still_gets_the_next_event(tmp_path: Path) -> None:
    heard: Queue[str] = Queue()

    def listener(event: StorageEvent) -> None:
        heard.put(event.data["name"])
        raise ValueError(event.data["name"])

    with StorageServer(tmp_path, listeners=[listener]) as server, connected(server.url) as client:
        bucket = new_bucket(client)
        put(bucket, "a")
        put(bucket, "b")
        assert [heard.get(timeout=WAIT_S), heard.get(timeout=WAIT_S)] == ["a", "b"]


class Receiver(HTTPServer):
    """Takes notifications; refuses each of them once before it accepts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Notification)
        self.refused: set[bytes] = set()
        self.accepted: Queue[dict[str, Any]] = Queue()


class Notification(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body in self.server.refused:
            self.server.accepted.put(json.loads(body))
            self.send_response(204)
        else:
            self.server.refused.add(body)
            self.send_response(503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


def test_a_notification_is_repeated_until_it_is_accepted_and_keeps_its_order(
    tmp_path: Path, receiver: Receiver
) -> None:
    notifier = HttpNotifier(f"http://127.0.0.1:{receiver.server_port}/events")
    with StorageServer(tmp_path, listeners=[notifier]) as server, notifier, connected(server.url) as client:
        bucket = new_bucket(client)
        old = put(bucket, "a").generation
        new = put(bucket, "a").generation
        bodies = [receiver.accepted.get(timeout=WAIT_S) for _ in range(3)]
    assert [body["type"] for body in bodies] == [FINALIZED.value, DELETED.value, FINALIZED.value]
    assert {body["bucket"] for body in bodies} == {bucket.name}
    assert [body["data"]["generation"] for body in bodies] == [str(old), str(old), str(new)]
    assert bodies[1]["overwrittenByGeneration"] == str(new)
