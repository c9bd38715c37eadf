"""Records in a stream of chunks, found in flat memory."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from batchdrop.domain.limits import KIB

NEWLINE = b"\n"
RUN_BYTES = 128 * KIB
"""What is taken apart at once: enough to make calls cheap, and little enough to stay in a processor's cache."""


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
    held = Held(limit)
    for chunk in chunks:
        begin = 0
        for end in ends(chunk):
            if held.size:
                held.add(chunk[begin:end])
                yield held.piece(ended=True)
                held = Held(limit)
            else:
                yield whole_piece(chunk[begin : end - 1], end - begin, limit)
            begin = end
        if begin < len(chunk):
            held.add(chunk[begin:])
    if held.size:
        yield held.piece(ended=False)


def line_runs(chunks: Iterable[bytes], limit: int) -> Iterator[bytes | Piece]:
    """Split a stream into runs of whole lines, to be taken apart at once, and single lines where chunks meet.

    A run has about RUN_BYTES and ends with a line feed. A single line is a Piece: it lay in two chunks or more, or is
    longer than `limit`, or is the stream's last and has no line feed.
    """
    held = Held(limit)
    for chunk in chunks:
        begin = 0
        if held.size:
            begin = chunk.find(NEWLINE) + 1
            held.add(chunk[:begin] if begin else chunk)
            if not begin:
                continue
            yield held.piece(ended=True)
            held = Held(limit)
        last = chunk.rfind(NEWLINE) + 1
        while begin < last:
            end = run_end(chunk, begin, RUN_BYTES)
            run = chunk[begin:end]
            yield run if len(run) <= limit else whole_piece(run[:-1], len(run), limit)
            begin = end
        if begin < len(chunk):
            held.add(chunk[begin:])
    if held.size:
        yield held.piece(ended=False)


def run_end(chunk: bytes, begin: int, size: int) -> int:
    """Offset behind the last line that ends within `size` bytes, else behind the first that ends at all, or 0."""
    return chunk.rfind(NEWLINE, begin, begin + size) + 1 or chunk.find(NEWLINE, begin + size) + 1


def whole_piece(data: bytes, size: int, limit: int) -> Piece:
    """Make a Piece of a record that lies in one chunk; `size` counts its line feed."""
    kept = len(data) <= limit
    return Piece(data if kept else b"", size, data.count(NEWLINE), kept, ended=True)


class Held:
    """The beginning of a record whose end is not seen yet; forgets its bytes once they are over the limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._feeds = 0
        self._last = b""
        self.size = 0

    def add(self, data: bytes) -> None:
        """Take in the next bytes of the record."""
        self.size += len(data)
        self._feeds += data.count(NEWLINE)
        self._last = data[-1:]
        if self.size <= self._limit + len(NEWLINE):
            self._parts.append(data)
        else:
            self._parts.clear()

    def piece(self, *, ended: bool) -> Piece:
        """Make the record of what was added."""
        feed = self._last == NEWLINE
        kept = self.size - feed <= self._limit
        data = b"".join(self._parts) if kept else b""
        return Piece(data[:-1] if kept and feed else data, self.size, self._feeds - feed, kept, ended)
