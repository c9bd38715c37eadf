import datetime as dt
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.columns import Column
from batchdrop.domain.ids import RowNumber
from batchdrop.domain.job import InputFormat, Layout, OutputFormat
from batchdrop.domain.shard import RowGroups
from batchdrop.domain.usage import Usage
from batchdrop.rows.answer_types import answer_type
from batchdrop.rows.conform import Checker
from batchdrop.rows.parquet import ParquetInput
from batchdrop.rows.parquet_results import ParquetFailed, ParquetResults
from batchdrop.rows.read_parquet import GroupRows
from batchdrop.rows.result_columns import ColumnFinder, answer_columns
from batchdrop.rows.results import ResultFormat
from batchdrop.rows.values import Answered, BadRow, Failed, Output, Problem, Row, SideRow, Stage, json_raw, text_raw
from infra.local.paths import FUNCTIONS

CSV = Layout(format=InputFormat.CSV, columns=("id", "text"))
JSONL = Layout(format=InputFormat.JSONL)
NATIVE = Layout(format=InputFormat.VERTEX_JSONL)
USAGE = Usage(rows=1, prompt=3, output=5, thoughts=7)
PROBLEM = Problem(stage=Stage.RENDER, code="C", message="m", hint="h")


def side(raw: str, row: int = 0) -> SideRow:
    value = json_raw(raw.encode()) if raw.startswith("{") else text_raw(raw)
    return SideRow(row=RowNumber(row), line=row + 1, fingerprint="f", raw=value)


def answered(raw: str, text: str = "ok", fields: dict[str, object] | None = None, row: int = 0) -> Answered:
    output = Output(text=text, finish_reason="STOP", usage=USAGE, response=msgspec.Raw(b"null"), fields=fields)
    return Answered(side=side(raw, row), output=output)


def written(
    layout: Layout, rows: list[Answered], schema: Mapping[str, object] | None = None, columns: tuple[Column, ...] = ()
) -> pa.Table:
    names = tuple(column.name for column in columns)
    how = ResultFormat(
        layout=layout,
        output=OutputFormat.PARQUET,
        columns=layout.columns or names,
        answer=answer_columns(schema, layout.columns or names),
    )
    parts: list[bytes] = []
    results = ParquetResults(how, columns, schema, parts.append)
    for row in rows:
        results.add(row, row.side.row)
    results.end()
    return read(parts)


def read(parts: list[bytes]) -> pa.Table:
    return pq.read_table(pa.BufferReader(b"".join(parts)))


def found(records: list[dict[str, object]]) -> tuple[Column, ...]:
    finder = ColumnFinder(("output",), kinds=True)
    for record in records:
        finder.see(record)
    return finder.found.columns


def test_a_csv_becomes_columns_of_text_and_the_answers() -> None:
    table = written(CSV, [answered("007,=1", row=0), answered(',"a,b"', "é", row=1)])
    assert table.to_pylist() == [
        {"id": "007", "text": "=1", "output": "ok", "finish_reason": "STOP", "prompt_tokens": 3, "output_tokens": 12},
        {"id": "", "text": "a,b", "output": "é", "finish_reason": "STOP", "prompt_tokens": 3, "output_tokens": 12},
    ]
    assert table.schema.field("id").type == pa.string()
    assert table.schema.field("output_tokens").type == pa.int64()


def test_records_become_columns_as_narrow_as_their_values_allow() -> None:
    records: list[dict[str, object]] = [
        {"t": True, "w": 1, "l": 2**60, "n": 1, "s": "x", "m": "x", "j": [1, {"a": 1.5}], "z": None},
        {"w": -1, "l": 5, "n": 0.5, "s": "é", "m": 1, "j": None},
    ]
    rows = [answered(orjson.dumps(record).decode(), row=row) for row, record in enumerate(records)]
    table = written(JSONL, rows, None, found(records))
    assert [str(table.schema.field(name).type) for name in "twlnsmjz"] == [
        "bool",
        "int64",
        "int64",
        "double",
        "string",
        "string",
        "string",
        "string",
    ]
    assert table.select([*"twlnsmjz"]).to_pylist() == [
        {"t": True, "w": 1, "l": 2**60, "n": 1.0, "s": "x", "m": "x", "j": '[1,{"a":1.5}]', "z": None},
        {"t": None, "w": -1, "l": 5, "n": 0.5, "s": "é", "m": "1", "j": None, "z": None},
    ]


def test_records_too_unlike_are_kept_whole() -> None:
    table = written(JSONL, [answered('{"a":1}', row=16)])
    assert table.select(["row", "record"]).to_pylist() == [{"row": 17, "record": '{"a":1}'}]


SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": ["a", "b"]},
        "count": {"type": "integer"},
        "score": {"type": ["number", "null"]},
        "sure": {"type": "BOOLEAN"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "place": {"type": "object", "properties": {"lat": {"type": "number"}, "n": {"type": "integer"}}},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "either": {"type": ["string", "integer"]},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "any": {},
    },
}


