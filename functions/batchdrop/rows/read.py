"""Reading the rows of one slice: a slice owns the lines, or records, that begin in it."""

from collections.abc import Iterable, Iterator

import orjson

from batchdrop.domain.errors import Transient
from batchdrop.domain.ids import RowNumber
from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.domain.shard import ByteSlice
from batchdrop.rows.csvrules import QuoteScanner, fields_of
from batchdrop.rows.lines import Piece, line_ends, pieces
from batchdrop.rows.values import BadRow, Problem, Row, Stage

MAX_NESTING = 100
"""Deeper records are refused, so that nothing after this needs to fear for its stack."""


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
    `lines` counts the physical lines that the slice owns and `rows` its rows, bad ones included.

    Raises:
        Transient: the input ended before the slice did.
    """

    def __init__(self, chunks: Iterable[bytes], layout: Layout, slice_: ByteSlice, size: int) -> None:
        self.lines = 0
        self.rows = 0
        self._layout = layout
        self._end = min(slice_.end, size)
        self._position = read_from(slice_, layout)
        self._skips = self._position < slice_.start
        self._quotes = QuoteScanner(layout.delimiter)
        ends = self._quotes.ends if layout.format is InputFormat.CSV else line_ends
        self._pieces = pieces(chunks, ends, REQUEST_BYTES)

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read on."""
        if self._skips:
            self._position += next(self._pieces, _NOTHING).size
        while self._position < self._end:
            piece = next(self._pieces, None)
            if piece is None:
                raise Transient(f"The input ended at byte {self._position} instead of {self._end}.")
            self._position += piece.size
            line = self.lines + 1
            self.lines += 1 + piece.breaks
            if not piece.kept or not self._blank(piece.data):
                yield self._row(piece, RowNumber(self.rows), line)
                self.rows += 1

    def _blank(self, data: bytes) -> bool:
        return not data.strip(b" \r") if self._layout.format is InputFormat.CSV else not data or data.isspace()

    def _row(self, piece: Piece, row: RowNumber, line: int) -> Row | BadRow:
        raw = piece.data.removesuffix(b"\r")
        value = self._value(raw, piece)
        if isinstance(value, Problem):
            return BadRow(row=row, line=line, raw=raw, problem=value)
        return Row(row=row, line=line, raw=raw, value=value)

    def _value(self, raw: bytes, piece: Piece) -> dict[str, object] | Problem:
        if self._layout.format is InputFormat.CSV and self._quotes.open and not piece.ended:
            return _unclosed(piece.breaks + 1)
        if not piece.kept:
            return _too_large(piece.size)
        if self._layout.format is InputFormat.CSV:
            return parse_csv(raw, self._layout)
        return parse_json(raw)


_NOTHING = Piece(b"", 0, 0, kept=False, ended=False)


def parse_json(raw: bytes) -> dict[str, object] | Problem:
    """Read one line of JSONL."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _not_utf8(raw) or _problem(
            "INVALID_JSON",
            f"Not valid JSON at column {error.colno} of the line: {error.msg.partition(':')[0]}.",
            "Write one complete JSON object on each line.",
        )
    if not isinstance(value, dict):
        return _problem("NOT_AN_OBJECT", "The line is JSON, but no object.", "Write {...} on each line.")
    if raw.count(b"[") + raw.count(b"{") > MAX_NESTING and _deep(value):
        return _problem("TOO_DEEP", f"The record is nested more than {MAX_NESTING} deep.", "Flatten the record.")
    return value


def parse_csv(raw: bytes, layout: Layout) -> dict[str, object] | Problem:
    """Read one record of a CSV, whose quotes are closed."""
    try:
        record = raw.decode()
    except UnicodeDecodeError:
        return _not_utf8(raw) or _too_large(len(raw))
    fields = fields_of(record, layout.delimiter)
    if len(fields) != len(layout.columns):
        return _problem(
            "FIELD_COUNT",
            f"The record has {len(fields)} fields, the header {len(layout.columns)}.",
            'Put quotes around values that hold the delimiter, and write a quote inside them as "".',
        )
    return dict(zip(layout.columns, fields, strict=True))


def _problem(code: str, message: str, hint: str) -> Problem:
    return Problem(stage=Stage.READ, code=code, message=message, hint=hint)


def _not_utf8(raw: bytes) -> Problem | None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        message = f"Byte {error.start + 1} of the record is not UTF-8."
        return _problem("INVALID_UTF8", message, "Save the file as UTF-8, for example with iconv -f latin1 -t utf-8.")
    return None


def _too_large(size: int) -> Problem:
    message = f"The record has {size:,} bytes; a request may have {REQUEST_BYTES:,}."
    return _problem(
        "TOO_LARGE", message, "Shorten it, or put its media into a bucket and point to it with a gs:// URI."
    )


def _unclosed(lines: int) -> Problem:
    message = f"A quote that opens in this record is never closed: {lines} lines, to the end of the file, belong to it."
    return _problem("BAD_QUOTES", message, 'Close the quote; write a quote inside a quoted value as "".')


def _deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_NESTING):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
    return bool(level)
