"""The rows of a stream of CSV records, read at the speed of Python's own csv module.

Runs of lines without quotes are split outright; others go through the csv module, which also tells on which line
each record ends. What it cannot do (records as long as files, carriage returns amid a line, no UTF-8) is read
record by record, by the same rules.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, count, repeat
from typing import cast

import msgspec

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.job import Layout
from batchdrop.domain.limits import MIB, REQUEST_BYTES
from batchdrop.rows.csv_lines import CsvLines, Record
from batchdrop.rows.csvrules import BLANKS, RecordScanner
from batchdrop.rows.lines import NEWLINE, RUN_BYTES, Held, Piece, pieces, run_end, whole_piece
from batchdrop.rows.makers import object_maker
from batchdrop.rows.parse import field_count, parse_csv, too_large, unclosed
from batchdrop.rows.values import BadRow, Problem, Row

_LONG = MIB
"""A record that has not ended after so many bytes is no longer looked at from its start again and again."""

_Rows = Iterable[Row | BadRow]
_BLANKS = BLANKS.decode()
_encode = msgspec.json.Encoder().encode


class CsvRows:
    """Iterates once over the rows of a stream that begins and ends with whole records.

    `rows` and `lines` count what was read so far.
    """

    def __init__(self, chunks: Iterable[bytes], layout: Layout) -> None:
        self.rows = 0
        self.lines = 0
        self._chunks = iter(chunks)
        self._layout = layout
        self._quote = layout.quote.encode()
        self._used = 0

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read on. Rows come run by run: a generator inside generators would cost each of them."""
        return chain.from_iterable(self._runs())

    def _runs(self) -> Iterator[_Rows]:
        rest = b""
        for chunk in self._chunks:
            data = rest + chunk if rest else chunk
            yield from self._runs_of(data)
            rest = data[self._used :]
            if len(rest) > _LONG:
                piece, is_open, rest = self._long_record(rest)
                yield self._single(piece, is_open=is_open)
        yield from self._runs_of(rest)
        scanner = self._scanner()
        for piece in pieces((rest[self._used :],), scanner.ends, REQUEST_BYTES):
            yield self._single(piece, is_open=scanner.open)

    def _runs_of(self, data: bytes) -> Iterator[_Rows]:
        """The records that end in `data`, which begins with one; `_used` tells how many bytes they are."""
        begin, size = 0, RUN_BYTES
        while end := run_end(data, begin, size):
            yield from self._run(data[begin:end])
            begin += self._used
            if not self._used and data.find(NEWLINE, end) < 0:
                break
            size = RUN_BYTES if self._used else 2 * size
        self._used = begin

    def _run(self, run: bytes) -> Iterator[_Rows]:
        try:
            text = run.decode()
        except UnicodeDecodeError:
            yield from self._exact(run)
            return
        if self._quote and self._quote in run:
            yield from self._quoted(run, text)
            return
        self._used = len(run)
        records = (text.replace("\r\n", "\n") if b"\r" in run else text).split("\n")
        records.pop()
        fields = map(str.split, records, repeat(self._layout.delimiter))
        yield self._rows(zip(count(self.lines + 1), records, fields, strict=False))
        self.lines += len(records)

    def _quoted(self, run: bytes, text: str) -> Iterator[_Rows]:
        if b"\r" in run and run.count(b"\r") != run.count(b"\r\n"):
            yield from self._exact(run)
            return
        split = CsvLines(run, text, self._layout).split(self.lines + 1)
        yield self._rows(split.records)
        self.lines += split.lines
        self._used = split.size
        if split.stuck:
            yield from self._exact(run[split.size :])
            self._used += split.size

    def _exact(self, run: bytes) -> Iterator[_Rows]:
        """The records that end in a run, one by one."""
        begin = 0
        for end in self._scanner().ends(run):
            yield self._single(whole_piece(run[begin : end - 1], end - begin, REQUEST_BYTES))
            begin = end
        self._used = begin

    def _rows(self, records: Iterable[Record]) -> Iterator[Row | BadRow]:
        made, width = object_maker(self._layout.columns), len(self._layout.columns)
        numbers = cast("Iterator[RowNumber]", count(self.rows))
        for line, record, fields in records:
            if len(fields) == width and (width > 1 or record.strip(_BLANKS)):
                yield Row(row=next(numbers), line=line, raw=_encode(record), value=made(fields))
            elif record.strip(_BLANKS):
                problem = field_count(len(fields), width)
                yield BadRow(row=next(numbers), line=line, raw=record.encode(), problem=problem)
        self.rows = next(numbers)

    def _single(self, piece: Piece, *, is_open: bool = False) -> _Rows:
        """One record that was read by itself; `is_open` if its last quote is never closed."""
        line, row = self.lines + 1, RowNumber(self.rows)
        self.lines += 1 + piece.breaks
        raw = piece.data.removesuffix(b"\r")
        if piece.kept and not raw.strip(BLANKS):
            return ()
        self.rows += 1
        value = unclosed(piece.breaks + 1) if is_open else self._value(raw, piece)
        if isinstance(value, Problem):
            return (BadRow(row=row, line=line, raw=raw, problem=value),)
        return (Row(row=row, line=line, raw=_encode(raw.decode()), value=value),)

    def _value(self, raw: bytes, piece: Piece) -> dict[str, object] | Problem:
        return parse_csv(raw, self._layout) if piece.kept else too_large()

    def _long_record(self, begun: bytes) -> tuple[Piece, bool, bytes]:
        """One record, as much of the stream as it takes; whether a quote is open at its end; what was read beyond."""
        scanner, held = self._scanner(), Held(REQUEST_BYTES)
        for chunk in chain((begun,), self._chunks):
            end = scanner.first_end(chunk, 0, len(chunk))
            held.add(chunk[:end] if end else chunk)
            if end:
                return held.piece(ended=True), False, chunk[end:]
        return held.piece(ended=False), scanner.open, b""

    def _scanner(self) -> RecordScanner:
        return RecordScanner(self._layout.delimiter, self._layout.quote)
