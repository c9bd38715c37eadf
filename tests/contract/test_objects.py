"""What reading and writing `Objects` promises, held against the fake and against the storage stand-in."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from batchdrop.domain.errors import ObjectGone
from batchdrop.domain.ids import Generation
from batchdrop.domain.limits import LEAN_WRITE_BYTES, LEAST_READ_BYTES, WRITE_BYTES
from tests.contract.stores import Store

DIGITS = b"0123456789"
NO_GENERATION = Generation(1)


class Stop(Exception):  # a caller's own trouble
    pass


def pattern(size: int) -> bytes:
    """Bytes of which no two aligned blocks are alike."""
    return b"".join(index.to_bytes(8, "big") for index in range(size // 8 + 1))[:size]


def break_off(store: Store, data: bytes) -> None:
    with store.objects.write(store.plain, "a", "text/plain") as sink:
        sink.write(data)
        raise Stop


@pytest.mark.parametrize(
    "size", [0, 1, 4 * 2**20, WRITE_BYTES - 1, WRITE_BYTES, WRITE_BYTES + 1, 2 * WRITE_BYTES, 20 * 2**20 + 7]
)
def test_what_was_written_reads_back_at_any_size(store: Store, size: int) -> None:
    data = pattern(size)
    store.write("a", data)
    assert store.content("a") == data
    assert store.stat("a").size == size


def test_many_small_writes_make_one_object(store: Store) -> None:
    with store.objects.write(store.plain, "a", "text/plain") as sink:
        for index in range(1000):
            sink.write(b"%d\n" % index)
    assert store.content("a") == b"".join(b"%d\n" % index for index in range(1000))


def test_a_block_that_writes_nothing_makes_an_empty_object(store: Store) -> None:
    with store.objects.write(store.plain, "a", "text/plain"):
        pass
    assert (store.content("a"), store.stat("a").size) == (b"", 0)


def test_an_object_is_not_there_before_its_block_ends(store: Store) -> None:
    with store.objects.write(store.plain, "a", "text/plain") as sink:
        sink.write(pattern(WRITE_BYTES + 1))
        assert store.objects.stat(store.plain, "a") is None


def test_no_more_is_read_at_a_time_than_was_asked_for(store: Store) -> None:
    data = pattern(1_000_003)
    store.write("a", data)
    chunks = list(store.objects.read(store.plain, "a", start=7, chunk=LEAST_READ_BYTES))
    assert b"".join(chunks) == data[7:]
    assert max(map(len, chunks)) <= LEAST_READ_BYTES


def test_an_object_is_whole_however_little_its_writer_may_hold(store: Store) -> None:
    data = pattern(LEAN_WRITE_BYTES * 3 + 7)
    with store.objects.write(store.plain, "a", "text/plain", LEAN_WRITE_BYTES) as sink:
        for begin in range(0, len(data), 300_000):
            sink.write(data[begin : begin + 300_000])
    assert store.content("a") == data


@pytest.mark.parametrize("size", [0, 10, WRITE_BYTES, 2 * WRITE_BYTES + 1])
def test_a_block_that_raises_makes_no_object(store: Store, size: int) -> None:
    with pytest.raises(Stop):
        break_off(store, pattern(size))
    assert store.objects.stat(store.plain, "a") is None


def test_a_block_that_is_left_by_closing_a_generator_makes_no_object(store: Store) -> None:
    def rows() -> Iterator[int]:
        with store.objects.write(store.plain, "a", "text/plain") as sink:
            sink.write(b"one")
            yield 1

    running = rows()
    next(running)
    running.close()  # type: ignore[attr-defined]  # a generator, of which only the iterator is declared
    assert store.objects.stat(store.plain, "a") is None


def test_a_block_that_raises_leaves_what_stood(store: Store) -> None:
    store.write("a", b"before")
    with pytest.raises(Stop):
        break_off(store, b"after")
    assert store.content("a") == b"before"


def test_writing_again_makes_a_later_generation(store: Store) -> None:
    generations = []
    for data in (b"1", b"22", b"333"):
        store.write("a", data)
        generations.append(store.stat("a").generation)
    assert all(earlier < later for earlier, later in pairwise(generations))
    assert store.content("a") == b"333"


def test_metadata_say_what_and_when_and_how_much(store: Store) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    store.write("a/b", DIGITS, content_type="application/jsonl")
    info = store.stat("a/b")
    assert (info.bucket, info.name, info.size) == (store.plain, "a/b", 10)
    assert (info.content_type, info.content_encoding) == ("application/jsonl", "")
    assert info.crc32c == "KAwGng=="
    assert info.created_at is not None
    assert before < info.created_at < datetime.now(UTC) + timedelta(seconds=1)


def test_what_is_not_there_has_no_metadata(store: Store) -> None:
    assert store.objects.stat(store.plain, "a") is None


def test_a_generation_that_is_not_there_has_no_metadata(store: Store) -> None:
    store.write("a")
    assert store.objects.stat(store.plain, "a", NO_GENERATION) is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, DIGITS),
        (3, None, b"3456789"),
        (3, 5, b"34"),
        (0, 1, b"0"),
        (0, 10, DIGITS),
        (8, 99, b"89"),
        (4, 4, b""),
        (10, None, b""),
        (99, None, b""),
        (99, 100, b""),
    ],
)
def test_a_part_is_read_from_start_to_before_end(store: Store, start: int, end: int | None, expected: bytes) -> None:
    store.write("a", DIGITS)
    assert b"".join(store.objects.read(store.plain, "a", None, start, end)) == expected


def test_a_part_that_spans_chunks_is_whole(store: Store) -> None:
    data = pattern(9 * 2**20)
    store.write("a", data)
    start, end = 1_000_001, 8_999_999
    assert b"".join(store.objects.read(store.plain, "a", None, start, end)) == data[start:end]


def test_reading_comes_in_chunks(store: Store) -> None:
    data = pattern(9 * 2**20)
    store.write("a", data)
    chunks = list(store.objects.read(store.plain, "a"))
    assert max(map(len, chunks)) <= 4 * 2**20
    assert b"".join(chunks) == data


def test_reading_what_is_not_there_says_it_is_gone(store: Store) -> None:
    with pytest.raises(ObjectGone):
        store.content("a")


def test_reading_a_generation_that_is_not_there_says_it_is_gone(store: Store) -> None:
    store.write("a")
    with pytest.raises(ObjectGone):
        store.content("a", generation=NO_GENERATION)


def test_an_overwritten_generation_can_be_read_where_versions_are_kept(store: Store) -> None:
    store.write("a", b"old", store.versioned)
    old = store.stat("a", store.versioned).generation
    store.write("a", b"newer", store.versioned)
    assert store.content("a", store.versioned, old) == b"old"
    assert store.content("a", store.versioned) == b"newer"
    info = store.objects.stat(store.versioned, "a", old)
    assert info is not None
    assert (info.generation, info.size) == (old, 3)


def test_an_overwritten_generation_is_gone_where_none_are_kept(store: Store) -> None:
    store.write("a", b"old")
    old = store.stat("a").generation
    store.write("a", b"newer")
    assert store.objects.stat(store.plain, "a", old) is None
    with pytest.raises(ObjectGone):
        store.content("a", generation=old)


def test_a_read_that_has_begun_stays_with_its_generation(store: Store) -> None:
    data = pattern(9 * 2**20)
    store.write("a", data, store.versioned)
    chunks = store.objects.read(store.versioned, "a")
    first = next(chunks)
    store.write("a", b"newer", store.versioned)
    assert first + b"".join(chunks) == data


def test_what_is_stored_compressed_is_read_as_stored(store: Store) -> None:
    squeezed = gzip.compress(b"a,b\n" * 10_000, mtime=0)
    store.upload(store.plain, "a.csv", squeezed, "gzip")
    assert store.stat("a.csv").content_encoding == "gzip"
    assert store.content("a.csv") == squeezed
    assert b"".join(store.objects.read(store.plain, "a.csv", None, 5, 40)) == squeezed[5:40]


@pytest.mark.parametrize("name", ["a b/ü#?%2F&=+.jsonl", "日本/語", "a//b", ".hidden", "x" * 900])
def test_any_name_will_do(store: Store, name: str) -> None:
    store.write(name, DIGITS)
    assert store.content(name) == DIGITS
    assert [info.name for info in store.objects.list(store.plain, "")] == [name]
