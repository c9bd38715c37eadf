"""Reading the rows of one slice of text: a slice owns the lines, or records, that begin in it."""

from collections.abc import Iterable, Iterator

from batchdrop.domain.errors import Transient
from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.domain.shard import ByteSlice
from batchdrop.rows.lines import NEWLINE
from batchdrop.rows.parse import MAX_NESTING, parse_csv, parse_json
from batchdrop.rows.read_csv import CsvRows
from batchdrop.rows.read_lines import LineRows
from batchdrop.rows.values import BadRow, Row

__all__ = ["MAX_NESTING", "SliceReader", "parse_csv", "parse_json", "read_from", "read_to"]


def read_from(slice_: ByteSlice, layout: Layout) -> int:
    """Offset from which a reader of this slice needs the input.

    For JSONL that is one byte early, which tells whether a line begins exactly at the slice's start.
    """
    if layout.format is InputFormat.CSV or slice_.start <= layout.body:
        return slice_.start
    return slice_.start - 1


def read_to(slice_: ByteSlice, layout: Layout) -> int | None:
    """Offset up to which it may need the input; None is the end, because a last line runs on."""
    return slice_.end if layout.format is InputFormat.CSV else None


class SliceReader:
    """Iterates once over the rows of a slice, in order.

    `chunks` is the input from `read_from` to `read_to`, `size` the length of the whole input. Afterwards
    `lines` counts the physical lines that the slice owns and `rows` its rows, bad ones included. The rows of a native
    file are not parsed: their `value` is empty.

    Raises:
        Transient: the input ended before the slice did.
    """

    def __init__(self, chunks: Iterable[bytes], layout: Layout, slice_: ByteSlice, size: int) -> None:
        start, end = read_from(slice_, layout), min(slice_.end, size)
        self._rows: CsvRows | LineRows
        if layout.format is InputFormat.CSV:
            self._rows = CsvRows(_between(chunks, start, end), layout)
        else:
            owned = _owned(chunks, start, end, skip=start < slice_.start)
            self._rows = LineRows(owned, parsed=layout.format is not InputFormat.VERTEX_JSONL)

    @property
    def lines(self) -> int:
        """Physical lines so far."""
        return self._rows.lines

    @property
    def rows(self) -> int:
        """Rows so far."""
        return self._rows.rows

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read on."""
        return iter(self._rows)


def _between(chunks: Iterable[bytes], position: int, end: int) -> Iterator[bytes]:
    """The stream, which stands at `position`, up to `end`."""
    for chunk in chunks:
        if position >= end:
            return
        yield chunk[: end - position]
        position += len(chunk)
    _check(position, end)


def _owned(chunks: Iterable[bytes], position: int, end: int, *, skip: bool) -> Iterator[bytes]:
    """The lines that begin before `end`, of a stream that stands at `position`; with `skip` without the first.

    Of a last line that is too large for a row no more is read than shows it.
    """
    for chunk in chunks:
        at, position = position, position + len(chunk)
        begin = 0
        if skip:
            begin = chunk.find(NEWLINE) + 1
            skip = not begin
            if skip and position < end:
                continue
            if skip or at + begin >= end:
                return
        if position < end:
            yield chunk[begin:]
            continue
        last = chunk.find(NEWLINE, max(end - 1 - at, begin)) + 1
        yield chunk[begin:last] if last else chunk[begin:]
        if last or position > end + REQUEST_BYTES:
            return
    _check(position, end)


def _check(position: int, end: int) -> None:
    if position < end:
        raise Transient(f"The input ended at byte {position} instead of {end}.")
