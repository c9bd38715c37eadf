"""CSV: where records end, and what their fields are.

The rules are those of Python's csv module: a quote opens only at a field's start, a doubled one inside is one
quote, and what stands between a closing quote and the next delimiter belongs to the field. An empty `quote` stands
for files in which quotes are data.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from functools import cache

from batchdrop.domain.limits import MIB
from batchdrop.rows.lines import NEWLINE

DELIMITERS = ",;\t|"
QUOTE = '"'
_LONG = MIB
"""Matches of all fields of a longer record are not held at once: an empty field takes a hundred times as much so."""
BLANKS = b" \r"
"""A line of nothing else is no record."""


class _At(Enum):
    START = auto()
    PLAIN = auto()
    QUOTED = auto()
    CLOSED = auto()


class RecordScanner:
    """Follows quotes through the chunks of a CSV stream that begins at a record's start.

    Each method reads on from where the last one stopped: `begin` must be that place.
    """

    def __init__(self, delimiter: str, quote: str) -> None:
        self._quote = quote.encode()
        self._before_quote = frozenset(delimiter.encode() + NEWLINE)
        self._at = _At.START
        if quote:
            self._records = _record_pattern(delimiter, quote)
            self._inside = _inside_pattern(quote)

    @property
    def open(self) -> bool:
        """Whether a quoted field has not been closed so far."""
        return self._at is _At.QUOTED

    def ends(self, chunk: bytes) -> Iterator[int]:
        """Offsets just behind each record that ends in the next chunk; to be used up."""
        for begin, stop in self._spans(chunk, 0, len(chunk)):
            end = chunk.find(NEWLINE, begin, stop) + 1
            while end:
                yield end
                end = chunk.find(NEWLINE, end, stop) + 1

    def first_end(self, chunk: bytes, begin: int, stop: int) -> int:
        """Read up to the first end of a record in chunk[begin:stop], or all of it; the offset behind that, or 0."""
        for first, last in self._spans(chunk, begin, stop):
            end = chunk.find(NEWLINE, first, last) + 1
            if end:
                self._at = _At.START
                return end
        return 0

    def last_end(self, chunk: bytes, begin: int, stop: int) -> int:
        """Read all of chunk[begin:stop]; the offset behind the last record that ends in it, or 0."""
        end = 0
        if self._at is not _At.START:
            begin = end = self.first_end(chunk, begin, stop)
            if not end:
                return 0
        if self._quote and chunk.find(self._quote, begin, stop) >= 0:
            whole = self._records.match(chunk, begin, stop)
            if whole is not None and whole.end() > begin:
                begin = end = whole.end()
        for first, last in self._spans(chunk, begin, stop):
            end = chunk.rfind(NEWLINE, first, last) + 1 or end
        return end

    def _spans(self, chunk: bytes, position: int, stop: int) -> Iterator[tuple[int, int]]:
        """Ranges of chunk[position:stop] that lie outside quotes; every line feed in them ends a record."""
        while position < stop:
            if self._at is _At.QUOTED:
                position = self._leave(chunk, position, stop)
            elif self._at is not _At.PLAIN and chunk[position : position + 1] == self._quote:
                self._at = _At.QUOTED
                position += 1
            else:
                end = self._enter(chunk, position, stop)
                yield position, end
                position = end

    def _leave(self, chunk: bytes, position: int, stop: int) -> int:
        """Find the closing quote; the position behind it, or `stop`."""
        inside = self._inside.match(chunk, position, stop)
        end = inside.end() if inside else position
        if end < stop:
            self._at = _At.CLOSED
        return end + 1

    def _enter(self, chunk: bytes, position: int, stop: int) -> int:
        """Find the next opening quote; the position behind it, or `stop`."""
        quote = chunk.find(self._quote, position + 1, stop) if self._quote else 0
        while quote > 0:
            if chunk[quote - 1] in self._before_quote:
                self._at = _At.QUOTED
                return quote + 1
            quote = chunk.find(self._quote, quote + 1, stop)
        self._at = _At.START if chunk[stop - 1] in self._before_quote else _At.PLAIN
        return stop


def fields_of(record: str, delimiter: str, quote: str = QUOTE) -> list[str]:
    """Split one record, whose quotes are closed and whose line end is cut off, into its fields."""
    if not quote or quote not in record:
        return record.split(delimiter)
    found: list[str] = []
    pattern = _field_pattern(delimiter, quote)
    every = pattern.findall(record) if len(record) < _LONG else (match.groups("") for match in pattern.finditer(record))
    for quoted, behind, plain, separator in every:
        found.append(quoted.replace(quote + quote, quote) + behind + plain)
        if not separator:
            break
    return found


@cache
def _inside_pattern(quote: str) -> re.Pattern[bytes]:
    mark = re.escape(quote)
    return re.compile(f"[^{mark}]*+(?:{mark}{mark}[^{mark}]*+)*+".encode())


@cache
def _field_pattern(delimiter: str, quote: str) -> re.Pattern[str]:
    mark, end = re.escape(quote), re.escape(delimiter)
    return re.compile(
        rf"(?:{mark}([^{mark}]*+(?:{mark}{mark}[^{mark}]*+)*+){mark}([^{end}]*+)|((?!{mark})[^{end}]*+))({end}|\Z)"
    )


@cache
def _record_pattern(delimiter: str, quote: str) -> re.Pattern[bytes]:
    """As many whole records as there are, at the speed of the regex engine: a quarter of a GB/s."""
    mark, end = re.escape(quote), re.escape(delimiter)
    quoted = rf"{mark}[^{mark}]*+(?:{mark}{mark}[^{mark}]*+)*+{mark}[^{end}\n]*+"
    field = rf"(?:{quoted}|(?!{mark})[^{end}\n]*+)"
    return re.compile(rf"(?:{field}(?:{end}{field})*+\n)*+".encode())
