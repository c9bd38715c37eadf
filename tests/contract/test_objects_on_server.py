"""What `Objects` promises of conditions, copies, lists and deletions, held against the fake and the stand-in."""

from datetime import timedelta

import pytest

from batchdrop.domain.errors import Conflict, ObjectGone
from batchdrop.domain.ids import Generation
from batchdrop.domain.objects import ObjectInfo
from tests.contract.stores import Store

NONE = Generation(0)


def write_at(store: Store, data: bytes, generation: Generation) -> ObjectInfo:
    return store.objects.write_at(store.plain, "a", data, "application/json", generation)


def test_over_nothing_a_first_object_is_written(store: Store) -> None:
    written = write_at(store, b"{}", NONE)
    assert written == store.stat("a")
    assert (written.size, written.content_type, store.content("a")) == (2, "application/json", b"{}")


def test_over_nothing_nothing_is_written_if_there_is_something(store: Store) -> None:
    store.write("a", b"before")
    with pytest.raises(Conflict):
        write_at(store, b"{}", NONE)
    assert store.content("a") == b"before"


def test_over_the_live_generation_the_next_is_written(store: Store) -> None:
    first = write_at(store, b"1", NONE)
    second = write_at(store, b"2", first.generation)
    assert second.generation > first.generation
    assert store.content("a") == b"2"


def test_over_an_older_generation_nothing_is_written(store: Store) -> None:
    first = write_at(store, b"1", NONE)
    write_at(store, b"2", first.generation)
    with pytest.raises(Conflict):
        write_at(store, b"3", first.generation)
    assert store.content("a") == b"2"


def test_over_a_deleted_generation_nothing_is_written(store: Store) -> None:
    first = write_at(store, b"1", NONE)
    store.objects.delete(store.plain, ["a"])
    with pytest.raises(Conflict):
        write_at(store, b"2", first.generation)
    assert store.objects.stat(store.plain, "a") is None


def test_where_versions_are_kept_a_deleted_object_counts_as_none(store: Store) -> None:
    store.write("a", b"1", store.versioned)
    store.objects.delete(store.versioned, ["a"])
    written = store.objects.write_at(store.versioned, "a", b"2", "text/plain", NONE)
    assert written == store.stat("a", store.versioned)


def test_composing_joins_the_sources_in_order_and_keeps_them(store: Store) -> None:
    for name, data in (("x", b"1\n"), ("y", b""), ("z", b"3\n")):
        store.write(name, data)
    made = store.objects.compose(store.plain, "all", ["z", "x", "y", "z"], "application/jsonl")
    assert made == store.stat("all")
    assert (store.content("all"), made.content_type, made.size) == (b"3\n1\n3\n", "application/jsonl", 6)
    assert store.content("x") == b"1\n"


def test_composing_takes_thirty_two_sources_and_no_more(store: Store) -> None:
    store.write("x", b"1")
    assert store.objects.compose(store.plain, "all", ["x"] * 32, "text/plain").size == 32
    with pytest.raises(ValueError, match="1 to 32"):
        store.objects.compose(store.plain, "more", ["x"] * 33, "text/plain")
    with pytest.raises(ValueError, match="1 to 32"):
        store.objects.compose(store.plain, "more", [], "text/plain")
    assert store.objects.stat(store.plain, "more") is None


def test_what_was_composed_can_be_composed_again(store: Store) -> None:
    store.write("x", b"1")
    store.objects.compose(store.plain, "xx", ["x", "x"], "text/plain")
    store.objects.compose(store.plain, "xxxx", ["xx", "xx"], "text/plain")
    assert store.content("xxxx") == b"1111"


def test_an_object_can_be_composed_onto_itself(store: Store) -> None:
    store.write("x", b"1")
    store.write("y", b"2")
    store.objects.compose(store.plain, "x", ["x", "y"], "text/plain")
    assert store.content("x") == b"12"


def test_composing_without_a_source_says_it_is_gone(store: Store) -> None:
    store.write("x", b"1")
    with pytest.raises(ObjectGone):
        store.objects.compose(store.plain, "all", ["x", "missing"], "text/plain")
    assert store.objects.stat(store.plain, "all") is None


def test_a_copy_has_the_bytes_and_the_type_asked_for(store: Store) -> None:
    store.write("x", b"12", content_type="text/plain")
    made = store.objects.rewrite(store.plain, "x", store.other, "deep/y", "text/csv")
    assert made == store.stat("deep/y", store.other)
    assert (made.bucket, made.size, made.content_type) == (store.other, 2, "text/csv")
    assert made.crc32c == store.stat("x").crc32c
    assert (store.content("deep/y", store.other), store.content("x")) == (b"12", b"12")


def test_copying_what_is_not_there_says_it_is_gone(store: Store) -> None:
    with pytest.raises(ObjectGone):
        store.objects.rewrite(store.plain, "x", store.other, "y", "text/csv")


def names(store: Store, prefix: str, bucket: str = "") -> list[str]:
    return [info.name for info in store.objects.list(bucket or store.plain, prefix)]


def test_a_list_has_what_begins_with_the_prefix_by_name(store: Store) -> None:
    for name in ("a/2", "a/10", "a", "b/1", "A/1", "a/é", "a/\U0001f600", "a/\ufffd"):
        store.write(name)
    assert names(store, "a/") == ["a/10", "a/2", "a/é", "a/\ufffd", "a/\U0001f600"]
    assert names(store, "") == ["A/1", "a", *names(store, "a/"), "b/1"]
    assert names(store, "nothing") == []


def test_a_list_tells_the_same_as_metadata_do(store: Store) -> None:
    store.write("a", b"1", content_type="text/csv")
    assert list(store.objects.list(store.plain, "")) == [store.stat("a")]


def test_a_list_has_live_objects_only_once(store: Store) -> None:
    for _ in range(2):
        store.write("a", b"1", store.versioned)
        store.write("gone", b"1", store.versioned)
    store.objects.delete(store.versioned, ["gone"])
    assert names(store, "", store.versioned) == ["a"]


def test_a_list_goes_on_behind_a_name(store: Store) -> None:
    for name in ("a", "a/b", "b", "ü"):
        store.write(name)
    assert [info.name for info in store.objects.list(store.plain, "", after="a")] == ["a/b", "b", "ü"]
    assert [info.name for info in store.objects.list(store.plain, "", after="a/c")] == ["b", "ü"]
    assert [info.name for info in store.objects.list(store.plain, "a", after="a")] == ["a/b"]
    assert list(store.objects.list(store.plain, "", after="ü")) == []


def test_a_list_since_a_time_leaves_out_what_is_older(store: Store) -> None:
    store.write("a")
    created = store.stat("a").created_at
    assert created is not None
    assert [info.name for info in store.objects.list(store.plain, "", since=created)] == ["a"]
    assert list(store.objects.list(store.plain, "", since=created + timedelta(milliseconds=1))) == []


def test_deleting_takes_away_what_is_named_and_minds_nothing_missing(store: Store) -> None:
    for name in ("a", "b", "c"):
        store.write(name)
    store.objects.delete(store.plain, iter(["a", "missing", "c"]))
    assert names(store, "") == ["b"]


def test_deleting_keeps_the_generation_where_versions_are_kept(store: Store) -> None:
    store.write("a", b"1", store.versioned)
    generation = store.stat("a", store.versioned).generation
    store.objects.delete(store.versioned, ["a"])
    assert store.objects.stat(store.versioned, "a") is None
    assert store.content("a", store.versioned, generation) == b"1"
