"""Records in a stream of chunks, found in flat memory."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

NEWLINE = b"\n"


class Piece(NamedTuple):
    """One record as it stands in the file, with the line feeds inside it counted.

    `data` is without the final line feed, and empty if the record is over the limit (not `kept`); `size` is with
    it. Only the last record of a stream may not have `ended`: no line feed, or one inside an unclosed quote.
    """

    data: bytes
    size: int
    breaks: int
    kept: bool
    ended: bool


def line_ends(chunk: bytes) -> Iterator[int]:
    """Offsets just behind each line feed of a chunk."""
    end = chunk.find(NEWLINE) + 1
    while end:
        yield end
        end = chunk.find(NEWLINE, end) + 1


def pieces(chunks: Iterable[bytes], ends: Callable[[bytes], Iterator[int]], limit: int) -> Iterator[Piece]:
    """Split a stream where `ends` says that records end; what follows the last end is a record too.

    Args:
        chunks: the stream, from the first byte of a record.
        ends: called with each chunk in turn; gives the offsets behind each record in it.
        limit: a record of more bytes is passed over without being kept.
    """
    held = _Held(limit)
    for chunk in chunks:
        begin = 0
        for end in ends(chunk):
            if held.size:
                held.add(chunk[begin:end])
                yield held.piece(ended=True)
                held = _Held(limit)
            else:
                yield _whole(chunk[begin : end - 1], end - begin, limit)
            begin = end
        if begin < len(chunk):
            held.add(chunk[begin:])
    if held.size:
        yield held.piece(ended=False)


def _whole(data: bytes, size: int, limit: int) -> Piece:
    kept = len(data) <= limit
    return Piece(data if kept else b"", size, data.count(NEWLINE), kept, ended=True)


class _Held:
    """The beginning of a record whose end is not seen yet; forgets its bytes once they are too many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._feeds = 0
        self._last = b""
        self.size = 0

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self._feeds += data.count(NEWLINE)
        self._last = data[-1:]
        if self.size <= self._limit + len(NEWLINE):
            self._parts.append(data)
        else:
            self._parts.clear()

    def piece(self, *, ended: bool) -> Piece:
        feed = self._last == NEWLINE
        kept = self.size - feed <= self._limit
        data = b"".join(self._parts) if kept else b""
        return Piece(data[:-1] if kept and feed else data, self.size, self._feeds - feed, kept, ended)