def test_the_columns_of_an_answer_are_typed_by_the_schema() -> None:
    fields: dict[str, object] = {
        "label": "a",
        "count": 3.0,
        "score": 2,
        "sure": True,
        "tags": ["x", None],
        "place": {"lat": 1, "n": 2.0},
        "maybe": None,
        "either": 5,
        "map": {"k": 1},
        "any": "text",
    }
    table = written(CSV, [answered("1,x", "{}", fields)], SCHEMA)
    types = {name: str(table.schema.field(name).type) for name in fields}
    assert types == {
        "label": "string",
        "count": "int64",
        "score": "double",
        "sure": "bool",
        "tags": "list<element: string>",
        "place": "struct<lat: double, n: int64>",
        "maybe": "int64",
        "either": "string",
        "map": "string",
        "any": "string",
    }
    assert table.select(list(fields)).to_pylist() == [
        {
            **fields,
            "count": 3,
            "score": 2.0,
            "place": {"lat": 1.0, "n": 2},
            "either": "5",
            "map": '{"k":1}',
        }
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats(allow_nan=False) | st.text("aé", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
TYPES = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
SCHEMAS = st.recursive(
    st.fixed_dictionaries({}, optional={"type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True)}),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES,
            "items": inner,
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=4,
)


@given(SCHEMAS, JSON)
def test_whatever_fits_a_schema_fits_its_column(schema: dict[str, object], value: object) -> None:
    value = orjson.loads(orjson.dumps(value)) if _is_json(value) else None
    if Checker(schema).fits(value):
        assert len(answer_type(schema).column([value, None])) == 2


def _is_json(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


FIELDS: "list[pa.Field[Any]]" = [
    pa.field("id", pa.int32()),
    pa.field("at", pa.timestamp("us", tz="Europe/Berlin")),
    pa.field("day", pa.date32()),
    pa.field("price", pa.decimal128(10, 2)),
    pa.field("data", pa.binary()),
    pa.field("tags", pa.list_(pa.string())),
    pa.field("place", pa.struct([pa.field("x", pa.float32())])),
    pa.field("kind", pa.dictionary(pa.int8(), pa.string())),
]
PARQUET = pa.schema(FIELDS)
MOMENT = dt.datetime(2026, 11, 1, 12, 0, 0, 5, tzinfo=dt.UTC)
RECORDS: list[dict[str, Any]] = [
    {
        "id": number,
        "at": MOMENT,
        "day": dt.date(2026, 11, number + 1),
        "price": Decimal("1.50"),
        "data": b"\xff\x00",
        "tags": ["a", None],
        "place": {"x": 0.5},
        "kind": "k",
    }
    for number in range(5)
]
RECORDS.append(dict.fromkeys(RECORDS[0]))


def parquet_input() -> tuple[Layout, list[Row]]:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(RECORDS, PARQUET), sink)
    data = sink.getvalue().to_pybytes()
    source = ParquetInput(lambda start, end: [data[start:end]], len(data), "a.parquet")
    rows = [row for row in GroupRows(source, RowGroups(0, 1)) if isinstance(row, Row)]
    return source.layout(), rows


def test_columns_of_a_parquet_input_keep_their_types_and_values() -> None:
    layout, rows = parquet_input()
    table = written(layout, [answered(row.raw.decode(), row=row.row) for row in rows])
    original = pa.Table.from_pylist(RECORDS, PARQUET)
    assert table.select(PARQUET.names).to_pylist() == original.to_pylist()
    assert [table.schema.field(name).type for name in PARQUET.names] == [field.type for field in PARQUET]


def test_failed_records_of_a_parquet_input_come_back_as_they_were() -> None:
    layout, rows = parquet_input()
    parts: list[bytes] = []
    failed = ParquetFailed(layout, parts.append)
    failed.add(BadRow(row=RowNumber(0), line=1, raw=rows[1].raw, problem=PROBLEM))
    failed.add(BadRow(row=RowNumber(1), line=2, raw=b"", problem=PROBLEM))
    failed.add(Failed(side=side(rows[3].raw.decode()), problem=PROBLEM))
    failed.end()
    assert failed.rows == 2
    table = read(parts)
    assert table.to_pylist() == [RECORDS[1], RECORDS[3]]
    assert table.schema.equals(PARQUET)


def test_a_native_line_becomes_its_members_and_the_text() -> None:
    record: dict[str, object] = {"id": "a", "request": {"contents": []}}
    table = written(NATIVE, [answered(orjson.dumps(record).decode())], None, found([record]))
    assert table.select(["id", "request", "output"]).to_pylist() == [
        {"id": "a", "request": '{"contents":[]}', "output": "ok"}
    ]


def test_nothing_is_written_where_there_is_nothing() -> None:
    parts: list[bytes] = []
    how = ResultFormat(layout=CSV, output=OutputFormat.PARQUET, columns=(), answer=answer_columns(None, ()))
    ParquetResults(how, (), None, parts.append).end()
    assert parts == []


@pytest.mark.parametrize("rows", [1, 1_024, 1_025, 5_000])
def test_all_rows_arrive_whatever_their_number(rows: int) -> None:
    table = written(CSV, [answered(f"{row},x", row=row) for row in range(rows)])
    assert table.column("id").to_pylist() == [str(row) for row in range(rows)]


def test_large_rows_are_written_in_several_groups() -> None:
    parts: list[bytes] = []
    how = ResultFormat(layout=CSV, output=OutputFormat.PARQUET, columns=(), answer=answer_columns(None, ()))
    results = ParquetResults(how, (), None, parts.append)
    for row in range(40):
        results.add(answered("1,x", chr(65 + row) * 2**20), row)
    results.end()
    metadata = pq.read_metadata(pa.BufferReader(b"".join(parts)))
    assert (metadata.num_rows, metadata.num_row_groups) == (40, 3)


def test_pyarrow_is_not_imported_with_the_steps() -> None:
    code = "import sys; import batchdrop.steps.run; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FUNCTIONS)
    assert done.stdout.strip() == "False"
