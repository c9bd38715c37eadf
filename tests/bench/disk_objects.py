"""Cloud Storage on a folder: streams both ways, holds no object in memory, composes and copies without moving bytes."""

import base64
import io
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import google_crc32c
import msgspec

from batchdrop.domain.errors import Conflict, ObjectGone
from batchdrop.domain.ids import Generation
from batchdrop.domain.limits import COMPOSE_SOURCES, KIB, READ_BYTES, WRITE_BYTES
from batchdrop.domain.objects import ObjectInfo
from batchdrop.ports import Clock, ObjectWriter
from tests.fakes.objects import Happened

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_SUM_CHUNK = 64 * KIB
"""As large as the cloud adapter's, so that what a step holds by reading and writing is the same here."""


class Blob(msgspec.Struct, frozen=True):
    """A file that is an object, or a stretch of one that was composed."""

    path: str
    size: int


class Stored(msgspec.Struct, frozen=True):
    """One live object."""

    info: ObjectInfo
    blobs: tuple[Blob, ...]


class DiskObjects:
    """`Objects` in a folder. Every bucket exists, and none keeps old generations.

    Objects may consist of files outside the folder; those are read, never removed.
    """

    def __init__(self, folder: Path, clock: Clock, stored: Iterable[Stored] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.events: list[Happened] = []
        self._folder = folder
        self._clock = clock
        self._live = {(old.info.bucket, old.info.name): old for old in stored}
        self._numbers = count(1)
        self._generations = count(1 + max((old.info.generation for old in self._live.values()), default=0))
        self._uses = Counter(blob.path for old in self._live.values() for blob in old.blobs)

    def stored(self) -> list[Stored]:
        """All live objects, for another process to go on with."""
        return list(self._live.values())

    def put_file(self, bucket: str, name: str, path: Path) -> ObjectInfo:
        """Make an object of a file, which stays where it is."""
        with path.open("rb") as file:
            checksum = 0
            while chunk := file.read(READ_BYTES):
                checksum = google_crc32c.extend(checksum, chunk)
        blob = Blob(str(path), path.stat().st_size)
        return self._add(bucket, name, (blob,), "", _base64(checksum))

    def paths(self, bucket: str) -> list[Path]:
        """The files that the objects of a bucket consist of, by name."""
        names = sorted(name for where, name in self._live if where == bucket)
        return [Path(blob.path) for name in names for blob in self._live[bucket, name].blobs]

    def clear(self) -> None:
        """Remove the folder and all that was written here."""
        shutil.rmtree(self._folder)

    def stat(self, bucket: str, name: str, generation: Generation | None = None) -> ObjectInfo | None:
        found = self._live.get((bucket, name))
        return None if found is None or generation not in (None, found.info.generation) else found.info

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
        offset = 0
        for blob in self._need(bucket, name, generation).blobs:
            stop = offset + blob.size if end is None else min(end, offset + blob.size)
            if start < stop and stop > offset:
                yield from _chunks(Path(blob.path), max(start, offset) - offset, stop - offset, chunk)
            offset += blob.size

    @contextmanager
    def write(self, bucket: str, name: str, content_type: str, buffer: int = WRITE_BYTES) -> Iterator[ObjectWriter]:
        path = self._folder / f"{next(self._numbers):08d}"
        raw = _Summing(path)
        try:
            with io.BufferedWriter(raw, buffer) as buffered:
                yield buffered
        except BaseException:
            path.unlink()
            raise
        self._add(bucket, name, (Blob(str(path), raw.size),), content_type, _base64(raw.checksum))

    def write_at(self, bucket: str, name: str, data: bytes, content_type: str, if_generation: Generation) -> ObjectInfo:
        live = self._live.get((bucket, name))
        if (0 if live is None else live.info.generation) != if_generation:
            raise Conflict(f"gs://{bucket}/{name} is not at generation {if_generation}")
        with self.write(bucket, name, content_type) as writer:
            writer.write(data)
        return self._live[bucket, name].info

    def compose(self, bucket: str, name: str, sources: Sequence[str], content_type: str) -> ObjectInfo:
        if not 1 <= len(sources) <= COMPOSE_SOURCES:
            raise ValueError(f"compose of {len(sources)} sources; 1 to {COMPOSE_SOURCES} are allowed")
        found = [self._need(bucket, source) for source in sources]
        blobs = tuple(blob for source in found for blob in source.blobs)
        return self._add(bucket, name, blobs, content_type, "")

    def rewrite(self, bucket: str, name: str, to_bucket: str, to_name: str, content_type: str) -> ObjectInfo:
        found = self._need(bucket, name)
        return self._add(to_bucket, to_name, found.blobs, content_type, found.info.crc32c)

    def list(self, bucket: str, prefix: str, *, since: datetime | None = None, after: str = "") -> Iterator[ObjectInfo]:
        for where, name in sorted(self._live):
            found = self._live.get((where, name)) if name > after else None
            if found is not None and where == bucket and name.startswith(prefix) and _created(found.info, since):
                yield found.info

    def delete(self, bucket: str, names: Iterable[str]) -> None:
        for name in list(names):
            self._drop(bucket, name)

    def _add(self, bucket: str, name: str, blobs: tuple[Blob, ...], content_type: str, crc32c: str) -> ObjectInfo:
        info = ObjectInfo(
            bucket=bucket,
            name=name,
            generation=Generation(next(self._generations)),
            size=sum(blob.size for blob in blobs),
            crc32c=crc32c,
            content_type=content_type,
            created_at=self._clock.now(),
        )
        self._uses.update(blob.path for blob in blobs)
        self._drop(bucket, name)
        self._live[bucket, name] = Stored(info, blobs)
        self.events.append(Happened("finalized", info))
        return info

    def _drop(self, bucket: str, name: str) -> None:
        old = self._live.pop((bucket, name), None)
        for path in [Path(blob.path) for blob in old.blobs] if old is not None else []:
            self._uses[str(path)] -= 1
            if not self._uses[str(path)] and path.parent == self._folder:
                path.unlink()

    def _need(self, bucket: str, name: str, generation: Generation | None = None) -> Stored:
        found = self._live.get((bucket, name))
        if found is None or generation not in (None, found.info.generation):
            raise ObjectGone(f"gs://{bucket}/{name}, or the generation asked for, does not exist")
        return found


class _Summing(io.FileIO):
    """A new file that sums up what is written to it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w")
        self.size = 0
        self.checksum = 0

    def write(self, data: "ReadableBuffer", /) -> int:
        written = super().write(data)
        self.size += written
        view = memoryview(data)[:written]
        for start in range(0, written, _SUM_CHUNK):
            self.checksum = google_crc32c.extend(self.checksum, bytes(view[start : start + _SUM_CHUNK]))
        return written


def _chunks(path: Path, start: int, end: int, size: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while start < end:
            chunk = file.read(min(size, end - start))
            if not chunk:
                raise ObjectGone(f"{path} is shorter than it was")
            start += len(chunk)
            yield chunk


def _base64(checksum: int) -> str:
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()


def _created(info: ObjectInfo, since: datetime | None) -> bool:
    return since is None or (info.created_at is not None and info.created_at >= since)
