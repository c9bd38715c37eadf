"""The lines of an output on this machine's disk, cut into files of a bounded size."""

import os
import tempfile
from collections.abc import Iterator

import msgspec

_BLOCK = 1 << 20


class Parts:
    """Lines in a temporary file. A part ends before the line that would make it larger than `part_bytes`."""

    def __init__(self, part_bytes: int) -> None:
        self._file = tempfile.TemporaryFile(prefix="vertex-predictions-", buffering=_BLOCK)  # noqa: SIM115  # see close
        self._part_bytes = part_bytes
        self._starts = [0]
        self._size = 0

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, line: bytes) -> None:
        """Add a line at the end."""
        held = self._size - self._starts[-1]
        if held and held + len(line) > self._part_bytes:
            self._starts.append(self._size)
        self._size += self._file.write(line)

    def part(self, index: int) -> "Part":
        """A part, as far as it goes by now."""
        self._file.flush()
        return Part(self._file.fileno(), self._starts[index], [*self._starts, self._size][index + 1])

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


class Part(msgspec.Struct, frozen=True):
    """The bytes of an open file from `start` to `end`."""

    file: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """How many there are."""
        return self.end - self.start

    def blocks(self) -> Iterator[bytes]:
        """All of them, in pieces."""
        at = self.start
        while at < self.end:
            block = os.pread(self.file, min(_BLOCK, self.end - at), at)
            at += len(block)
            yield block
