"""Cutting an input into slices of bytes, each the input of one shard."""

from collections.abc import Iterable

from batchdrop.domain.job import Layout
from batchdrop.domain.shard import ByteSlice
from batchdrop.rows.csvrules import QuoteScanner
from batchdrop.rows.lines import NEWLINE


def cut_jsonl(layout: Layout, size: int, start: int, shard_bytes: int, most: int) -> tuple[ByteSlice, ...]:
    """Cut [start, size) every `shard_bytes` bytes, at most `most` times.

    A slice owns the lines that begin in it, so that nothing needs to be read for this.
    """
    begin = max(start, layout.body)
    bounds = range(begin, size, shard_bytes)[:most]
    return tuple(ByteSlice(bound, min(bound + shard_bytes, size)) for bound in bounds)


def cut_csv(  # noqa: PLR0913, PLR0917  # the counterpart of cut_jsonl, and the stream it scans
    chunks: Iterable[bytes], layout: Layout, size: int, start: int, shard_bytes: int, most: int
) -> tuple[ByteSlice, ...]:
    """Cut [start, size) behind records, at most `most` times; no more is read than that takes.

    Args:
        chunks: the input from `start` on, which is a record's start.
        layout: what the input's head said.
        size: bytes of the whole input; the last slice ends there.
        start: where the first slice begins.
        shard_bytes: no slice is longer, unless a single record is.
        most: how many slices are wanted.
    """
    cutter = _Cutter(start, shard_bytes, most)
    scanner = QuoteScanner(layout.delimiter)
    position = start
    for chunk in chunks:
        for begin, end in scanner.spans(chunk):
            cutter.scan(chunk, begin, end, position)
        if len(cutter.slices) >= most:
            return tuple(cutter.slices[:most])
        position += len(chunk)
    cutter.finish(size)
    return tuple(cutter.slices[:most])


class _Cutter:
    """The slices so far; `begin` is where the next one begins, `good` the last record end behind it."""

    def __init__(self, begin: int, shard_bytes: int, most: int) -> None:
        self.slices: list[ByteSlice] = []
        self.begin = begin
        self._good = begin
        self._shard_bytes = shard_bytes
        self._most = most

    def scan(self, chunk: bytes, begin: int, end: int, offset: int) -> None:
        """Take in the record ends among chunk[begin:end], where the chunk stands at `offset` of the input."""
        while len(self.slices) < self._most:
            limit = min(max(self.begin + self._shard_bytes - offset, begin), end)
            last = chunk.rfind(NEWLINE, begin, limit) + 1
            if last:
                self._good = offset + last
            if limit == end:
                return
            if self._good == self.begin:
                first = chunk.find(NEWLINE, limit, end) + 1
                if not first:
                    return
                self._good = offset + first
            self.cut(self._good)
            begin = max(begin, self.begin - offset)

    def finish(self, size: int) -> None:
        """End the last slice, or the last two, where the input ends."""
        if self._good > self.begin and size - self.begin > self._shard_bytes:
            self.cut(self._good)
        if self.begin < size:
            self.cut(size)

    def cut(self, end: int) -> None:
        """End the slice here."""
        self.slices.append(ByteSlice(self.begin, end))
        self.begin = self._good = end
