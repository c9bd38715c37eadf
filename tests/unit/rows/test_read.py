import json
import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import repeat

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.errors import Transient
from batchdrop.domain.ids import RowNumber
from batchdrop.domain.job import Compression, InputFormat, Layout
from batchdrop.domain.limits import MIB, REQUEST_BYTES
from batchdrop.domain.shard import ByteSlice
from batchdrop.rows.cuts import cut_jsonl, cut_stream
from batchdrop.rows.head import look
from batchdrop.rows.parse import parse_json
from batchdrop.rows.read import SliceReader
from batchdrop.rows.unpack import unpacked
from batchdrop.rows.values import BadRow, Problem, Row
from tests.unit.rows.slices import (
    CSV,
    JSONL,
    NATIVE,
    SINGLE,
    UNQUOTED,
    Read,
    in_chunks,
    only,
    problem,
    read,
    read_in_slices,
    reader,
    record,
)

LINES = st.lists(st.sampled_from(['{"a": 1}', '{"b": "\\n"}', "", " ", "broken", '"text"', '{"é": "ü"}']), max_size=9)


def test_lines_become_rows_with_their_numbers() -> None:
    rows = reader(b'{"a":1}\n\n{"a":2}\r\n  \n{"a":3}', JSONL, ByteSlice(0, 30))
    assert list(rows) == [
        Row(row=RowNumber(0), line=1, raw=b'{"a":1}', value={"a": 1}),
        Row(row=RowNumber(1), line=3, raw=b'{"a":2}', value={"a": 2}),
        Row(row=RowNumber(2), line=5, raw=b'{"a":3}', value={"a": 3}),
    ]
    assert (rows.rows, rows.lines) == (3, 5)


def test_a_slice_owns_the_lines_that_begin_in_it() -> None:
    data = b'{"a":1}\n{"a":2}\n{"a":3}\n'

    def values(start: int, end: int) -> list[object]:
        return [row.value["a"] for row in reader(data, JSONL, ByteSlice(start, end)) if isinstance(row, Row)]

    assert values(0, 8) == [1]
    assert values(0, 9) == [1, 2]
    assert values(8, 9) == [2]
    assert values(1, 8) == []
    assert values(9, 24) == [3]


def test_a_slice_without_a_line_of_its_own_has_neither_rows_nor_lines() -> None:
    rows = reader(b'{"a": "long enough"}\n', JSONL, ByteSlice(5, 10))
    assert list(rows) == []
    assert (rows.rows, rows.lines) == (0, 0)


def test_a_body_behind_a_bom_begins_with_a_whole_line() -> None:
    data = b'\xef\xbb\xbf{"a":1}\n'
    assert isinstance(only(data, look([data], "a.jsonl")), Row)


def test_nul_bytes_are_data_like_others() -> None:
    row = only(b"x\0y,z\n", CSV)
    assert isinstance(row, Row)
    assert row.value == {"a": "x\0y", "b": "z"}


def test_broken_json_is_told_with_its_column_and_without_its_text() -> None:
    code, message = problem(b'{"secret": 1,}\n', JSONL)
    assert code == "INVALID_JSON"
    assert "column 13" in message
    assert "secret" not in message


def test_lines_that_end_with_a_carriage_return_alone_are_told_so() -> None:
    row = only(b'{"a":1}\r{"a":2}\r', JSONL)
    assert isinstance(row, BadRow)
    assert row.problem.code == "INVALID_JSON"
    assert "line feed" in row.problem.hint


@pytest.mark.parametrize("line", [b"1", b'"x"', b"null", b"[1]"])
def test_json_that_is_no_object_is_a_bad_row(line: bytes) -> None:
    assert problem(line, JSONL)[0] == "NOT_AN_OBJECT"


