"""Results and failed records as Parquet.

This module imports pyarrow; import it only where Parquet is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any, NamedTuple, cast

import msgspec
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from batchdrop.domain.columns import Column, ColumnKind
from batchdrop.domain.job import InputFormat, Layout
from batchdrop.rows.answer_types import answer_type
from batchdrop.rows.arrow_values import from_json
from batchdrop.rows.conform import Schema, property_schemas
from batchdrop.rows.parquet import schema_of
from batchdrop.rows.records import cell_of_json, cells_of, json_of, members_of
from batchdrop.rows.results import ResultFormat, answer_values, whole_columns
from batchdrop.rows.values import Answered, BadRow, Failed, SideRow

_BATCH_BYTES = 2 * 2**20
_BATCH_ROWS = 1_024
_GROUP_BYTES = 16 * 2**20
"""A row group is written when its columns hold so much, or so many rows."""
_GROUP_ROWS = 128 * 1_024

Values = list[Any]


class _Column(NamedTuple):
    """A column: its name, its type, and how to make it of values."""

    name: str
    kind: pa.DataType
    make: "Callable[[Values], pa.Array[Any]]"


class _Table:
    """Takes rows of values and writes them, row group by row group; nothing at all if there are none."""

    def __init__(self, columns: Sequence[_Column], write: Callable[[bytes], object]) -> None:
        self._columns = columns
        self._schema = pa.schema([pa.field(column.name, column.kind) for column in columns])
        self._out = _Out(write)
        self._writer: pq.ParquetWriter | None = None
        self._values: list[Sequence[Any]] = []
        self._size = 0
        self._batches: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def add(self, values: Sequence[Any], size: int) -> None:
        """Take a row of about so many bytes."""
        self._values.append(values)
        self._size += size
        if self._size > _BATCH_BYTES or len(self._values) >= _BATCH_ROWS:
            self._end_batch()

    def end(self) -> None:
        """Write what is left, and the footer."""
        self._end_batch()
        self._end_group()
        if self._writer is not None:
            self._writer.close()

    def _end_batch(self) -> None:
        if not self._values:
            return
        by_column = zip(self._columns, zip(*self._values, strict=True), strict=True)
        arrays = [column.make(list(values)) for column, values in by_column]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._values.clear()
        self._size = 0
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._bytes > _GROUP_BYTES or self._rows >= _GROUP_ROWS:
            self._end_group()

    def _end_group(self) -> None:
        if not self._batches:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(cast("IO[bytes]", self._out), self._schema, compression="zstd")
        self._writer.write_table(pa.Table.from_batches(self._batches))
        self._batches.clear()
        self._rows = self._bytes = 0


class _Out:
    """A file that is only written, from its beginning to its end."""

    closed = False

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._size = 0

    def write(self, data: bytes) -> int:
        found = bytes(data)
        self._write(found)
        self._size += len(found)
        return len(found)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        pass

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


class ParquetResults:
    """Writes results, each with its number in the file, from 0. The answer's columns are typed by the output schema."""

    def __init__(
        self, how: ResultFormat, columns: tuple[Column, ...], schema: Schema | None, write: Callable[[bytes], object]
    ) -> None:
        originals = _originals(how, columns)
        self._cells = originals.cells
        self._table = _Table([*originals.columns, *_answer_columns(how.answer, schema)], write)

    def add(self, answered: Answered, row_in_file: int) -> None:
        """Take a result."""
        size = len(memoryview(answered.side.raw)) + len(answered.output.text)
        self._table.add((*self._cells(answered.side, row_in_file), *answer_values(answered.output)), size)

    def end(self) -> None:
        """Write what is left."""
        self._table.end()


