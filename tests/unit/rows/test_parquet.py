import datetime as dt
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.errors import ObjectGone, Refused, Transient
from batchdrop.domain.job import InputFormat
from batchdrop.domain.limits import COLUMNS_BYTES, MIB, REQUEST_BYTES
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import RowGroups
from batchdrop.rows.parquet import HOLD_BYTES, ParquetInput, schema_of
from batchdrop.rows.parquet_pages import too_large_page
from batchdrop.rows.read_parquet import GroupRows
from batchdrop.rows.values import BadRow, Row

NAMES = pa.table({"id": list(range(100)), "name": [f"Chair {number}" for number in range(100)]})


def parquet(table: pa.Table, rows: int = 30, **options: Any) -> bytes:
    written = io.BytesIO()
    pq.write_table(table, written, row_group_size=rows, **options)
    return written.getvalue()


class Store:
    """Bytes that are read by ranges, as many as `asked` tells."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[int] = []
        self.trouble: Exception | None = None

    def read(self, start: int, end: int) -> Iterator[bytes]:
        if self.trouble is not None:
            raise self.trouble
        self.asked.append(end - start)
        yield self.data[start:end]


def opened(data: bytes) -> ParquetInput:
    return ParquetInput(Store(data).read, len(data), "a.parquet")


def read(data: bytes, first: int = 0, end: int | None = None) -> list[Row | BadRow]:
    source = opened(data)
    return list(GroupRows(source, RowGroups(first, len(source.weights) if end is None else end)))


def refusal(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        opened(data).layout()
    assert caught.value.reason.hint
    assert caught.value.reason.where == "a.parquet"
    return caught.value.reason


def test_a_parquet_file_gives_its_columns_and_their_types() -> None:
    table = NAMES.append_column("at", pa.array([0] * 100, pa.timestamp("ns", tz="Asia/Tokyo")))
    layout = opened(parquet(table.replace_schema_metadata({"pandas": "x" * 1_000_000}))).layout()
    assert (layout.format, layout.columns) == (InputFormat.PARQUET, ("id", "name", "at"))
    assert schema_of(layout).equals(table.schema)
    assert len(layout.schema) < 2_000


def test_records_become_rows_with_their_json() -> None:
    rows = GroupRows(opened(parquet(NAMES)), RowGroups(1, 3))
    found = list(rows)
    assert [row.raw for row in found[:2]] == [b'{"id":30,"name":"Chair 30"}', b'{"id":31,"name":"Chair 31"}']
    assert all(isinstance(row, Row) and row.value == json.loads(row.raw) for row in found)
    assert [(row.row, row.line) for row in found] == [(number, number + 1) for number in range(60)]
    assert (rows.rows, rows.lines) == (60, 60)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
def test_all_common_codecs_are_read(codec: str) -> None:
    data = parquet(NAMES, compression=codec)
    assert opened(data).layout().columns == ("id", "name")
    assert len(read(data)) == 100


def test_row_groups_weigh_their_bytes_but_equal_values_are_not_for_nothing() -> None:
    equal = pa.table({"a": ["same"] * 10_000, "b": [1] * 10_000})
    assert opened(parquet(equal, 5_000)).weights == [80_000, 80_000]
    texts = pa.table({"a": [f"{number} {'x' * 1000}" for number in range(100)]})
    (weight,) = opened(parquet(texts, 100)).weights
    assert weight > 100_000


def test_a_text_that_is_no_utf_8_is_a_bad_row_and_sinks_no_other() -> None:
    texts = pa.array([b"one", b"\xff", b"three"]).view(pa.string())
    rows = read(parquet(pa.table({"id": [1, 2, 3], "text": texts})))
    assert [type(row) for row in rows] == [Row, BadRow, Row]
    assert isinstance(rows[1], BadRow)
    assert (rows[1].problem.code, rows[1].problem.path, rows[1].line) == ("INVALID_UTF8", "text", 2)
    assert rows[1].raw == b'{"id":2,"text":null}'


def test_a_moment_that_no_calendar_has_is_a_bad_row() -> None:
    moments = pa.array([0, 2**62], pa.int64()).cast(pa.timestamp("us"))
    rows = read(parquet(pa.table({"at": moments})))
    assert [row.problem.code for row in rows if isinstance(row, BadRow)] == ["UNREADABLE"]
    assert rows[0].raw == b'{"at":"1970-01-01T00:00:00"}'


def test_a_record_over_twenty_megabytes_is_a_bad_row() -> None:
    table = pa.table({"text": ["a", "x" * REQUEST_BYTES, "b"]})
    rows = read(parquet(table))
    assert [row.problem.code for row in rows if isinstance(row, BadRow)] == ["TOO_LARGE"]
    assert [row.raw for row in rows] == [b'{"text":"a"}', b"", b'{"text":"b"}']


def test_rows_of_a_damaged_row_group_are_bad_rows_and_the_others_are_read() -> None:
    data = bytearray(parquet(NAMES, compression="snappy", use_dictionary=False))
    spoilt = opened(bytes(data)).metadata.row_group(1).column(1)
    begin = spoilt.data_page_offset
    data[begin + 20 : begin + spoilt.total_compressed_size] = b"\xff" * (spoilt.total_compressed_size - 20)
    rows = read(bytes(data))
    assert [row.problem.code for row in rows if isinstance(row, BadRow)] == ["UNREADABLE"] * 30
    assert [row.line for row in rows if isinstance(row, BadRow)] == list(range(31, 61))
    assert len(rows) == 100


@pytest.mark.parametrize("trouble", [Transient("the network is down"), ObjectGone("deleted")])
def test_trouble_on_the_way_to_the_bytes_is_not_taken_for_damage(trouble: Exception) -> None:
    store = Store(parquet(pa.table({"text": [f"{number} {'x' * 2000}" for number in range(200)]}), 20))
    source = ParquetInput(store.read, len(store.data), "a.parquet")
    rows = iter(GroupRows(source, RowGroups(0, 10)))
    assert isinstance(next(rows), Row)
    store.trouble = trouble
    source.source.close()
    with pytest.raises(type(trouble)):
        list(rows)
    with pytest.raises(type(trouble)):
        ParquetInput(store.read, len(store.data), "a.parquet")


def test_small_row_groups_are_fetched_many_at_once() -> None:
    store = Store(parquet(pa.table({"n": list(range(20_000)), "text": ["abc"] * 20_000}), 100))
    source = ParquetInput(store.read, len(store.data), "a.parquet")
    store.asked.clear()
    assert len(list(GroupRows(source, RowGroups(0, 200)))) == 20_000
    assert len(store.asked) == 1


def test_a_large_row_group_is_read_in_windows() -> None:
    texts = [f"{number}{'x' * 1000}" for number in range(30_000)]
    table = pa.table({"n": list(range(30_000)), "text": texts, "more": texts[::-1]})
    store = Store(parquet(table, 30_000, compression="none", use_dictionary=False))
    assert len(store.data) > 3 * HOLD_BYTES
    source = ParquetInput(store.read, len(store.data), "a.parquet")
    store.asked.clear()
    rows = GroupRows(source, RowGroups(0, 1))
    assert sum(len(row.raw) > 2_000 for row in rows) == 30_000
    assert max(store.asked) <= HOLD_BYTES
    assert sum(store.asked) < len(store.data) + 3 * HOLD_BYTES
    assert len(store.asked) < 40


def test_long_values_are_taken_few_at_a_time() -> None:
    long = ["x" * MIB + str(number % 3) for number in range(60)]
    source = opened(parquet(pa.table({"text": long}), 60))
    sizes = []
    for row in GroupRows(source, RowGroups(0, 1)):
        sizes.append(len(row.raw))
        assert pa.total_allocated_bytes() < 64 * MIB
    assert sizes == [MIB + 1 + len('{"text":""}')] * 60


@pytest.mark.parametrize("fold", [pa.array, lambda texts: pa.array(texts).dictionary_encode()])
def test_a_text_that_is_stored_once_for_many_rows_is_unfolded_few_times_at_once(fold: Any) -> None:
    """The first rows tell nothing of it."""
    texts = ["short"] * 20 + ["x" * MIB] * 200
    data = parquet(pa.table({"n": list(range(220)), "text": fold(texts)}), 220)
    tracemalloc.start()
    for row, text in zip(GroupRows(opened(data), RowGroups(0, 1)), texts, strict=True):
        assert isinstance(row, Row)
        assert row.value["text"] == text
        assert pa.total_allocated_bytes() < 64 * MIB
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 64 * MIB


def large() -> pa.Table:
    """Texts that most writers make one page of: 150 MB, which a few KB of a file unfold to."""
    return pa.table({"id": list(range(10)), "text": ["x" * 15_000_000] * 10})


def test_a_page_too_large_to_be_held_is_refused_with_its_column_and_a_remedy() -> None:
    data = parquet(large(), use_dictionary=False, compression="zstd")
    assert len(data) < MIB
    reason = refusal(data)
    assert reason.code is Code.INPUT_TOO_LARGE
    assert "'text'" in reason.message
    assert "write_batch_size" in reason.hint


def test_rows_of_a_group_with_such_a_page_are_bad_rows_and_the_others_are_read() -> None:
    written, whole = io.BytesIO(), large()
    with pq.ParquetWriter(written, whole.schema, use_dictionary=False, compression="zstd") as writer:
        for table in (whole.slice(0, 1), whole, whole.slice(9, 1)):
            writer.write_table(table)
    assert opened(written.getvalue()).layout().columns == ("id", "text")
    rows = read(written.getvalue())
    assert [row.problem.code for row in rows if isinstance(row, BadRow)] == ["PAGE_TOO_LARGE"] * 10
    assert [(row.row, row.line) for row in rows] == [(number, number + 1) for number in range(12)]
    assert [row.value["id"] for row in rows if isinstance(row, Row)] == [0, 9]


def test_the_same_rows_are_read_if_they_are_written_as_the_remedy_says() -> None:
    data = parquet(large(), use_dictionary=False, compression="zstd", write_batch_size=1)
    assert opened(data).layout().columns == ("id", "text")
    assert sum(isinstance(row, Row) for row in read(data)) == 10


@pytest.mark.parametrize(
    "options",
    [
        {"data_page_version": "1.0"},
        {"data_page_version": "2.0", "write_page_checksum": True},
        {"compression": "gzip", "write_page_index": True, "version": "1.0"},
        {"compression": "none", "use_dictionary": True, "dictionary_pagesize_limit": 1},
    ],
)
def test_pages_are_measured_one_after_the_other_however_they_are_written(options: dict[str, Any]) -> None:
    texts = [str(number) * 20_000 for number in range(9)] + ["x" * 90_000]
    options = {"use_dictionary": False, "write_batch_size": 1, "data_page_size": 1, **options}
    source = opened(parquet(pa.table({"id": list(range(10)), "text": texts}), **options))

    def first_over(most: int) -> int:
        """Bytes of the first page of texts that is larger, but for those that tell lengths."""
        column, size = too_large_page(source.source, source.metadata.row_group(0), most) or ("text", 0)
        assert column == "text"
        return size // 10_000 * 10_000

    assert [first_over(most) for most in (100_000, 80_000, 10_000)] == [0, 90_000, 20_000]


@given(st.binary(max_size=50), st.integers(0, 300))
def test_no_header_of_a_page_breaks_the_reader(junk: bytes, place: int) -> None:
    data = bytearray(parquet(pa.table({"text": ["x" * 20_000] * 20}), use_dictionary=False))
    data[4 + place : 4 + place + len(junk)] = junk
    source = opened(bytes(data))
    column, size = too_large_page(source.source, source.metadata.row_group(0), 100_000) or ("text", 100_001)
    assert (column, size > 100_000) == ("text", True)
    assert len(read(bytes(data))) == 20


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Code.INPUT_TYPE),
        (b"id,name\n1,Chair\n", Code.INPUT_TYPE),
        (b"\x1f\x8b\x08\x00" + bytes(20), Code.INPUT_TYPE),
        (b"PAR1" + bytes(20) + b"PARE", Code.INPUT_TYPE),
        (b"PAR1", Code.INPUT_DAMAGED),
        (b"PAR1" + bytes(30) + b"\xff\x00\x00\x00PAR1", Code.INPUT_DAMAGED),
        (b"PAR1" + bytes(30) + b"\x10\x00\x00\x00PAR1", Code.INPUT_DAMAGED),
        (parquet(NAMES)[:-5], Code.INPUT_DAMAGED),
        (parquet(NAMES)[:200] + parquet(NAMES)[300:], Code.INPUT_DAMAGED),
        (parquet(NAMES.slice(0, 0)), Code.INPUT_EMPTY),
        (parquet(pa.table({"": [1]})), Code.INPUT_HEADER),
        (parquet(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])), Code.INPUT_HEADER),
        (parquet(pa.table({f"{n:0200}": [1] for n in range(COLUMNS_BYTES // 200 + 1)})), Code.INPUT_HEADER),
    ],
    ids=[
        "nothing",
        "csv",
        "gzip",
        "encrypted",
        "four bytes",
        "a footer beyond the file",
        "a footer of zeros",
        "cut off",
        "bytes missing",
        "no rows",
        "no name",
        "one name twice",
        "names without end",
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, code: Code) -> None:
    assert refusal(data).code is code


def test_a_type_that_json_does_not_know_is_refused_with_its_column() -> None:
    table = pa.table({"fine": [1], "odd": pa.array([[dt.datetime(2026, 11, 1)]], pa.list_view(pa.timestamp("s")))})  # noqa: DTZ001
    reason = refusal(parquet(table))
    assert reason.code is Code.INPUT_HEADER
    assert "'odd'" in reason.message