@pytest.mark.parametrize(("line", "layout"), [(b'{"a": "caf\xe9"}', JSONL), (b"caf\xe9,1", CSV)])
def test_latin_1_is_told_with_the_byte_and_keeps_its_bytes(line: bytes, layout: Layout) -> None:
    code, message = problem(line + b"\n", layout)
    assert code == "INVALID_UTF8"
    assert f"Byte {line.index(0xE9) + 1} " in message
    assert only(line, layout).raw == line


def test_a_record_with_too_few_fields_says_how_many() -> None:
    code, message = problem(b"1,2,3\n", CSV)
    assert code == "FIELD_COUNT"
    assert "3 fields, the header 2" in message


def test_an_unclosed_quote_says_how_much_it_swallows() -> None:
    code, message = problem(b'1,"2\n3,4\n5,6\n', CSV)
    assert code == "BAD_QUOTES"
    assert "3 lines" in message


@pytest.mark.parametrize(
    "line",
    [b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", b'{"a":' * 101 + b"1" + b"}" * 101],
)
def test_a_record_nested_without_measure_is_a_bad_row(line: bytes) -> None:
    assert problem(line, JSONL)[0] == "TOO_DEEP"


def test_many_brackets_side_by_side_are_no_depth() -> None:
    assert isinstance(only(b'{"a":[' + b"[]," * 500 + b"[]]}", JSONL), Row)


@pytest.mark.parametrize("part", [b"{},", b"[],"])
def test_a_record_of_millions_of_objects_is_refused_before_it_takes_many_times_its_bytes(part: bytes) -> None:
    record = b'{"a":[' + part * 2_000_000 + b"0]}"
    tracemalloc.start()
    found = parse_json(record)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found, Problem)
    assert (found.code, most < MIB) == ("TOO_MANY_PARTS", True)


@pytest.mark.parametrize(("start", "end", "layout"), [(b'{"a":"', b'"}\n', JSONL), (b'1,"', b'"\n', CSV)])
def test_a_record_of_twenty_megabytes_is_read_and_a_longer_one_is_not_kept(
    start: bytes, end: bytes, layout: Layout
) -> None:
    frame = len(start) + len(end) - 1
    fits = start + b"x" * (REQUEST_BYTES - frame) + end
    small = b'{"a":"1"}\n' if layout is JSONL else b"1,2\n"
    data = fits + start + b"x" * (REQUEST_BYTES - frame + 1) + end + small
    rows = list(SliceReader(in_chunks(data, 1 << 20), layout, ByteSlice(0, len(data)), len(data)))
    assert [type(row) for row in rows] == [Row, BadRow, Row]
    assert isinstance(rows[1], BadRow)
    assert (rows[1].problem.code, rows[1].raw) == ("TOO_LARGE", b"")
    assert rows[2].line == 3


ENDLESS = pytest.mark.parametrize(
    ("start", "end", "layout"),
    [(b'{"a":"', b'"}\n', JSONL), (b'{"request":', b"}\n", NATIVE), (b"1,", b"\n", CSV), (b'1,"', b'"\n', CSV)],
    ids=["jsonl", "native", "csv", "csv in quotes"],
)


def endless(start: bytes, end: bytes, mebibytes: int = 100) -> Iterator[bytes]:
    """A good line, one of so many MiB, and a good one."""
    good = b"1,2\n" if start.startswith(b"1") else b'{"a":"1"}\n'
    yield good + start
    yield from repeat(b"x" * MIB, mebibytes)
    yield end + good


def codes(rows: list[Read]) -> list[str]:
    return [row.problem.code if isinstance(row, BadRow) else "" for row in rows]


@ENDLESS
def test_a_line_almost_without_end_is_an_error_in_flat_memory(start: bytes, end: bytes, layout: Layout) -> None:
    size = sum(map(len, endless(start, end)))
    tracemalloc.start()
    rows = list(SliceReader(endless(start, end), layout, ByteSlice(0, size), size))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes(rows) == ["", "TOO_LARGE", ""]
    assert [row.line for row in rows] == [1, 2, 3]
    assert most < 64 * MIB


