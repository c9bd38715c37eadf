"""Composing, rewriting and copying on the storage stand-in, through Google's client."""

import pytest
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client
from hypothesis import given
from hypothesis import strategies as st

from infra.local.storage.checksums import Hasher, combine
from tests.contract.storage_stand_in.support import crc32c, new_bucket, put


def test_composing_concatenates_in_the_order_asked_for(bucket: Bucket) -> None:
    parts = [put(bucket, name, name.encode() * 1000) for name in ("b", "a", "c")]
    whole = bucket.blob("whole")
    whole.content_type = "text/plain"
    whole.metadata = {"kind": "whole"}
    whole.compose(parts)
    content = b"b" * 1000 + b"a" * 1000 + b"c" * 1000
    found = bucket.get_blob("whole")
    assert found.download_as_bytes() == content
    assert (found.crc32c, found.md5_hash, found.component_count) == (crc32c(content), None, 3)
    assert (found.content_type, found.metadata) == ("text/plain", {"kind": "whole"})


def test_composites_can_be_composed_onto_themselves(bucket: Bucket) -> None:
    whole = put(bucket, "whole", b"1")
    for digit in (b"2", b"3"):
        whole.compose([bucket.blob("whole"), put(bucket, "next", digit)])
    assert bucket.blob("whole").download_as_bytes() == b"123"
    assert bucket.get_blob("whole").component_count == 3


@pytest.mark.parametrize("count", [0, 33])
def test_composing_takes_1_to_32_sources(bucket: Bucket, count: int) -> None:
    source = put(bucket, "a")
    with pytest.raises(exceptions.BadRequest, match="source components"):
        bucket.blob("whole").compose([source] * count)


def test_composing_a_missing_source_leaves_no_object(bucket: Bucket) -> None:
    with pytest.raises(exceptions.NotFound, match="missing"):
        bucket.blob("whole").compose([put(bucket, "a"), bucket.blob("missing")])
    assert not bucket.blob("whole").exists()


def test_composing_uses_the_generation_that_a_source_names(client: Client) -> None:
    bucket = new_bucket(client, versioned=True)
    old = put(bucket, "a", b"old").generation
    put(bucket, "a", b"new")
    bucket.blob("whole").compose([bucket.blob("a", generation=old), bucket.blob("a")])
    assert bucket.blob("whole").download_as_bytes() == b"oldnew"


def test_composing_can_delete_its_sources_for_good(client: Client) -> None:
    bucket = new_bucket(client, versioned=True)
    parts = [put(bucket, "a"), put(bucket, "b")]
    bucket.blob("whole").compose(parts, delete_source_objects=True)
    assert [blob.name for blob in client.list_blobs(bucket, versions=True)] == ["whole"]


def test_a_rewrite_copies_bytes_and_metadata(client: Client, bucket: Bucket) -> None:
    source = put(bucket, "a", content_type="text/csv")
    target = new_bucket(client).blob("b")
    token, written, size = target.rewrite(source)
    assert (token, written, size) == (None, 7, 7)
    assert target.download_as_bytes() == b"content"
    assert (target.content_type, target.crc32c, target.md5_hash) == ("text/csv", source.crc32c, source.md5_hash)
    source.delete()
    assert target.download_as_bytes() == b"content"


def test_a_rewrite_with_metadata_of_its_own_does_not_inherit(bucket: Bucket) -> None:
    source = put(bucket, "a", content_type="text/csv")
    target = bucket.blob("b")
    target.metadata = {"new": "1"}
    target.rewrite(source)
    assert (target.metadata, target.content_type) == ({"new": "1"}, None)


def test_an_object_can_be_rewritten_onto_itself(bucket: Bucket) -> None:
    source = put(bucket, "a")
    first = source.generation
    bucket.blob("a").rewrite(source)
    found = bucket.get_blob("a")
    assert found.generation > first
    assert found.download_as_bytes() == b"content"


def test_a_copy_can_be_of_an_older_generation(client: Client, bucket: Bucket) -> None:
    versioned = new_bucket(client, versioned=True)
    old = put(versioned, "a", b"old")
    generation = old.generation
    put(versioned, "a", b"new")
    copy = versioned.copy_blob(old, bucket, "copy", source_generation=generation)
    assert copy.download_as_bytes() == b"old"


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_combined_checksum_is_that_of_the_concatenation(first: bytes, second: bytes) -> None:
    digests = []
    for content in (first, second, first + second):
        hasher = Hasher()
        hasher.update(content)
        digests.append(hasher.digest())
    assert combine(digests[0], digests[1]).crc32c == digests[2].crc32c
