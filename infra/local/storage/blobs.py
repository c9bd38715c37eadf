"""Bytes on disk, one file per stored content, named by an opaque id.

A file is complete before the catalog names it and is never changed afterwards, so several objects may
share one. What a crash left unnamed is removed at the next start. Files are not synced: a crash of the
process loses nothing, a crash of the machine may lose the last writes.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from infra.local.storage.checksums import Hasher
from infra.local.storage.model import BlobId, Digest

CHUNK = 1 << 20
_NO_KERNEL_COPY = frozenset({errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM})


class Sink:
    """Where one upload's bytes go: appended to a file and hashed on the way. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._hasher = Hasher()

    @property
    def size(self) -> int:
        """Bytes taken in so far."""
        return self._hasher.size

    def write(self, chunks: Iterable[bytes]) -> None:
        """Append the chunks in order."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
        for chunk in chunks:
            self._file.write(chunk)
            self._hasher.update(chunk)

    def flush(self) -> None:
        """Hand everything to the operating system, so that it outlives this process."""
        if self._file is not None:
            self._file.flush()

    def finish(self) -> Digest:
        """Close the file, which exists from here on even if it is empty."""
        self.write(())
        self.close()
        return self._hasher.digest()

    def reload(self) -> None:
        """Take up a file that an earlier process began."""
        if self._path.exists():
            with self._path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    self._hasher.update(chunk)

    def close(self) -> None:
        """Close the file and keep it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Close the file and remove it."""
        self.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """All stored contents below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def sink(self, blob: BlobId) -> Sink:
        """A place for new bytes."""
        return Sink(self._path(blob))

    def open(self, blob: BlobId) -> BinaryIO:
        """The bytes, readable even if they are removed meanwhile."""
        return self._path(blob).open("rb")

    def remove(self, blob: BlobId) -> None:
        """Remove the bytes, if they are there."""
        self._path(blob).unlink(missing_ok=True)

    def concatenate(self, sources: Sequence[BinaryIO], blob: BlobId, size: int) -> None:
        """Write the sources one after the other, `size` bytes in all, inside the kernel where it can."""
        path = self._path(blob)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            for source in sources:
                _append(source, target)
        if path.stat().st_size != size:
            raise OSError(f"Composing {blob} wrote {path.stat().st_size} bytes instead of {size}.")

    def sweep(self, named: frozenset[BlobId]) -> None:
        """Remove what a crashed process left behind."""
        for path in self._root.glob("*/*"):
            if BlobId(path.name) not in named:
                path.unlink()

    def _path(self, blob: BlobId) -> Path:
        return self._root / blob[:2] / blob


def _append(source: BinaryIO, target: BinaryIO) -> None:
    if hasattr(os, "copy_file_range"):
        try:
            while os.copy_file_range(source.fileno(), target.fileno(), 1 << 30):
                pass
        except OSError as error:
            if error.errno not in _NO_KERNEL_COPY:
                raise
        else:
            return
    source.seek(os.lseek(source.fileno(), 0, os.SEEK_CUR))
    shutil.copyfileobj(source, target, CHUNK)
    target.flush()
