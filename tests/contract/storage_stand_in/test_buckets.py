"""Buckets, metadata, names and listing of the storage stand-in, through Google's client."""

from pathlib import Path

import pytest
import requests
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.storage import StorageServer
from tests.contract.storage_stand_in.support import anonymous, new_bucket, path_of, put, serving


def test_the_emulator_variable_alone_leads_the_client_here(
    server: StorageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    client = Client(project="local", credentials=anonymous())
    blob = put(new_bucket(client), "a/b.txt", b"hello")
    assert blob.download_as_bytes() == b"hello"
    client.close()


def test_a_created_bucket_is_found_and_listed(client: Client) -> None:
    bucket = new_bucket(client, versioned=True)
    assert client.get_bucket(bucket.name).versioning_enabled is True
    assert bucket.name in [found.name for found in client.list_buckets()]


def test_a_bucket_cannot_be_created_twice(client: Client, bucket: Bucket) -> None:
    with pytest.raises(exceptions.Conflict):
        client.create_bucket(bucket.name)


def test_a_bucket_name_that_the_cloud_refuses_is_refused(client: Client) -> None:
    with pytest.raises(exceptions.BadRequest, match="Invalid bucket name"):
        client.create_bucket("UPPER")


def test_everything_in_an_unknown_bucket_is_not_found(client: Client) -> None:
    unknown = client.bucket("never-created")
    with pytest.raises(exceptions.NotFound, match="bucket does not exist"):
        client.get_bucket("never-created")
    with pytest.raises(exceptions.NotFound, match="bucket does not exist"):
        put(unknown, "a")
    with pytest.raises(exceptions.NotFound, match="bucket does not exist"):
        list(client.list_blobs(unknown))


def test_versioning_can_be_switched_on_later(client: Client, bucket: Bucket) -> None:
    bucket.versioning_enabled = True
    bucket.patch()
    assert client.get_bucket(bucket.name).versioning_enabled is True
    assert bucket.metageneration == 2


def test_only_an_empty_bucket_can_be_deleted(client: Client, bucket: Bucket) -> None:
    blob = put(bucket, "a")
    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()
    blob.delete()
    bucket.delete()
    assert client.lookup_bucket(bucket.name) is None


def test_metadata_given_at_upload_is_kept(bucket: Bucket) -> None:
    blob = bucket.blob("a.csv")
    blob.metadata = {"origin": "tèst", "run": "7"}
    blob.cache_control = "no-store"
    blob.content_disposition = "attachment"
    blob.upload_from_string(b"x,y", content_type="text/csv")
    found = bucket.get_blob("a.csv")
    assert found.metadata == {"origin": "tèst", "run": "7"}
    assert (found.cache_control, found.content_disposition) == ("no-store", "attachment")
    assert (found.content_type, found.size, found.metageneration) == ("text/csv", 3, 1)
    assert found.time_created == found.updated


def test_a_patch_changes_what_it_names_and_counts_the_metageneration(bucket: Bucket) -> None:
    blob = put(bucket, "a", content_type="text/plain")
    generation = blob.generation
    blob.metadata = {"one": "1", "two": "2"}
    blob.patch()
    blob.metadata = {"one": None, "three": "3"}
    blob.patch()
    found = bucket.get_blob("a")
    assert found.metadata == {"two": "2", "three": "3"}
    assert (found.metageneration, found.generation, found.content_type) == (3, generation, "text/plain")


def test_an_update_resets_what_it_does_not_name(server: StorageServer, bucket: Bucket) -> None:
    blob = put(bucket, "a", content_type="text/plain")
    requests.put(server.url + path_of(blob), json={"cacheControl": "no-store"}, timeout=5).raise_for_status()
    found = bucket.get_blob("a")
    assert (found.content_type, found.cache_control) == (None, "no-store")


def test_a_deleted_object_is_not_found(bucket: Bucket) -> None:
    blob = put(bucket, "a")
    blob.delete()
    assert not blob.exists()
    with pytest.raises(exceptions.NotFound, match="No such object"):
        bucket.blob("a").delete()
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a").download_as_bytes()


def test_errors_have_the_shape_of_google(server: StorageServer, bucket: Bucket) -> None:
    answer = requests.get(f"{server.url}/storage/v1/b/{bucket.name}/o/missing", timeout=5)
    message = f"No such object: {bucket.name}/missing"
    entry = {"message": message, "domain": "global", "reason": "notFound"}
    assert answer.status_code == 404
    assert answer.json() == {"error": {"code": 404, "message": message, "errors": [entry]}}


def test_a_failed_precondition_has_the_shape_of_google(server: StorageServer, bucket: Bucket) -> None:
    blob = put(bucket, "a")
    answer = requests.get(server.url + path_of(blob), {"ifGenerationMatch": "1"}, timeout=5)
    assert answer.status_code == 412
    assert answer.json()["error"]["errors"][0]["reason"] == "conditionNotMet"


@pytest.mark.parametrize("parameter", ["matchGlob", "softDeleted", "filter"])
def test_what_is_not_implemented_is_refused_and_not_ignored(
    server: StorageServer, bucket: Bucket, parameter: str
) -> None:
    answer = requests.get(f"{server.url}/storage/v1/b/{bucket.name}/o", {parameter: "x"}, timeout=5)
    assert answer.status_code == 501


NAMES = [
    "../../../../etc/passwd",
    "/absolute",
    "a//b/",
    "ünï côdé 🎉",
    "100%25?generation=1&x#y",
    "x/rewriteTo/b/y/o/z",
    "compose",
    "q" * 1024,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name(bucket: Bucket, name: str) -> None:
    put(bucket, name, b"mine")
    assert bucket.blob(name).download_as_bytes() == b"mine"
    assert [blob.name for blob in bucket.list_blobs()] == [name]
    bucket.blob("copy").rewrite(bucket.blob(name))
    bucket.blob(name).delete()
    assert [blob.name for blob in bucket.list_blobs()] == ["copy"]


@pytest.mark.parametrize("name", ["q" * 1025, ".", "..", "a\nb"])
def test_a_name_that_the_cloud_refuses_is_refused(bucket: Bucket, name: str) -> None:
    with pytest.raises(exceptions.BadRequest):
        put(bucket, name)


def test_pages_bring_every_object_of_a_prefix_once_and_in_order(client: Client, bucket: Bucket) -> None:
    names = [f"in/{number:03}" for number in range(25)]
    for name in [*names, "im", "in", "io/1"]:
        put(bucket, name)
    pages = client.list_blobs(bucket, prefix="in/", page_size=10).pages
    assert [[blob.name for blob in page] for page in pages] == [names[:10], names[10:20], names[20:]]


def test_a_delimiter_folds_names_into_prefixes(client: Client, bucket: Bucket) -> None:
    for name in ["a", "b/1", "b/2", "b/c/3", "d/", "e"]:
        put(bucket, name)
    listing = client.list_blobs(bucket, delimiter="/", page_size=2)
    assert [blob.name for blob in listing] == ["a", "e"]
    assert listing.prefixes == {"b/", "d/"}


def test_offsets_bound_a_listing(client: Client, bucket: Bucket) -> None:
    for name in ["a", "b", "c", "d"]:
        put(bucket, name)
    found = client.list_blobs(bucket, start_offset="b", end_offset="d")
    assert [blob.name for blob in found] == ["b", "c"]


def test_a_listing_can_show_every_generation(client: Client) -> None:
    bucket = new_bucket(client, versioned=True)
    generations = [put(bucket, "a", content).generation for content in (b"1", b"2", b"3")]
    bucket.blob("a").delete()
    found = list(client.list_blobs(bucket, versions=True, page_size=2))
    assert [blob.generation for blob in found] == generations
    assert all(blob.time_deleted is not None for blob in found)
    assert list(client.list_blobs(bucket)) == []


def test_a_page_token_of_another_making_is_refused(client: Client, bucket: Bucket) -> None:
    with pytest.raises(exceptions.BadRequest, match="page token"):
        list(client.list_blobs(bucket, page_token="nonsense"))  # noqa: S106  # no secret


@settings(max_examples=25, deadline=None)
@given(
    names=st.sets(st.text(alphabet="ab/\U0010ffff", min_size=1, max_size=4), max_size=8),
    prefix=st.text(alphabet="ab/", max_size=2),
    page_size=st.integers(1, 4),
)
def test_a_folded_listing_says_what_a_plain_loop_would_say(
    client: Client, names: set[str], prefix: str, page_size: int
) -> None:
    bucket = new_bucket(client)
    for name in names:
        put(bucket, name)
    listing = client.list_blobs(bucket, prefix=prefix, delimiter="/", page_size=page_size)
    found = [blob.name for blob in listing]
    rests = {name: name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    assert found == sorted(name for name, rest in rests.items() if "/" not in rest)
    assert listing.prefixes == {prefix + rest.partition("/")[0] + "/" for rest in rests.values() if "/" in rest}


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "storage"
    with serving(root) as (_, client):
        put(new_bucket(client), "../escaped")
    assert [path.name for path in tmp_path.iterdir()] == ["storage"]
    assert not [path for path in root.rglob("*") if "escaped" in path.name]
