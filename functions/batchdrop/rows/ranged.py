"""A file to seek in, over reads of byte ranges."""

import io
from collections.abc import Callable, Iterable
from typing import NamedTuple

from batchdrop.domain.errors import Transient
from batchdrop.domain.limits import KIB

ReadRange = Callable[[int, int], Iterable[bytes]]
"""Gives the bytes of [start, end) in chunks."""


class _Window(NamedTuple):
    start: int
    data: bytes


class RangedFile:
    """A read-only binary file of which some windows are held in memory.

    A read outside of them fetches a window from there on, and the window not read for the longest time goes. So
    several places of the file can be read along at once, each with its read-ahead. `failure` is the exception that
    the last fetch ended with: libraries between here and the caller may have made another of it.
    """

    def __init__(self, read: ReadRange, size: int, window: int = 64 * KIB) -> None:
        self.closed = False
        self.failure: Exception | None = None
        self._read_range = read
        self._size = size
        self._position = 0
        self._windows: list[_Window] = []
        self._window = window
        self._most = 2

    def follow(self, places: int, window: int) -> None:
        """From now on hold so many windows of this size, for as many places that are read along."""
        self._most, self._window = places, window

    def hold(self, start: int, end: int) -> None:
        """Fetch a part of the file, and hold that instead of what was held."""
        self._windows = [_Window(start, self._fetch(start, end))]

    def read(self, size: int = -1) -> bytes:
        """Read from where the file stands, up to its end."""
        end = self._size if size < 0 else min(self._position + size, self._size)
        parts: list[bytes] = []
        while self._position < end:
            part = self._part(end)
            self._position += len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Stand somewhere else; tells where."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Where the file stands."""
        return self._position

    def size(self) -> int:
        """Bytes of the whole file."""
        return self._size

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is not."""
        return False

    def flush(self) -> None:
        """Nothing to write."""

    def close(self) -> None:
        """Let go of what is held."""
        self.closed = True
        self._windows = []

    def _part(self, end: int) -> bytes:
        """Bytes from the position on, as far as one window has them."""
        window = self._held() or self._fetched(end)
        begin = self._position - window.start
        return window.data[begin : begin + end - self._position]

    def _held(self) -> _Window | None:
        for place, window in enumerate(self._windows):
            if window.start <= self._position < window.start + len(window.data):
                self._windows.insert(0, self._windows.pop(place))
                return window
        return None

    def _fetched(self, end: int) -> _Window:
        stop = min(max(end, self._position + self._window), self._size)
        window = _Window(self._position, self._fetch(self._position, stop))
        if len(window.data) <= self._window:
            self._windows = [window, *self._windows[: self._most - 1]]
        return window

    def _fetch(self, start: int, end: int) -> bytes:
        self.failure = None
        try:
            return self._whole(start, end)
        except Exception as error:
            self.failure = error
            raise

    def _whole(self, start: int, end: int) -> bytes:
        data = b"".join(self._read_range(start, end))
        if len(data) != end - start:
            raise Transient(f"Bytes {start} to {end} came as {len(data)} bytes.")
        return data
