import csv
import io
import json
from collections.abc import Iterator
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batchdrop.domain.errors import Transient
from batchdrop.domain.ids import RowNumber
from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.domain.shard import ByteSlice
from batchdrop.rows.csvrules import RecordScanner, fields_of
from batchdrop.rows.cuts import cut_csv, cut_jsonl
from batchdrop.rows.head import look
from batchdrop.rows.read import SliceReader, read_from, read_to
from batchdrop.rows.values import BadRow, Row

JSONL = Layout(format=InputFormat.JSONL)
NATIVE = Layout(format=InputFormat.VERTEX_JSONL)
CSV = Layout(format=InputFormat.CSV, columns=("a", "b"))
UNQUOTED = Layout(format=InputFormat.CSV, columns=("a", "b"), quote="")
SINGLE = Layout(format=InputFormat.CSV, columns=("a", "b"), delimiter=";", quote="'")
FRAGMENTS = st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", "x y", "é", ',"', '",']), max_size=40)
ODD_FRAGMENTS = st.lists(
    st.sampled_from([b'"', b",", b"\n", b"\r\n", b"\r", b"a", b"\xff", b"\0", b'"a,b",', b"'", b";", b" "]), max_size=40
)
LINES = st.lists(st.sampled_from(['{"a": 1}', '{"b": "\\n"}', "", " ", "broken", '"text"', '{"é": "ü"}']), max_size=9)
Read = Row | BadRow


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def reader(data: bytes, layout: Layout, piece: ByteSlice, chunk: int = 5) -> SliceReader:
    stored = data[read_from(piece, layout) : read_to(piece, layout)]
    return SliceReader(in_chunks(stored, chunk), layout, piece, len(data))


def read(data: bytes, layout: Layout) -> list[Read]:
    return list(reader(data, layout, ByteSlice(layout.body, len(data))))


def only(data: bytes, layout: Layout) -> Read:
    (row,) = read(data, layout)
    return row


def problem(data: bytes, layout: Layout) -> tuple[str, str]:
    row = only(data, layout)
    assert isinstance(row, BadRow)
    assert row.problem.stage == "read"
    assert row.problem.hint
    return row.problem.code, row.problem.message


def read_in_slices(data: bytes, layout: Layout, slices: tuple[ByteSlice, ...], chunk: int) -> list[tuple[int, Read]]:
    """All rows with their line in the whole body."""
    found: list[tuple[int, Read]] = []
    lines = 0
    for piece in slices:
        rows = reader(data, layout, piece, chunk)
        here = list(rows)
        assert [row.row for row in here] == list(range(rows.rows))
        found += [(lines + row.line, row) for row in here]
        lines += rows.lines
    body = data[layout.body :]
    assert lines == body.count(b"\n") + (not body.endswith(b"\n") and body != b"")
    return found


def test_lines_become_rows_with_their_numbers() -> None:
    rows = reader(b'{"a":1}\n\n{"a":2}\r\n  \n{"a":3}', JSONL, ByteSlice(0, 30))
    assert list(rows) == [
        Row(row=RowNumber(0), line=1, raw=b'{"a":1}', value={"a": 1}),
        Row(row=RowNumber(1), line=3, raw=b'{"a":2}', value={"a": 2}),
        Row(row=RowNumber(2), line=5, raw=b'{"a":3}', value={"a": 3}),
    ]
    assert (rows.rows, rows.lines) == (3, 5)


def test_records_become_rows_of_text_and_count_the_lines_inside_them() -> None:
    rows = reader(b'1,"x\r\ny"\r\n\r\n"2"",",z\r\n', CSV, ByteSlice(0, 22))
    assert list(rows) == [
        Row(row=RowNumber(0), line=1, raw=b'1,"x\r\ny"', value={"a": "1", "b": "x\r\ny"}),
        Row(row=RowNumber(1), line=4, raw=b'"2"",",z', value={"a": '2",', "b": "z"}),
    ]
    assert (rows.rows, rows.lines) == (2, 4)


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
    assert [(line, row.raw.decode()) for line, row in rows] == [
        (number, line) for number, line in enumerate(lines, 1) if line.strip()
    ]


