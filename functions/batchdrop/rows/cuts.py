"""Cutting an input into slices, each the input of one shard."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.limits import MIB
from batchdrop.domain.shard import ByteSlice, RowGroups
from batchdrop.rows.csvrules import RecordScanner

_HELD_BYTES = 4 * MIB
"""A record that is longer is not held back to begin a slice of its own."""


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
    cutter = Cutter(_scanner(layout), start, shard_bytes)
    bounds = [start]
    for chunk in chunks:
        bounds += cutter.scan(chunk)
        if len(bounds) > most:
            break
    else:
        bounds += cutter.finish(size)
    return tuple(ByteSlice(begin, end) for begin, end in pairwise(bounds))[:most]


def cut_stream(chunks: Iterable[bytes], layout: Layout, start: int, shard_bytes: int) -> Iterator[bytes | None]:
    """Cut a stream behind records as it passes: the bytes of a slice in parts, then None, and on to the next slice.

    Args:
        chunks: the unpacked input from `start` on, which is a record's start.
        layout: what the input's head said.
        start: where the first slice begins.
        shard_bytes: no slice is longer, unless records of more than a few MiB are in it.
    """
    cutter = Cutter(_scanner(layout), start, shard_bytes)
    written, end = start, start
    tail = b""
    for chunk in chunks:
        tail += chunk
        end += len(chunk)
        for cut in cutter.scan(chunk):
            yield from _slice_end(tail[: cut - written])
            tail, written = tail[cut - written :], cut
        if len(tail) - max(cutter.good - written, 0) > _HELD_BYTES:
            cutter.hold_on()
            yield tail
            tail, written = b"", end
        elif cutter.good > written:
            yield tail[: cutter.good - written]
            tail, written = tail[cutter.good - written :], cutter.good
    for cut in cutter.finish(end):
        yield from _slice_end(tail[: cut - written])
        tail, written = tail[cut - written :], cut


def cut_groups(weights: Sequence[int], start: int, shard_bytes: int, most: int) -> tuple[RowGroups, ...]:
    """Cut the row groups from number `start` on, at most `most` times.

    No slice weighs more than `shard_bytes`, unless a single group does.
    """
    slices: list[RowGroups] = []
    while start < len(weights) and len(slices) < most:
        end, weight = start + 1, weights[start]
        while end < len(weights) and weight + weights[end] <= shard_bytes:
            weight += weights[end]
            end += 1
        slices.append(RowGroups(start, end))
        start = end
    return tuple(slices)


def _slice_end(rest: bytes) -> Iterator[bytes | None]:
    if rest:
        yield rest
    yield None


def _scanner(layout: Layout) -> RecordScanner:
    return RecordScanner(layout.delimiter, layout.quote if layout.format is InputFormat.CSV else "")


class Cutter:
    """Finds where to cut a stream of records, chunk by chunk.

    `begin` is where the slice in hand begins, `good` the last place seen where it could end, `begin` if there is none.
    """

    def __init__(self, scanner: RecordScanner, begin: int, shard_bytes: int) -> None:
        self.begin = begin
        self.good = begin
        self._position = begin
        self._scanner = scanner
        self._shard_bytes = shard_bytes

    def scan(self, chunk: bytes) -> list[int]:
        """Take in the next chunk; the offsets of the stream at which to cut, all of them behind a record."""
        offset, at = self._position, 0
        self._position += len(chunk)
        cuts: list[int] = []
        while True:
            limit = min(max(self.begin + self._shard_bytes - offset, at), len(chunk))
            last = self._scanner.last_end(chunk, at, limit)
            at = limit
            if last:
                self.good = offset + last
            if limit == len(chunk):
                return cuts
            if self.good == self.begin:
                first = self._scanner.first_end(chunk, at, len(chunk))
                if not first:
                    return cuts
                self.good, at = offset + first, first
            cuts.append(self._cut(self.good))

    def finish(self, end: int) -> list[int]:
        """Cut where the stream ends, and before that if the rest is more than one slice takes."""
        cuts = []
        if self.good > self.begin and end - self.begin > self._shard_bytes:
            cuts.append(self._cut(self.good))
        if self.begin < end:
            cuts.append(self._cut(end))
        return cuts

    def hold_on(self) -> None:
        """Let the slice in hand take the record in hand, however long that becomes."""
        self.good = self.begin

    def _cut(self, end: int) -> int:
        self.begin = self.good = end
        return end
