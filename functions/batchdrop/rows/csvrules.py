"""CSV: where records end, and what their fields are.

The rules are those of Python's csv module: a quote opens only at a field's start, a doubled one inside is one
quote, and what stands between a closing quote and the next delimiter belongs to the field.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from functools import cache

from batchdrop.rows.lines import NEWLINE

QUOTE = b'"'
DELIMITERS = ",;\t|"

_INSIDE_QUOTES = re.compile(rb'[^"]*+(?:""[^"]*+)*+')


class _At(Enum):
    START = auto()
    PLAIN = auto()
    QUOTED = auto()
    CLOSED = auto()


class QuoteScanner:
    """Follows quotes through the chunks of a CSV stream that begins at a record's start."""

    def __init__(self, delimiters: str) -> None:
        self._before_quote = frozenset(delimiters.encode() + NEWLINE)
        self._at = _At.START

    @property
    def open(self) -> bool:
        """Whether a quoted field has not been closed so far."""
        return self._at is _At.QUOTED

    def spans(self, chunk: bytes) -> Iterator[tuple[int, int]]:
        """Ranges of the next chunk that lie outside quotes; every line feed in them ends a record."""
        position = 0
        while position < len(chunk):
            if self._at is _At.QUOTED:
                position = self._leave(chunk, position)
            elif self._at is not _At.PLAIN and chunk[position] == QUOTE[0]:
                self._at = _At.QUOTED
                position += 1
            else:
                end = self._enter(chunk, position)
                yield position, end
                position = end

    def ends(self, chunk: bytes) -> Iterator[int]:
        """Offsets just behind each record that ends in the next chunk."""
        for begin, stop in self.spans(chunk):
            end = chunk.find(NEWLINE, begin, stop) + 1
            while end:
                yield end
                end = chunk.find(NEWLINE, end, stop) + 1

    def _leave(self, chunk: bytes, position: int) -> int:
        """Find the closing quote; the position behind it, or the chunk's end."""
        inside = _INSIDE_QUOTES.match(chunk, position)
        end = inside.end() if inside else position
        if end < len(chunk):
            self._at = _At.CLOSED
        return end + 1

    def _enter(self, chunk: bytes, position: int) -> int:
        """Find the next opening quote; the position behind it, or the chunk's end."""
        quote = chunk.find(QUOTE, position + 1)
        while quote > 0:
            if chunk[quote - 1] in self._before_quote:
                self._at = _At.QUOTED
                return quote + 1
            quote = chunk.find(QUOTE, quote + 1)
        self._at = _At.START if chunk[-1] in self._before_quote else _At.PLAIN
        return len(chunk)


def fields_of(record: str, delimiter: str) -> list[str]:
    """Split one record, whose quotes are closed and whose line end is cut off, into its fields."""
    if '"' not in record:
        return record.split(delimiter)
    found: list[str] = []
    for quoted, behind, plain, separator in _field_pattern(delimiter).findall(record):
        found.append(quoted.replace('""', '"') + behind + plain)
        if not separator:
            break
    return found


@cache
def _field_pattern(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    return re.compile(rf'(?:"([^"]*+(?:""[^"]*+)*+)"([^{mark}]*+)|((?!")[^{mark}]*+))({mark}|\Z)')
