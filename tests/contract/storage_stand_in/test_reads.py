"""Downloads and generations on the storage stand-in, through Google's client."""

import gzip
import io

import pytest
import requests
from google.api_core import exceptions
from google.cloud.storage import Blob, Bucket

from infra.local.storage import StorageServer
from tests.contract.storage_stand_in.support import path_of, put

PLAIN = b"row\n" * 5000
PACKED = gzip.compress(PLAIN)


def packed(bucket: Bucket, content: bytes = PACKED) -> Blob:
    blob = bucket.blob("packed.csv")
    blob.content_encoding = "gzip"
    blob.upload_from_string(content, content_type="text/csv")
    return bucket.get_blob("packed.csv")


def fetch(server: StorageServer, blob: Blob, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.headers.clear()
        session.headers.update({"Accept-Encoding": "identity"} | headers)
        return session.get(f"{server.url}/download{path_of(blob)}", params={"alt": "media"}, timeout=5)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(2, 4, b"234"), (7, None, b"789"), (None, 1, b"01"), (-3, None, b"789"), (8, 100, b"89")],
)
def test_a_range_brings_these_bytes(bucket: Bucket, start: int | None, end: int | None, expected: bytes) -> None:
    blob = put(bucket, "a", b"0123456789")
    assert blob.download_as_bytes(start=start, end=end, raw_download=True) == expected


@pytest.mark.parametrize("content", [b"", b"0123456789"])
def test_a_range_past_the_end_cannot_be_satisfied(bucket: Bucket, content: bytes) -> None:
    blob = put(bucket, "a", content)
    with pytest.raises(exceptions.RequestRangeNotSatisfiable):
        blob.download_as_bytes(start=len(content))


def test_a_range_of_a_large_object_is_exact(bucket: Bucket) -> None:
    content = bytes(range(251)) * 20_000
    blob = put(bucket, "a", content)
    assert blob.download_as_bytes(start=1_000_003, end=4_000_000, raw_download=True) == content[1_000_003:4_000_001]
    assert blob.download_as_bytes() == content


def test_an_object_opened_for_reading_can_seek(bucket: Bucket) -> None:
    put(bucket, "a", b"0123456789" * 1000)
    with bucket.blob("a").open("rb", chunk_size=700) as stream:
        assert stream.read(3) == b"012"
        stream.seek(9_995)
        assert stream.read() == b"56789"
        assert stream.read() == b""


def test_a_client_that_reads_in_chunks_gets_all(bucket: Bucket) -> None:
    put(bucket, "a", b"x" * 600_000)
    target = io.BytesIO()
    bucket.blob("a", chunk_size=256 * 1024).download_to_file(target)
    assert len(target.getvalue()) == 600_000


def test_a_download_tells_what_it_is_of(server: StorageServer, bucket: Bucket) -> None:
    blob = put(bucket, "a", b"content", content_type="text/plain")
    answer = fetch(server, blob, Range="bytes=1-2")
    assert (answer.status_code, answer.content) == (206, b"on")
    assert answer.headers["Content-Range"] == "bytes 1-2/7"
    assert answer.headers["X-Goog-Generation"] == str(blob.generation)
    assert answer.headers["X-Goog-Hash"] == f"crc32c={blob.crc32c},md5={blob.md5_hash}"
    assert answer.headers["ETag"] == blob.etag
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["X-Goog-Stored-Content-Encoding"] == "identity"


def test_the_object_itself_is_a_download_with_alt_media(server: StorageServer, bucket: Bucket) -> None:
    blob = put(bucket, "a")
    assert requests.get(server.url + path_of(blob), {"alt": "media"}, timeout=5).content == b"content"


def test_a_gzip_object_is_read_decompressed_or_raw(bucket: Bucket) -> None:
    blob = packed(bucket)
    assert blob.size == len(PACKED)
    assert blob.download_as_bytes() == PLAIN
    assert blob.download_as_bytes(raw_download=True) == PACKED
    assert blob.download_as_bytes(start=2, end=9, raw_download=True) == PACKED[2:10]


def test_who_does_not_accept_gzip_gets_it_decompressed_whole(server: StorageServer, bucket: Bucket) -> None:
    answer = fetch(server, packed(bucket), Range="bytes=0-1")
    assert (answer.status_code, answer.content) == (200, PLAIN)
    assert "Content-Encoding" not in answer.headers
    assert "Content-Length" not in answer.headers
    assert answer.headers["X-Goog-Stored-Content-Encoding"] == "gzip"
    assert answer.headers["X-Goog-Stored-Content-Length"] == str(len(PACKED))


def test_an_object_may_forbid_its_decompression(server: StorageServer, bucket: Bucket) -> None:
    blob = packed(bucket)
    blob.cache_control = "no-transform"
    blob.patch()
    answer = fetch(server, blob, Range="bytes=0-1")
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (206, "gzip")


def test_what_only_claims_to_be_gzip_is_served_as_it_is(server: StorageServer, bucket: Bucket) -> None:
    blob = packed(bucket, PLAIN)
    url = f"{server.url}/download{path_of(blob)}?alt=media"
    with requests.get(url, headers={"Accept-Encoding": "identity"}, stream=True, timeout=5) as answer:
        assert answer.raw.read(decode_content=False) == PLAIN


def test_an_overwritten_generation_stays_readable_in_a_versioned_bucket(versioned: Bucket) -> None:
    old = put(versioned, "a", b"old").generation
    put(versioned, "a", b"new")
    assert versioned.blob("a").download_as_bytes() == b"new"
    assert versioned.blob("a", generation=old).download_as_bytes() == b"old"
    assert versioned.get_blob("a", generation=old).time_deleted is not None


def test_a_deleted_object_stays_readable_by_generation_in_a_versioned_bucket(versioned: Bucket) -> None:
    generation = put(versioned, "a", b"old").generation
    versioned.blob("a").delete()
    assert not versioned.blob("a").exists()
    assert versioned.blob("a", generation=generation).download_as_bytes() == b"old"


def test_deleting_a_generation_is_for_good(versioned: Bucket) -> None:
    old = put(versioned, "a", b"old").generation
    new = put(versioned, "a", b"new").generation
    versioned.blob("a", generation=old).delete()
    assert versioned.get_blob("a", generation=old) is None
    versioned.blob("a", generation=new).delete()
    assert list(versioned.list_blobs(versions=True)) == []


def test_an_overwritten_generation_is_gone_in_an_unversioned_bucket(bucket: Bucket) -> None:
    old = put(bucket, "a", b"old").generation
    put(bucket, "a", b"new")
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a", generation=old).download_as_bytes()


def test_a_read_goes_on_while_its_object_is_deleted(server: StorageServer, bucket: Bucket) -> None:
    blob = put(bucket, "a", b"x" * (16 << 20))
    url = f"{server.url}/download{path_of(blob)}?alt=media"
    with requests.get(url, stream=True, timeout=5) as answer:
        blob.delete()
        assert sum(len(chunk) for chunk in answer.iter_content(1 << 20)) == 16 << 20
