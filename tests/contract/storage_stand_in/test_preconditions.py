"""Preconditions on every method of the storage stand-in, through Google's client."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from google.api_core import exceptions
from google.cloud.storage import Bucket

from infra.local.storage import StorageServer
from tests.contract.storage_stand_in.support import put

WRITES: dict[str, Callable[[Bucket, int], object]] = {
    "insert": lambda bucket, match: put(bucket, "a", b"new", if_generation_match=match),
    "resumable insert": lambda bucket, match: bucket.blob("a").upload_from_file(
        io.BytesIO(b"new"), if_generation_match=match
    ),
    "compose": lambda bucket, match: bucket.blob("a").compose([bucket.blob("b")], if_generation_match=match),
    "rewrite": lambda bucket, match: bucket.blob("a").rewrite(bucket.blob("b"), if_generation_match=match),
    "copy": lambda bucket, match: bucket.copy_blob(bucket.blob("b"), bucket, "a", if_generation_match=match),
}
USES: dict[str, Callable[[Bucket, int], object]] = {
    "delete": lambda bucket, match: bucket.blob("a").delete(if_generation_match=match),
    "get": lambda bucket, match: bucket.blob("a").reload(if_generation_match=match),
    "download": lambda bucket, match: bucket.blob("a").download_as_bytes(if_generation_match=match),
    "patch": lambda bucket, match: _patch(bucket, if_generation_match=match),
}


def _patch(bucket: Bucket, **conditions: int) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"k": "v"}
    blob.patch(**conditions)


@pytest.mark.parametrize("method", WRITES | USES)
def test_a_generation_that_does_not_match_stops_the_request(bucket: Bucket, method: str) -> None:
    generation = put(bucket, "a", b"old").generation
    put(bucket, "b")
    with pytest.raises(exceptions.PreconditionFailed):
        (WRITES | USES)[method](bucket, generation + 1)
    found = bucket.get_blob("a")
    assert (found.generation, found.metageneration) == (generation, 1)


@pytest.mark.parametrize("method", WRITES | USES)
def test_a_generation_that_matches_lets_the_request_pass(bucket: Bucket, method: str) -> None:
    generation = put(bucket, "a", b"old").generation
    put(bucket, "b")
    (WRITES | USES)[method](bucket, generation)


@pytest.mark.parametrize("method", WRITES)
def test_generation_0_means_there_is_none(bucket: Bucket, method: str) -> None:
    put(bucket, "b")
    WRITES[method](bucket, 0)
    with pytest.raises(exceptions.PreconditionFailed):
        WRITES[method](bucket, 0)


def test_generation_0_holds_for_a_deleted_object_of_a_versioned_bucket(versioned: Bucket) -> None:
    put(versioned, "a").delete()
    put(versioned, "a", if_generation_match=0)


def test_of_many_who_create_one_wins(bucket: Bucket) -> None:
    def create(content: bytes) -> bytes | None:
        try:
            put(bucket, "a", content, if_generation_match=0)
        except exceptions.PreconditionFailed:
            return None
        return content

    with ThreadPoolExecutor(8) as pool:
        (winner,) = filter(None, pool.map(create, [b"%d" % number for number in range(16)]))
    assert bucket.blob("a").download_as_bytes() == winner


def test_a_metageneration_is_a_precondition_too(bucket: Bucket) -> None:
    put(bucket, "a")
    _patch(bucket, if_metageneration_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        _patch(bucket, if_metageneration_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        put(bucket, "a", if_metageneration_match=1)


def test_reading_what_is_known_already_says_not_modified(bucket: Bucket) -> None:
    blob = put(bucket, "a")
    with pytest.raises(exceptions.NotModified):
        blob.reload(if_generation_not_match=blob.generation)
    with pytest.raises(exceptions.NotModified):
        blob.reload(if_etag_not_match=blob.etag)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.reload(if_etag_match="another")


def test_writing_needs_an_object_if_one_is_asked_for(bucket: Bucket) -> None:
    with pytest.raises(exceptions.PreconditionFailed):
        put(bucket, "a", if_generation_not_match=0)
    blob = put(bucket, "a")
    put(bucket, "a", if_generation_not_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        put(bucket, "a", if_generation_not_match=bucket.get_blob("a").generation)
    assert bucket.get_blob("a").generation > blob.generation


def test_the_source_of_a_rewrite_has_preconditions_of_its_own(bucket: Bucket) -> None:
    source = put(bucket, "b")
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").rewrite(source, if_source_generation_match=1)
    bucket.blob("a").rewrite(source, if_source_generation_match=source.generation)


def test_each_source_of_a_compose_has_a_precondition_of_its_own(bucket: Bucket) -> None:
    put(bucket, "b")
    sources = [bucket.blob("b"), bucket.blob("b")]
    generation = bucket.get_blob("b").generation
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").compose(sources, if_source_generation_match=[generation, 1])
    assert not bucket.blob("a").exists()
    bucket.blob("a").compose(sources, if_source_generation_match=[generation, generation])


def test_a_refused_upload_does_not_break_the_connection(server: StorageServer, bucket: Bucket) -> None:
    put(bucket, "a")
    with requests.Session() as session:
        url = f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=a&ifGenerationMatch=0"
        refused = session.post(url, bytes(8 << 20), timeout=5)
        assert refused.status_code == 412
        assert session.get(f"{server.url}/storage/v1/b/{bucket.name}", timeout=5).status_code == 200
