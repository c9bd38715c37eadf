from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.limits import MIB
from batchdrop.domain.shard import ByteSlice, RowGroups
from batchdrop.rows.csvrules import RecordScanner
from batchdrop.rows.cuts import cut_csv, cut_groups, cut_jsonl, cut_stream

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


def cut_passing(data: bytes, shard_bytes: int, chunk: int = 7, layout: Layout = CSV) -> list[bytes]:
    """The slices of a stream that is cut as it passes."""
    slices: list[bytes] = []
    parts: list[bytes] = []
    for part in cut_stream(in_chunks(data, chunk), layout, 0, shard_bytes):
        if part is None:
            slices.append(b"".join(parts))
            parts.clear()
        else:
            assert part
            parts.append(part)
    assert not parts, "the last slice has no end"
    return slices


@given(FRAGMENTS, st.integers(1, 30), st.integers(1, 9))
def test_a_stream_is_cut_like_a_file(text: str, shard_bytes: int, chunk: int) -> None:
    data = text.encode()
    assert cut_passing(data, shard_bytes, chunk) == cut(data, shard_bytes)


def test_a_stream_of_jsonl_is_cut_behind_lines_whatever_their_quotes() -> None:
    assert cut_passing(b'{"a":\n"b"}\n"\n', 7, layout=JSONL) == [b'{"a":\n', b'"b"}\n"\n']


def test_a_long_record_is_not_held_back_for_a_slice_of_its_own() -> None:
    short, long = b"1,2\n" * (6 * MIB // 4), b"2,%s\n" % (b"x" * 9 * MIB)
    data = short + long + b"3,4\n5,6\n"
    assert [len(piece) for piece in cut_passing(data, 12 * MIB, MIB)] == [len(short + long), 8]


def test_no_more_of_a_stream_is_held_than_a_few_mib() -> None:
    at = 0
    seen = 0

    def endless() -> Iterator[bytes]:
        nonlocal at
        while True:
            at += MIB
            yield b'"' + b"x" * (MIB - 1) if at == MIB else b"x" * MIB

    for part in cut_stream(endless(), CSV, 0, 10):
        seen += len(part or b"")
        assert at - seen <= 5 * MIB
        if seen > 50 * MIB:
            return


def test_row_groups_are_cut_by_what_they_weigh() -> None:
    assert cut_groups([4, 4, 4, 30, 1, 1, 8], 0, 10, 9) == (
        RowGroups(0, 2),
        RowGroups(2, 3),
        RowGroups(3, 4),
        RowGroups(4, 7),
    )
    assert cut_groups([4, 4, 4], 1, 4, 1) == (RowGroups(1, 2),)
    assert cut_groups([4], 1, 4, 1) == ()


@given(st.lists(st.integers(0, 9)), st.integers(1, 20), st.integers(1, 3))
def test_every_row_group_is_in_one_slice(weights: list[int], shard_bytes: int, most: int) -> None:
    found: list[int] = []
    while len(found) < len(weights):
        slices = cut_groups(weights, len(found), shard_bytes, most)
        assert 1 <= len(slices) <= most
        for piece in slices:
            found += range(piece.first, piece.end)
    assert found == list(range(len(weights)))


@given(FRAGMENTS, st.integers(1, 9), st.data())
def test_a_scanner_finds_the_same_ends_however_it_is_asked(text: str, chunk: int, data: st.DataObject) -> None:
    stored = text.encode()
    expected = list(RecordScanner(",", '"').ends(stored))
    scanner = RecordScanner(",", '"')
    found = [0]
    for begin in range(0, len(stored), chunk):
        piece = stored[begin : begin + chunk]
        at = 0
        while at < len(piece):
            if data.draw(st.booleans()):
                stop = data.draw(st.integers(at + 1, len(piece)))
                end, at = scanner.last_end(piece, at, stop), stop
            else:
                end = scanner.first_end(piece, at, len(piece))
                at = end or len(piece)
            found += [begin + end] if end else []
    assert set(found[1:]) <= set(expected)
    assert found[-1] == (expected[-1] if expected else 0)
