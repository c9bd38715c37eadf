"""Uploads to the storage stand-in, in one request and in many, through Google's client and on the wire."""

import http.client
import io
import time
from urllib.parse import urlsplit

import pytest
import requests
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client

from infra.local.storage import StorageServer
from tests.contract.storage_stand_in.support import WAIT_S, Zeros, crc32c, new_bucket, put

KIB = 1024
PIECE = 256 * KIB


def begin(server: StorageServer, bucket: Bucket, **query: str) -> str:
    answer = requests.post(
        f"{server.url}/upload/storage/v1/b/{bucket.name}/o",
        params={"uploadType": "resumable", "name": "a", **query},
        timeout=5,
    )
    answer.raise_for_status()
    return answer.headers["Location"]


def send(session: str, content: bytes, content_range: str, **headers: str) -> requests.Response:
    return requests.put(session, content, headers={"Content-Range": content_range, **headers}, timeout=5)


def test_generations_grow_with_every_write(client: Client, bucket: Bucket) -> None:
    other = new_bucket(client)
    generations = [put(where, name).generation for where, name in [(bucket, "a"), (other, "z"), (bucket, "a")]]
    assert generations == sorted(set(generations))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_written_stream_is_the_object(bucket: Bucket, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    with bucket.blob("a").open("wb", chunk_size=PIECE) as stream:
        stream.write(content[:size])
    found = bucket.get_blob("a")
    assert (found.size, found.crc32c) == (size, crc32c(content[:size]))
    assert found.download_as_bytes() == content[:size]


def test_an_upload_need_not_know_its_size(bucket: Bucket) -> None:
    bucket.blob("a", chunk_size=PIECE).upload_from_file(Zeros(2 * PIECE + 5))
    assert bucket.get_blob("a").size == 2 * PIECE + 5


def test_an_aborted_stream_leaves_no_object(bucket: Bucket) -> None:
    stream = bucket.blob("a").open("wb", chunk_size=PIECE)
    stream.write(bytes(2 * PIECE))
    stream.terminate()
    assert not bucket.blob("a").exists()


def test_a_simple_upload_takes_name_and_type_from_the_request(server: StorageServer, bucket: Bucket) -> None:
    requests.post(
        f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=x%2Fy",
        b"content",
        headers={"Content-Type": "text/csv"},
        timeout=5,
    ).raise_for_status()
    assert bucket.get_blob("x/y").content_type == "text/csv"


def test_a_multipart_upload_may_end_its_lines_as_unix_does(server: StorageServer, bucket: Bucket) -> None:
    body = b'--=b=\nContent-Type: application/json\n\n{"name": "a"}\n--=b=\n\n--=b\r\n\n--=b=--'
    requests.post(
        f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart",
        body,
        headers={"Content-Type": "multipart/related; boundary='=b='".replace("'", '"')},
        timeout=5,
    ).raise_for_status()
    assert bucket.blob("a").download_as_bytes() == b"--=b\r\n"


def test_a_multipart_upload_cut_short_is_refused(server: StorageServer, bucket: Bucket) -> None:
    answer = requests.post(
        f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart",
        b'--b\r\ncontent-type: application/json\r\n\r\n{"name": "a"}\r\n--b\r\n\r\ncontent',
        headers={"Content-Type": "multipart/related; boundary=b"},
        timeout=5,
    )
    assert answer.status_code == 400
    assert not bucket.blob("a").exists()


@pytest.mark.parametrize(("field", "value"), [("crc32c", "AAAAAA=="), ("md5_hash", "A" * 22 + "==")])
@pytest.mark.parametrize("size", [10, 9 << 20])
def test_bytes_that_are_not_the_announced_ones_are_refused(bucket: Bucket, field: str, value: str, size: int) -> None:
    blob = bucket.blob("a")
    setattr(blob, field, value)
    with pytest.raises(exceptions.BadRequest, match="doesn't match"):
        blob.upload_from_file(io.BytesIO(b"x" * size), size=size, checksum=None)
    assert not bucket.blob("a").exists()


def test_a_hash_header_is_verified(server: StorageServer, bucket: Bucket) -> None:
    url = f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=a"
    wrong = requests.post(url, b"content", headers={"X-Goog-Hash": "crc32c=AAAAAA=="}, timeout=5)
    right = requests.post(url, b"content", headers={"X-Goog-Hash": f"crc32c={crc32c(b'content')}"}, timeout=5)
    assert (wrong.status_code, right.status_code) == (400, 200)


def test_a_hash_header_on_the_last_piece_is_verified(server: StorageServer, bucket: Bucket) -> None:
    answer = send(begin(server, bucket), b"content", "bytes 0-6/7", **{"X-Goog-Hash": "crc32c=AAAAAA=="})
    assert answer.status_code == 400
    assert not bucket.blob("a").exists()


def test_a_session_says_how_far_it_is(server: StorageServer, bucket: Bucket) -> None:
    session = begin(server, bucket)
    nothing = send(session, b"", "bytes */*")
    assert (nothing.status_code, nothing.headers.get("Range")) == (308, None)
    some = send(session, bytes(PIECE), f"bytes 0-{PIECE - 1}/*")
    assert (some.status_code, some.headers["Range"]) == (308, f"bytes=0-{PIECE - 1}")
    assert send(session, b"", "bytes */*").headers["Range"] == f"bytes=0-{PIECE - 1}"
    assert not bucket.blob("a").exists()


def test_a_piece_sent_twice_counts_once(server: StorageServer, bucket: Bucket) -> None:
    session = begin(server, bucket)
    content = bytes(range(256)) * KIB + b"end"
    for _ in range(2):
        send(session, content[:PIECE], f"bytes 0-{PIECE - 1}/*")
    send(session, content, f"bytes 0-{len(content) - 1}/{len(content)}").raise_for_status()
    assert bucket.blob("a").download_as_bytes() == content


def test_a_finished_session_repeats_its_answer_and_does_nothing(server: StorageServer, bucket: Bucket) -> None:
    session = begin(server, bucket, ifGenerationMatch="0")
    first = send(session, b"content", "bytes 0-6/7").json()
    again = send(session, b"content", "bytes 0-6/7").json()
    asked = send(session, b"", "bytes */*").json()
    assert first == again == asked
    assert bucket.get_blob("a").generation == int(first["generation"])


@pytest.mark.parametrize(
    ("content", "content_range"),
    [(b"x", "bytes 0-0/*"), (b"x", "bytes 5-5/6"), (b"x", "bytes 0-6/7"), (b"x", "chars 0-1/2")],
    ids=["too small", "a gap", "a short body", "nonsense"],
)
def test_a_piece_that_cannot_be_is_refused(
    server: StorageServer, bucket: Bucket, content: bytes, content_range: str
) -> None:
    assert send(begin(server, bucket), content, content_range).status_code == 400
    assert not bucket.blob("a").exists()


def test_a_cancelled_session_is_gone(server: StorageServer, bucket: Bucket) -> None:
    session = begin(server, bucket)
    assert requests.delete(session, timeout=5).status_code == 499
    assert send(session, b"content", "bytes 0-6/7").status_code == 404


def test_a_broken_connection_keeps_what_arrived(server: StorageServer, bucket: Bucket) -> None:
    session = begin(server, bucket)
    content = bytes(range(256)) * 4 * KIB
    url = urlsplit(session)
    broken = http.client.HTTPConnection(url.netloc)
    broken.putrequest("PUT", f"{url.path}?{url.query}")
    broken.putheader("Content-Length", str(len(content)))
    broken.putheader("Content-Range", f"bytes 0-{len(content) - 1}/{len(content)}")
    broken.endheaders(content[:PIECE])
    broken.close()
    have = _progress(session)
    assert 0 < have <= PIECE
    send(session, content[have:], f"bytes {have}-{len(content) - 1}/{len(content)}").raise_for_status()
    assert bucket.blob("a").download_as_bytes() == content


def _progress(session: str) -> int:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        known = send(session, b"", "bytes */*").headers.get("Range")
        if known:
            return int(known.rpartition("-")[2]) + 1
    raise AssertionError("Nothing of the broken upload arrived.")
