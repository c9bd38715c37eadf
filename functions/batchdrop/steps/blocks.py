"""Lines on their way into an object, handed over in blocks."""

from collections.abc import Iterable

from batchdrop.steps.lots import BLOCK_BYTES, LazyObject

_LARGE = 16 * 1024
"""So long a line is a block of its own, and is not copied into one."""


class Blocks:
    """Collects lines and writes them by the block; `end` writes the rest."""

    def __init__(self, target: LazyObject) -> None:
        self._target = target
        self._lines: list[bytes] = []
        self._bytes = 0

    def add(self, line: bytes) -> None:
        """Append a line, with its end; an empty one is nothing."""
        if len(line) > _LARGE:
            self._put(line)
            return
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes > BLOCK_BYTES:
            self.end()

    def write(self, lines: Iterable[bytes]) -> None:
        """Append lines as they come, and write the rest. For a line it takes fewer steps than `add`."""
        held, size = self._lines, self._bytes
        for line in lines:
            if len(line) > _LARGE:
                self._put(line)
                size = 0
                continue
            held.append(line)
            size += len(line)
            if size > BLOCK_BYTES:
                self.end()
                size = 0
        self.end()

    def end(self) -> None:
        """Write what is left."""
        if block := b"".join(self._lines):
            self._target.write(block)
        self._lines.clear()
        self._bytes = 0

    def _put(self, line: bytes) -> None:
        self.end()
        self._target.write(line)
