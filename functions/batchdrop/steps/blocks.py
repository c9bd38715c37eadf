"""Lines on their way into an object, handed over in blocks."""

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
            self.end()
            self._target.write(line)
            return
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes > BLOCK_BYTES:
            self.end()

    def end(self) -> None:
        """Write what is left."""
        if self._bytes:
            self._target.write(b"".join(self._lines))
        self._lines.clear()
        self._bytes = 0
