"""How large the pages of a Parquet file are, which Arrow does not tell.

Arrow holds a whole page in memory, packed and unpacked, however few rows it is asked for; and some writers put 1,024
rows into a page whatever they weigh. Headers of pages are structs of Thrift's compact protocol (apache/parquet-format,
parquet.thrift, PageHeader: field 2 is the unpacked size, field 3 the packed one).
"""

from typing import NamedTuple

import pyarrow.parquet as pq

from batchdrop.domain.limits import KIB, MIB
from batchdrop.rows.ranged import RangedFile

PAGE_BYTES = 128 * MIB
"""A larger page is not read: with its packed bytes and copies it would take most of a function's memory."""

SMALLER_PAGES = "Write the file with smaller pages, in pyarrow with write_batch_size=16, or write JSONL."

_LONG_VALUE = 16 * KIB
"""Writers that are told of no size end a page after a MiB, unless few values are more than that."""
_HEADER_BYTES = (KIB, 64 * KIB)
_UNPACKED, _PACKED = 2, 3
_MOST_NESTED = 16
_MOST_BITS = 63


def too_large_page(source: RangedFile, group: pq.RowGroupMetaData, most: int = PAGE_BYTES) -> tuple[str, int] | None:
    """The column of a row group, and the bytes, of a page of more bytes than `most`; None if there is none.

    Pages are looked at only in columns that could have one: those of more bytes, made of long values.
    """
    for index in range(group.num_columns):
        column = group.column(index)
        if column.total_uncompressed_size > max(most, column.num_values * _LONG_VALUE):
            size = _large_page(source, column, most)
            if size:
                return column.path_in_schema, size
    return None


def page_too_large(column: str, size: int) -> str:
    """Say that a page is more than we hold."""
    most = PAGE_BYTES // MIB
    return (
        f"Column {column!r} has a page of {size // MIB:,} MiB; it can be read only as a whole, and at most {most} are."
    )


def start_of(column: pq.ColumnChunkMetaData) -> int:
    """Where the pages of a column begin."""
    return min(column.dictionary_page_offset or column.data_page_offset, column.data_page_offset)


def _large_page(source: RangedFile, column: pq.ColumnChunkMetaData, most: int) -> int:
    """Bytes of the first page that is too large, else 0. Where headers make no sense, Arrow is to say so."""
    at, left = start_of(column), column.total_uncompressed_size
    end = at + column.total_compressed_size
    while at < end and left > most:
        header = _header_at(source, at)
        if header is None or header.unpacked > most:
            return header.unpacked if header else 0
        at += header.size + header.packed
        left -= header.size + header.unpacked
    return 0


class _Header(NamedTuple):
    """Its own bytes, and those of the page behind it."""

    size: int
    unpacked: int
    packed: int


def _header_at(source: RangedFile, place: int) -> _Header | None:
    for most in _HEADER_BYTES:
        source.seek(place)
        struct = _Struct(source.read(most))
        try:
            fields = struct.numbers()
        except (IndexError, ValueError):
            continue
        sizes = fields.get(_UNPACKED, -1), fields.get(_PACKED, -1)
        return _Header(struct.at, *sizes) if min(sizes) >= 0 else None
    return None


class _Struct:
    """Reads a struct of Thrift's compact protocol; `at` is where it stands in the bytes."""

    def __init__(self, data: bytes) -> None:
        self.at = 0
        self._data = data

    def numbers(self, nested: int = 0) -> dict[int, int]:
        """The integers among the fields, by their ids; other values are passed over.

        Raises:
            IndexError: it goes on behind these bytes.
            ValueError: it is none.
        """
        if nested > _MOST_NESTED:
            raise ValueError("structs without end")
        found: dict[int, int] = {}
        field = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            field = field + step if step else self._signed()
            match kind:
                case 4 | 5 | 6:
                    found[field] = self._signed()
                case _:
                    self._pass(kind, nested)
        return found

    def _pass(self, kind: int, nested: int) -> None:
        match kind:
            case 1 | 2:
                """A truth is in its head."""
            case 3:
                self.at += 1
            case 4 | 5 | 6:
                self._signed()
            case 7:
                self.at += 8
            case 8:
                self.at += self._unsigned()
            case 12:
                self.numbers(nested + 1)
            case _:
                raise ValueError("no header of a page has lists or maps")

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > _MOST_BITS:
                raise ValueError("a number without end")
        return value | byte << shift

    def _signed(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
