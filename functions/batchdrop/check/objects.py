"""Cloud Storage on this machine: a folder stands for the input bucket; what staging writes is looked at, not kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import msgspec

from batchdrop.domain.errors import ObjectGone
from batchdrop.domain.ids import Generation
from batchdrop.domain.limits import READ_BYTES, WRITE_BYTES
from batchdrop.domain.objects import ObjectInfo
from batchdrop.ports import ObjectWriter

INPUT, WORK = "input", "work"
ONLY = Generation(1)
"""A file has one generation here."""

Sink = Callable[[bytes], object]


class Place(msgspec.Struct, frozen=True):
    """Where objects are: `root` stands for the input bucket, `instead` names files by the objects they stand for.

    `work` is a folder for what must be read again.
    """

    root: str
    work: str
    instead: dict[str, str] = {}


class _Writer:
    def __init__(self, write: Sink) -> None:
        self.write = write


class LocalObjects:
    """`Objects` that only reads from the input bucket. Of what is written, only unpacked slices are kept.

    `sinks` take other objects' bytes, by the last part of their names.
    """

    def __init__(self, place: Place, sinks: Mapping[str, Sink], read: Callable[[int], object] = lambda _: None) -> None:
        """Prepare; `read` is told how many bytes were read each time."""
        self._place = place
        self._sinks = sinks
        self._read = read

    def stat(self, bucket: str, name: str, generation: Generation | None = None) -> ObjectInfo | None:
        """Metadata of a file."""
        name = self._place.instead.get(name, name)
        path = self._path(bucket, name)
        if generation not in (None, ONLY) or not path.is_file():
            return None
        return ObjectInfo(bucket=bucket, name=name, generation=ONLY, size=path.stat().st_size, crc32c="")

    def read(  # noqa: PLR0913  # an object, its generation, a range, and how much of it at a time
        self,
        bucket: str,
        name: str,
        generation: Generation | None = None,
        start: int = 0,
        end: int | None = None,
        *,
        chunk: int = READ_BYTES,
    ) -> Iterator[bytes]:
        """Stream a file."""
        if self.stat(bucket, name, generation) is None:
            raise ObjectGone(f"{name} is not there")
        with self._path(bucket, self._place.instead.get(name, name)).open("rb", buffering=0) as file:
            file.seek(start)
            while data := file.read(chunk if end is None else min(chunk, end - file.tell())):
                self._read(len(data))
                yield data

    @contextmanager
    def write(self, bucket: str, name: str, content_type: str, buffer: int = WRITE_BYTES) -> Iterator[ObjectWriter]:
        """Keep slices of what was compressed; show all else to its sink."""
        del content_type, buffer
        if "/plain/" not in name:
            kind = next((kind for kind in self._sinks if name.endswith(kind)), "")
            yield _Writer(self._sinks.get(kind, len))
            return
        path = self._path(bucket, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            yield _Writer(file.write)

    def write_at(self, bucket: str, name: str, data: bytes, content_type: str, if_generation: Generation) -> ObjectInfo:
        """Never asked for."""
        del bucket, name, data, content_type, if_generation
        _never()

    def compose(self, bucket: str, name: str, sources: Sequence[str], content_type: str) -> ObjectInfo:
        """Never asked for."""
        del bucket, name, sources, content_type
        _never()

    def rewrite(self, bucket: str, name: str, to_bucket: str, to_name: str, content_type: str) -> ObjectInfo:
        """Never asked for."""
        del bucket, name, to_bucket, to_name, content_type
        _never()

    def list(self, bucket: str, prefix: str, *, since: datetime | None = None, after: str = "") -> Iterator[ObjectInfo]:
        """Never asked for."""
        del bucket, prefix, since, after
        _never()

    def delete(self, bucket: str, names: Iterable[str]) -> None:
        """Never asked for."""
        del bucket, names
        _never()

    def _path(self, bucket: str, name: str) -> Path:
        return Path(self._place.root if bucket == INPUT else self._place.work) / name


def _never() -> NoReturn:
    raise AssertionError("checking a file only reads it")
