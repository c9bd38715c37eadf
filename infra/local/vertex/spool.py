"""The rows of one job in a temporary file: any row can be read at any time, none is held in memory."""

import os
import tempfile
from array import array
from typing import Self


class RowSpool:
    """Rows by index, from 0. Filled first, then sealed; after that reads may come from several threads."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="vertex-rows-", buffering=1 << 20)  # noqa: SIM115  # closed by close
        self._starts = array("Q", [0])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, row: bytes) -> None:
        """Add a row at the end."""
        self._file.write(row)
        self._starts.append(self._starts[-1] + len(row))

    def seal(self) -> None:
        """End the filling."""
        self._file.flush()

    def row(self, index: int) -> bytes:
        """The row at `index`."""
        start = self._starts[index]
        return os.pread(self._file.fileno(), self._starts[index + 1] - start, start)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
