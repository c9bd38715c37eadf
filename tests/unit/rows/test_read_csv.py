import csv
import io
import tracemalloc
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.job import Layout
from batchdrop.domain.limits import MIB
from batchdrop.domain.shard import ByteSlice
from batchdrop.rows.csvrules import RecordScanner, fields_of
from batchdrop.rows.cuts import cut_csv
from batchdrop.rows.values import BadRow, Row
from tests.unit.rows.slices import CSV, SINGLE, UNQUOTED, Read, in_chunks, read, read_in_slices, reader, record

FRAGMENTS = st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", "x y", "é", ',"', '",']), max_size=40)
ODD_FRAGMENTS = st.lists(
    st.sampled_from([b'"', b",", b"\n", b"\r\n", b"\r", b"a", b"\xff", b"\0", b'"a,b",', b"'", b";", b" "]), max_size=40
)


def test_records_become_rows_of_text_and_count_the_lines_inside_them() -> None:
    rows = reader(b'1,"x\r\ny"\r\n\r\n"2"",",z\r\n', CSV, ByteSlice(0, 22))
    assert list(rows) == [
        Row(row=RowNumber(0), line=1, raw=b'"1,\\"x\\r\\ny\\""', value={"a": "1", "b": "x\r\ny"}),
        Row(row=RowNumber(1), line=4, raw=b'"\\"2\\"\\",\\",z"', value={"a": '2",', "b": "z"}),
    ]
    assert (rows.rows, rows.lines) == (2, 4)


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
    assert [fields_of(record(row).decode(), ",") for _, row in rows] == expected


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
        end = position + len(record(row)) + len(b"\r\n")
        assert data[position : end - 2] == record(row)
        line += data.count(b"\n", position, end)
        position = end
    return found


def test_where_quotes_are_data_lines_are_records() -> None:
    rows = read(b'"1,2"\n3,"4\n', UNQUOTED)
    assert [row.value for row in rows if isinstance(row, Row)] == [{"a": '"1', "b": '2"'}, {"a": "3", "b": '"4'}]


def test_single_quotes_are_doubled_like_double_ones() -> None:
    rows = read(b"'it''s; a\n';'\"'\n", SINGLE)
    assert [row.value for row in rows if isinstance(row, Row)] == [{"a": "it's; a\n", "b": '"'}]


def test_a_record_of_a_million_fields_takes_little_more_than_a_list_of_them() -> None:
    record = '"x"' + "," * 1_200_000
    tracemalloc.start()
    fields = fields_of(record, ",")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(fields), fields[0], set(fields[1:])) == (1_200_001, "x", {""})
    assert most < 32 * MIB
