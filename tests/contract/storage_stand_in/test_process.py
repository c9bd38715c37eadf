"""The storage stand-in as a process: start, memory, crash, restart, end."""

import http.client
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import requests
from google.cloud.storage import Bucket

from infra.local.storage import StorageServer
from tests.contract.storage_stand_in.support import (
    WAIT_S,
    Drain,
    ServerProcess,
    Zeros,
    connected,
    new_bucket,
    put,
    serving,
)

MIB = 1 << 20
LARGE = 200 * MIB
PIECE = 256 * 1024


def test_it_says_where_it_listens_and_ends_on_a_signal(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with ServerProcess(tmp_path) as process:
            assert process.greeting.startswith("storage listening on http://127.0.0.1:")
            with connected(process.url) as client:
                assert list(client.list_buckets()) == []
            begun = time.monotonic()
            assert process.end(number) == 0
            assert time.monotonic() - begun < 3


def test_a_stop_does_not_wait_for_a_receiver_that_is_not_there(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--notify", "http://127.0.0.1:9/nobody") as process:
        with connected(process.url) as client:
            put(new_bucket(client), "a")
        begun = time.monotonic()
        assert process.end() == 0
        assert time.monotonic() - begun < 4


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_object_needs_no_memory() -> None:
    with TemporaryDirectory() as root, ServerProcess(Path(root)) as process, connected(process.url) as client:
        bucket = new_bucket(client)
        put(bucket, "small").download_as_bytes()
        before = process.memory_peak()
        bucket.blob("a", chunk_size=50 * MIB).upload_from_file(Zeros(LARGE))
        _upload_at_once(process, bucket)
        bucket.blob("whole").compose([bucket.blob("a"), bucket.blob("b")])
        bucket.blob("copy").rewrite(bucket.blob("whole"))
        target = Drain()
        bucket.blob("a").download_to_file(target)
        assert target.count == LARGE
        assert bucket.get_blob("copy").size == 2 * LARGE
        assert process.memory_peak() - before < 64 * MIB


def _upload_at_once(process: ServerProcess, bucket: Bucket) -> None:
    url = f"{process.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=b"
    pieces = (bytes(MIB) for _ in range(LARGE // MIB))
    requests.post(url, pieces, timeout=60).raise_for_status()


def test_a_killed_server_has_lost_nothing_that_it_confirmed(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as process, connected(process.url) as client:
        bucket = new_bucket(client, versioned=True)
        old = put(bucket, "a", b"old").generation
        new = put(bucket, "a", b"new").generation
        process.end(signal.SIGKILL)
    with serving(tmp_path) as (_, client):
        bucket = client.get_bucket(bucket.name)
        assert bucket.versioning_enabled is True
        assert bucket.blob("a").download_as_bytes() == b"new"
        assert bucket.blob("a", generation=old).download_as_bytes() == b"old"
        assert put(bucket, "a").generation > new


def test_an_upload_goes_on_after_a_restart(tmp_path: Path) -> None:
    content = bytes(range(256)) * 2048
    with ServerProcess(tmp_path) as process, connected(process.url) as client:
        bucket = new_bucket(client)
        url = f"{process.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&name=a"
        session = requests.post(url, timeout=5).headers["Location"]
        _send(session, content[:PIECE], f"bytes 0-{PIECE - 1}/*")
        process.end(signal.SIGKILL)
    with serving(tmp_path) as (server, client):
        session = session.replace(process.url, server.url)
        assert _send(session, b"", "bytes */*").headers["Range"] == f"bytes=0-{PIECE - 1}"
        last = _send(session, content[PIECE:], f"bytes {PIECE}-{len(content) - 1}/{len(content)}")
        assert last.status_code == 200
        assert client.bucket(bucket.name).blob("a").download_as_bytes() == content


def _send(session: str, content: bytes, content_range: str) -> requests.Response:
    return requests.put(session, content, headers={"Content-Range": content_range}, timeout=5)


def test_an_upload_broken_off_leaves_neither_object_nor_bytes(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, client):
        bucket = new_bucket(client)
        broken = http.client.HTTPConnection(server.url.removeprefix("http://"))
        broken.putrequest("POST", f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=a")
        broken.putheader("Content-Length", str(8 * MIB))
        broken.endheaders(bytes(4 * MIB))
        _await(lambda: _contents(tmp_path) != [])
        broken.close()
        _await(lambda: _contents(tmp_path) == [])
        assert not bucket.blob("a").exists()


def _await(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def _contents(root: Path) -> list[Path]:
    return [path for path in (root / "blobs").rglob("*") if path.is_file()]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path), pytest.raises(RuntimeError, match="Stop the server that has it"):
        StorageServer(tmp_path)


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path / "one") as (server, _), pytest.raises(OSError, match="Choose another port"):
        StorageServer(tmp_path / "two", port=int(server.url.rpartition(":")[2]))


def test_what_nothing_names_is_removed(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, client):
        bucket = new_bucket(client)
        blob = put(bucket, "a", b"kept")
        put(bucket, "b").delete()
        put(bucket, "c", b"1")
        put(bucket, "c", b"2").delete()
        blob.rewrite(blob)
    folder = tmp_path / "blobs" / "zz"
    folder.mkdir()
    (folder / "zz-left-by-a-crash").write_bytes(b"half")
    with serving(tmp_path) as (_, client):
        assert client.bucket(bucket.name).blob("a").download_as_bytes() == b"kept"
        assert [path.read_bytes() for path in _contents(tmp_path)] == [b"kept"]