@ENDLESS
@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.ZSTD])
def test_so_it_is_in_a_bomb(start: bytes, end: bytes, layout: Layout, kind: Compression) -> None:
    packer = zlib.compressobj(wbits=31) if kind is Compression.GZIP else zstandard.ZstdCompressor().compressobj()
    packed = b"".join([*map(packer.compress, endless(start, end)), packer.flush()])
    tracemalloc.start()
    parts = cut_stream(unpacked([packed], kind, "bomb"), layout, 0, MIB)
    size = sum(map(len, endless(start, end)))
    rows = list(SliceReader(filter(None, parts), layout, ByteSlice(0, size), size))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes(rows) == ["", "TOO_LARGE", ""]
    assert most < 64 * MIB


def test_a_line_without_end_is_read_no_further_than_shows_it() -> None:
    read_so_far = 0

    def stream() -> Iterator[bytes]:
        nonlocal read_so_far
        for chunk in endless(b'{"a":"', b"", 10**9):
            read_so_far += len(chunk)
            yield chunk

    rows = SliceReader(stream(), JSONL, ByteSlice(0, 5 * MIB), 10**15)
    assert [type(row) for row in rows] == [Row, BadRow]
    assert read_so_far < 5 * MIB + REQUEST_BYTES + 2 * MIB
    middle = SliceReader(repeat(b"x" * MIB, 6), JSONL, ByteSlice(10 * MIB + 1, 15 * MIB), 10**15)
    assert list(middle) == []
    assert (rows.rows, rows.lines, middle.lines) == (2, 2, 0)


@pytest.mark.parametrize("layout", [JSONL, CSV])
def test_an_input_that_ends_too_early_is_read_again_and_not_taken_for_whole(layout: Layout) -> None:
    with pytest.raises(Transient):
        list(SliceReader([b"1,2\n"], layout, ByteSlice(0, 100), 100))


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.integers(1, 40), st.integers(1, 9), st.integers(0, 3))
def test_jsonl_gives_the_same_rows_however_it_is_cut(
    lines: list[str], end: str, shard_bytes: int, chunk: int, body: int
) -> None:
    data = b"#" * body + end.join(lines).encode()
    layout = Layout(format=InputFormat.JSONL, body=body)
    rows = read_in_slices(data, layout, cut_jsonl(layout, len(data), body, shard_bytes, 1000), chunk)
    assert [(line, record(row).decode()) for line, row in rows] == [
        (number, line) for number, line in enumerate(lines, 1) if line.strip()
    ]


def test_lines_longer_than_chunks_and_runs_are_read_like_others() -> None:
    values = [{"a": "x" * length} for length in (1, 300_000, 5, 1_500_000, 130_000, 2)]
    data = b"\n".join(json.dumps(value).encode() for value in values)
    for chunk in (1 << 16, 1 << 22):
        assert [row.value for row in read_whole(data, chunk) if isinstance(row, Row)] == values


def read_whole(data: bytes, chunk: int) -> list[Read]:
    return list(reader(data, JSONL, ByteSlice(0, len(data)), chunk))


def test_native_lines_are_not_parsed() -> None:
    rows = read(b'{"request": {}}\nbroken\n\n[1]\r\n', NATIVE)
    assert [(row.raw, row.value) for row in rows if isinstance(row, Row)] == [
        (b'{"request": {}}', {}),
        (b"broken", {}),
        (b"[1]", {}),
    ]
    assert [row.line for row in rows] == [1, 2, 4]


@given(st.binary(max_size=60), st.sampled_from([JSONL, CSV, NATIVE, UNQUOTED, SINGLE]), st.integers(1, 20))
def test_no_bytes_whatever_break_the_reader(data: bytes, layout: Layout, chunk: int) -> None:
    for row in SliceReader(in_chunks(data, chunk), layout, ByteSlice(0, len(data)), len(data)):
        assert record(row) in data
        if isinstance(row, Row):
            assert json.dumps(row.value)