class ParquetFailed:
    """Writes failed records of a Parquet input as they were. One too large to have been kept leaves nothing."""

    def __init__(self, layout: Layout, write: Callable[[bytes], object]) -> None:
        self.rows = 0
        self._names = layout.columns
        self._table = _Table(_own_columns(layout), write)

    def add(self, failed: Failed | BadRow) -> None:
        """Take a failed row."""
        raw = failed.raw if isinstance(failed, BadRow) else bytes(failed.side.raw)
        if raw:
            self.rows += 1
            record = orjson.loads(raw)
            self._table.add([record.get(name) for name in self._names], len(raw))

    def end(self) -> None:
        """Write what is left."""
        self._table.end()


class _Originals(NamedTuple):
    """The columns of the records, and how to take a record apart into their values."""

    columns: list[_Column]
    cells: Callable[[SideRow, int], Iterable[Any]]


def _originals(how: ResultFormat, columns: tuple[Column, ...]) -> _Originals:
    layout = how.layout
    if layout.format is InputFormat.CSV:
        cells = cells_of(layout, layout.columns)
        return _Originals([_text_column(name) for name in layout.columns], lambda side, _: cells(side))
    if layout.format is InputFormat.PARQUET:
        names = layout.columns
        return _Originals(_own_columns(layout), lambda side, _: map(orjson.loads(bytes(side.raw)).get, names))
    if not columns:
        number, record = whole_columns(how.answer)
        made = [_Column(number, pa.int64(), _array(pa.int64())), _text_column(record)]
        return _Originals(made, lambda side, row: (row + 1, json_of(side).decode()))
    readers = [(column.name, _READERS[column.kind]) for column in columns]
    return _Originals([_found_column(column) for column in columns], lambda side, _: _read(readers, side))


def _own_columns(layout: Layout) -> list[_Column]:
    """The columns of a Parquet input, with the types that they had there."""
    return [_own_column(field.name, field.type) for field in schema_of(layout)]


def _own_column(name: str, kind: pa.DataType) -> _Column:
    return _Column(name, kind, lambda values: from_json(values, kind))


def _answer_columns(names: tuple[str, ...], schema: Schema | None) -> list[_Column]:
    *own, reason, prompt, output = names
    schemas = list(property_schemas(schema).values()) or [{"type": "string"}]
    types = [answer_type(found) for found in schemas]
    typed = [_Column(name, found.kind, found.column) for name, found in zip(own, types, strict=True)]
    counts = [_Column(name, pa.int64(), _array(pa.int64())) for name in (prompt, output)]
    return [*typed, _text_column(reason), *counts]


def _text_column(name: str) -> _Column:
    return _Column(name, pa.string(), _array(pa.string()))


def _array(kind: pa.DataType) -> "Callable[[Values], pa.Array[Any]]":
    return lambda values: pa.array(values, kind)


def _found_column(column: Column) -> _Column:
    kind = _TYPES.get(column.kind, pa.string())
    return _Column(column.name, kind, _array(kind))


_TYPES: Mapping[ColumnKind, pa.DataType] = {
    ColumnKind.TRUTH: pa.bool_(),
    ColumnKind.WHOLE: pa.int64(),
    ColumnKind.LONG: pa.int64(),
    ColumnKind.NUMBER: pa.float64(),
}
_READERS: Mapping[ColumnKind, Callable[[msgspec.Raw], Any]] = {
    ColumnKind.NOTHING: cell_of_json,
    ColumnKind.TRUTH: msgspec.json.Decoder(bool).decode,
    ColumnKind.WHOLE: msgspec.json.Decoder(int).decode,
    ColumnKind.LONG: msgspec.json.Decoder(int).decode,
    ColumnKind.NUMBER: msgspec.json.Decoder(float).decode,
    ColumnKind.TEXT: cell_of_json,
    ColumnKind.JSON: cell_of_json,
}
_NULL = b"null"


def _read(readers: list[tuple[str, Callable[[msgspec.Raw], Any]]], side: SideRow) -> Values:
    members = members_of(json_of(side))
    found = [(members.get(name), read) for name, read in readers]
    return [None if raw is None or bytes(raw) == _NULL else read(raw) for raw, read in found]
