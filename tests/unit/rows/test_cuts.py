from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.shard import ByteSlice
from batchdrop.rows.cuts import cut_csv, cut_jsonl

JSONL = Layout(format=InputFormat.JSONL, body=3)
CSV = Layout(format=InputFormat.CSV, columns=("a", "b"))
FRAGMENTS = st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", "bcd", "é", ';"']), max_size=40).map("".join)


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def cut(data: bytes, shard_bytes: int, most: int = 1000, chunk: int = 7) -> list[bytes]:
    slices = cut_csv(in_chunks(data, chunk), CSV, len(data), 0, shard_bytes, most)
    return [data[piece.start : piece.end] for piece in slices]


def test_jsonl_is_cut_by_arithmetic_from_the_body_on() -> None:
    assert cut_jsonl(JSONL, 25, 3, 10, 9) == (ByteSlice(3, 13), ByteSlice(13, 23), ByteSlice(23, 25))


def test_a_wave_takes_up_where_the_last_one_ended() -> None:
    first = cut_jsonl(JSONL, 25, 3, 10, 2)
    assert len(first) == 2
    assert cut_jsonl(JSONL, 25, first[-1].end, 10, 2) == (ByteSlice(23, 25),)
    assert cut_jsonl(JSONL, 25, 25, 10, 2) == ()


def test_csv_is_cut_behind_records_and_no_slice_is_longer_than_allowed() -> None:
    assert cut(b"1,2\n3,4\n5,6\n7,8", 9) == [b"1,2\n3,4\n", b"5,6\n7,8"]


def test_a_record_longer_than_a_slice_is_a_slice_of_its_own() -> None:
    assert cut(b"1,2\n3,%s\n5,6\n" % (b"x" * 50), 10) == [b"1,2\n", b"3,%s\n" % (b"x" * 50), b"5,6\n"]


def test_a_line_feed_inside_quotes_is_no_place_to_cut() -> None:
    assert cut(b'1,"a\nb"\n2,"c\n""\nd"\n', 8) == [b'1,"a\nb"\n', b'2,"c\n""\nd"\n']


def test_a_quote_inside_an_unquoted_field_opens_nothing() -> None:
    assert cut(b'1,5" disk\n2,3" disk\n', 11) == [b'1,5" disk\n', b'2,3" disk\n']


def test_an_unclosed_quote_runs_to_the_end_of_the_file() -> None:
    assert cut(b'1,2\n3,"4\n5,6\n7,8\n', 4) == [b"1,2\n", b'3,"4\n5,6\n7,8\n']


def test_no_more_is_read_than_the_wanted_slices_take() -> None:
    def endless() -> Iterator[bytes]:
        yield b"1,2\n" * 10
        pytest.fail("read on")

    assert cut_csv(endless(), CSV, 10**9, 0, 8, 3) == (ByteSlice(0, 8), ByteSlice(8, 16), ByteSlice(16, 24))


def test_slices_count_from_where_the_stream_begins() -> None:
    assert cut_csv([b"1,2\n3,4\n"], CSV, 108, 100, 4, 9) == (ByteSlice(100, 104), ByteSlice(104, 108))


@given(FRAGMENTS, st.integers(1, 30), st.integers(1, 9), st.integers(1, 4))
@example('a,"b\n"\n', 3, 1, 1)
def test_cutting_in_waves_gives_the_same_slices_as_cutting_at_once(
    text: str, shard_bytes: int, chunk: int, most: int
) -> None:
    data = text.encode()
    position = 0
    waves: list[ByteSlice] = []
    while position < len(data):
        wave = cut_csv(in_chunks(data[position:], chunk), CSV, len(data), position, shard_bytes, most)
        assert 1 <= len(wave) <= most
        waves += wave
        position = wave[-1].end
    assert [data[piece.start : piece.end] for piece in waves] == cut(data, shard_bytes)
    assert b"".join(cut(data, shard_bytes)) == data


@given(FRAGMENTS, st.integers(1, 30))
def test_a_slice_is_too_long_only_if_it_is_one_record(text: str, shard_bytes: int) -> None:
    for piece in cut(text.encode(), shard_bytes):
        assert len(piece) <= shard_bytes or len(cut(piece, 1)) == 1