@given(FRAGMENTS, st.integers(1, 30), st.integers(1, 9))
@example(["a,", '"', "\n"], 2, 1)
def test_csv_gives_the_rows_of_the_csv_module_however_it_is_cut(
    fragments: list[str], shard_bytes: int, chunk: int
) -> None:
    data = "".join(fragments).encode()
    slices = cut_csv(in_chunks(data, chunk), CSV, len(data), 0, shard_bytes, 1000)
    rows = read_in_slices(data, CSV, slices, chunk)
    expected = [record for record in csv.reader(io.StringIO(data.decode(), newline="")) if record]
    if rows and isinstance(rows[-1][1], BadRow) and rows[-1][1].problem.code == "BAD_QUOTES":
        rows.pop()
        expected.pop()
    assert [fields_of(row.raw.decode(), ",") for _, row in rows] == expected


@given(st.lists(st.tuples(st.text("ab\",;\n\r é'", max_size=6), st.text('a",\n', max_size=6)), max_size=8))
def test_what_the_csv_module_writes_is_read_as_it_was(records: list[tuple[str, str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(records)
    rows = read(written.getvalue().encode(), CSV)
    assert [tuple(row.value.values()) for row in rows if isinstance(row, Row)] == records
    assert len(rows) == len(records)


@given(ODD_FRAGMENTS, st.sampled_from([CSV, UNQUOTED, SINGLE]), st.integers(1, 9))
@example([b'"', b"\r", b"\n", b"a", b",", b'"', b"\n"], CSV, 1)
def test_records_are_the_same_whether_they_are_read_many_at_once_or_one_by_one(
    fragments: list[bytes], layout: Layout, chunk: int
) -> None:
    data = b"".join(fragments)
    at_once = read_in_slices(data, layout, (ByteSlice(0, len(data)),), len(data) + 1)
    scanner = RecordScanner(layout.delimiter, layout.quote)
    ends = [0, *scanner.ends(data), len(data)]
    by_record = tuple(ByteSlice(begin, end) for begin, end in pairwise(ends) if begin < end)
    assert read_in_slices(data, layout, by_record, chunk) == [
        (line, msgspec.structs.replace(row, row=RowNumber(0), line=1)) for line, row in at_once
    ]


@pytest.mark.parametrize("chunk", [1 << 16, 1 << 20, 1 << 22])
@pytest.mark.parametrize("shard_bytes", [100_000, 1 << 26])
def test_records_as_long_as_chunks_are_read_like_others(chunk: int, shard_bytes: int) -> None:
    """Fields of up to 3 MB with line feeds and quotes inside, among thousands of short ones."""
    random = Random(7)
    lengths = [random.choice([5, 80, 3_000]) for _ in range(2_000)]
    for place, length in ((40, 200_000), (900, 3_000_000), (901, 1_200_000), (1_999, 500_000)):
        lengths[place] = length
    records = [[str(number), ('x"\r\n,y' * length)[:length]] for number, length in enumerate(lengths)]
    written = io.StringIO(newline="")
    csv.writer(written).writerows(records)
    data = written.getvalue().encode()
    slices = cut_csv(in_chunks(data, chunk), CSV, len(data), 0, shard_bytes, 1000)
    rows = read_in_slices(data, CSV, slices, chunk)
    assert [list(row.value.values()) for _, row in rows if isinstance(row, Row)] == records
    assert [line for line, _ in rows] == lines_of_records(data, [row for _, row in rows])


def lines_of_records(data: bytes, rows: list[Read]) -> list[int]:
    """The line in the whole file on which each record begins."""
    found: list[int] = []
    position = line = 0
    for row in rows:
        found.append(line + 1)
        end = position + len(row.raw) + len(b"\r\n")
        assert data[position : end - 2] == row.raw
        line += data.count(b"\n", position, end)
        position = end
    return found


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


def test_where_quotes_are_data_lines_are_records() -> None:
    rows = read(b'"1,2"\n3,"4\n', UNQUOTED)
    assert [row.value for row in rows if isinstance(row, Row)] == [{"a": '"1', "b": '2"'}, {"a": "3", "b": '"4'}]


def test_single_quotes_are_doubled_like_double_ones() -> None:
    rows = read(b"'it''s; a\n';'\"'\n", SINGLE)
    assert [row.value for row in rows if isinstance(row, Row)] == [{"a": "it's; a\n", "b": '"'}]


@given(st.binary(max_size=60), st.sampled_from([JSONL, CSV, NATIVE, UNQUOTED, SINGLE]), st.integers(1, 20))
def test_no_bytes_whatever_break_the_reader(data: bytes, layout: Layout, chunk: int) -> None:
    for row in SliceReader(in_chunks(data, chunk), layout, ByteSlice(0, len(data)), len(data)):
        assert row.raw in data
        if isinstance(row, Row):
            assert json.dumps(row.value)
