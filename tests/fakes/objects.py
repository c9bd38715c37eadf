"""Cloud Storage in memory: generations, versioned buckets, preconditions, compose of up to 32."""

import base64
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from itertools import count

import google_crc32c
import msgspec

from batchdrop.domain.errors import Conflict, ObjectGone
from batchdrop.domain.ids import Generation
from batchdrop.domain.limits import COMPOSE_SOURCES, MIB, OBJECT_NAME_BYTES, READ_BYTES, WRITE_BYTES
from batchdrop.domain.objects import ObjectInfo
from batchdrop.ports import Clock, ObjectWriter


class Happened(msgspec.Struct, frozen=True):
    """What a trigger would tell: `finalized`, `deleted` or `archived`, and the generation."""

    change: str
    object: ObjectInfo


class _Version(msgspec.Struct, frozen=True):
    info: ObjectInfo
    data: bytes


class FakeObjects:
    """`Objects` in memory. Every bucket exists; those named `versioned` keep what is overwritten or deleted.

    `events` has what triggers would tell, in order. `before_call` is called with a method's name and the object's;
    its exception is the call's. `chunk` is how many bytes a read yields at a time.
    """

    def __init__(self, clock: Clock, *, versioned: Iterable[str] = (), chunk: int = MIB) -> None:
        self.events: list[Happened] = []
        self.before_call: Callable[[str, str], None] = _nothing
        self._clock = clock
        self._versioned = frozenset(versioned)
        self._chunk = chunk
        self._live: dict[tuple[str, str], _Version] = {}
        self._kept: dict[tuple[str, str, Generation], _Version] = {}
        self._generations = count(1_700_000_000_000_001)
        self._lock = threading.RLock()

    def put(
        self, bucket: str, name: str, data: bytes, content_type: str = "", content_encoding: str = ""
    ) -> ObjectInfo:
        """Upload as a user does."""
        if len(name.encode()) > OBJECT_NAME_BYTES:
            raise ValueError(f"a name of {len(name.encode())} bytes; Cloud Storage takes {OBJECT_NAME_BYTES}")
        with self._lock:
            info = ObjectInfo(
                bucket=bucket,
                name=name,
                generation=Generation(next(self._generations)),
                size=len(data),
                crc32c=base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode(),
                content_type=content_type,
                content_encoding=content_encoding,
                created_at=self._clock.now(),
            )
            self._retire(bucket, name)
            self._live[bucket, name] = _Version(info, data)
            self.events.append(Happened("finalized", info))
        return info

    def content(self, bucket: str, name: str) -> bytes:
        """All bytes of the live generation."""
        return self._need(bucket, name).data

    def names(self, bucket: str) -> list[str]:
        """Names of the live objects, sorted."""
        return sorted(name for where, name in self._live if where == bucket)

    def stat(self, bucket: str, name: str, generation: Generation | None = None) -> ObjectInfo | None:
        self.before_call("stat", name)
        found = self._version(bucket, name, generation)
        return None if found is None else found.info

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
        self.before_call("read", name)
        data = self._need(bucket, name, generation).data[start:end]
        size = min(chunk, self._chunk)
        yield from (data[offset : offset + size] for offset in range(0, len(data), size))

    @contextmanager
    def write(self, bucket: str, name: str, content_type: str, buffer: int = WRITE_BYTES) -> Iterator[ObjectWriter]:
        del buffer
        data = BytesIO()
        yield data
        self.before_call("write", name)
        self.put(bucket, name, data.getvalue(), content_type)

    def write_at(self, bucket: str, name: str, data: bytes, content_type: str, if_generation: Generation) -> ObjectInfo:
        self.before_call("write_at", name)
        with self._lock:
            live = self._live.get((bucket, name))
            if (0 if live is None else live.info.generation) != if_generation:
                raise Conflict(f"gs://{bucket}/{name} is not at generation {if_generation}")
            return self.put(bucket, name, data, content_type)

    def compose(self, bucket: str, name: str, sources: Sequence[str], content_type: str) -> ObjectInfo:
        self.before_call("compose", name)
        if not 1 <= len(sources) <= COMPOSE_SOURCES:
            raise ValueError(f"compose of {len(sources)} sources; 1 to {COMPOSE_SOURCES} are allowed")
        data = b"".join(self._need(bucket, source).data for source in sources)
        return self.put(bucket, name, data, content_type)

    def rewrite(self, bucket: str, name: str, to_bucket: str, to_name: str, content_type: str) -> ObjectInfo:
        self.before_call("rewrite", name)
        return self.put(to_bucket, to_name, self._need(bucket, name).data, content_type)

    def list(self, bucket: str, prefix: str, *, since: datetime | None = None, after: str = "") -> Iterator[ObjectInfo]:
        self.before_call("list", prefix)
        for name in self.names(bucket):
            found = self._version(bucket, name)
            if found is not None and name.startswith(prefix) and name > after and _created(found.info, since):
                yield found.info

    def delete(self, bucket: str, names: Iterable[str]) -> None:
        for name in names:
            self.before_call("delete", name)
            with self._lock:
                self._retire(bucket, name)

    def forget(self, bucket: str, name: str, generation: Generation) -> None:
        """Delete one kept generation for good, as a lifecycle rule does."""
        gone = self._kept.pop((bucket, name, generation))
        self.events.append(Happened("deleted", gone.info))

    def _retire(self, bucket: str, name: str) -> None:
        """Take the live generation away, if there is one."""
        old = self._live.pop((bucket, name), None)
        if old is None:
            return
        if bucket in self._versioned:
            self._kept[bucket, name, old.info.generation] = old
        self.events.append(Happened("archived" if bucket in self._versioned else "deleted", old.info))

    def _version(self, bucket: str, name: str, generation: Generation | None = None) -> _Version | None:
        live = self._live.get((bucket, name))
        if generation is None or (live is not None and live.info.generation == generation):
            return live
        return self._kept.get((bucket, name, generation))

    def _need(self, bucket: str, name: str, generation: Generation | None = None) -> _Version:
        found = self._version(bucket, name, generation)
        if found is None:
            raise ObjectGone(f"gs://{bucket}/{name}, or the generation asked for, does not exist")
        return found


def _created(info: ObjectInfo, since: datetime | None) -> bool:
    return since is None or (info.created_at is not None and info.created_at >= since)


def _nothing(_method: str, _name: str) -> None:
    """Let a call pass."""
