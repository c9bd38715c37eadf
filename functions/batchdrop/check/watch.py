"""Telling of a long file while it is checked: bad rows at once, progress on stderr."""

import sys
import time
from typing import TextIO

from batchdrop.check.slices import Bad
from batchdrop.check.told import bad_line

_MIB = 1024 * 1024
_EVERY = {True: 0.2, False: 10.0}
"""Seconds between two words of progress, on a terminal and elsewhere."""


class Screen:
    """Writes bad rows to `errors`, up to `most`, and progress to stderr."""

    def __init__(self, errors: TextIO, most: int) -> None:
        """Begin now."""
        self._errors = errors
        self._most = most
        self._told = self._bytes = self._rows = 0
        self._share = 0.0
        self._started = self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def read(self, size: int) -> None:
        """Count bytes that were read."""
        self._bytes += size
        self._tell()

    def bad(self, row: Bad) -> None:
        """Tell of a bad row at once."""
        self._told += 1
        if self._told <= self._most:
            self._clear()
            print(bad_line(row), file=self._errors, flush=True)
        elif self._told == self._most + 1:
            print("... and more; --errors says how many are shown, --json has up to 1,000", file=self._errors)

    def staged(self, rows: int, share: float) -> None:
        """Count rows that are done."""
        self._rows, self._share = rows, share
        self._tell()

    def end(self) -> None:
        """Leave nothing half-written on the terminal."""
        self._clear()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._last < _EVERY[self._terminal]:
            return
        self._last = now
        if self._rows:
            share = f"{self._share:.0%}, " if self._share else ""
            said = f"{share}{self._rows:,} rows, {self._rows / (now - self._started):,.0f} a second"
        else:
            said = f"{self._bytes / _MIB:,.0f} MiB looked at"
        begin, end = ("\r\x1b[K", "") if self._terminal else ("", "\n")
        print(f"{begin}{said}", end=end, file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
