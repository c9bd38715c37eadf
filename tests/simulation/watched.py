"""The ports as the steps get them: each call comes past the scheduler before and after its effect."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import FrameType, TracebackType
from typing import Protocol, TypeVar

from batchdrop.domain.ids import Generation, VertexJobName
from batchdrop.domain.limits import READ_BYTES, WRITE_BYTES
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.refs import D, Query, Ref
from batchdrop.domain.vertex import BatchSpec, VertexJob
from batchdrop.ports import BatchService, Documents, Objects, ObjectWriter, Snapshot, Write
from tests.simulation.sites import Site, site_of

_T = TypeVar("_T")


class Gate(Protocol):
    """Where every call passes. Either method may raise, and may return much later."""

    def before(self, site: Site) -> int:
        """Pass before the effect; returns a number for `after`."""

    def after(self, site: Site, effect: int) -> None:
        """Pass after the effect."""


def _here(call: str) -> Site:
    """The steps' call that called the method that called this."""
    frame: FrameType = sys._getframe(2)
    return site_of(frame, call)


class WatchedDocuments:
    """`Documents` past a gate."""

    def __init__(self, inner: Documents, gate: Gate) -> None:
        self._inner = inner
        self._gate = gate

    def get(self, ref: Ref[D]) -> Snapshot[D] | None:
        site = _here("documents.get")
        effect = self._gate.before(site)
        found = self._inner.get(ref)
        self._gate.after(site, effect)
        return found

    def get_all(self, refs: Sequence[Ref[D]]) -> list[Snapshot[D]]:
        site = _here("documents.get_all")
        effect = self._gate.before(site)
        found = self._inner.get_all(refs)
        self._gate.after(site, effect)
        return found

    def find(self, query: Query[D]) -> Iterator[Snapshot[D]]:
        return _streamed(self._gate, _here("documents.find"), self._inner.find(query))

    def exists(self, query: Query[D]) -> bool:
        site = _here("documents.exists")
        effect = self._gate.before(site)
        found = self._inner.exists(query)
        self._gate.after(site, effect)
        return found

    def totals(self, query: Query[D], fields: Sequence[str]) -> Mapping[str, int]:
        site = _here("documents.totals")
        effect = self._gate.before(site)
        found = self._inner.totals(query, fields)
        self._gate.after(site, effect)
        return found

    def commit(self, writes: Sequence[Write]) -> None:
        site = _here("documents.commit")
        effect = self._gate.before(site)
        self._inner.commit(writes)
        self._gate.after(site, effect)


class WatchedObjects:
    """`Objects` past a gate."""

    def __init__(self, inner: Objects, gate: Gate) -> None:
        self._inner = inner
        self._gate = gate

    def stat(self, bucket: str, name: str, generation: Generation | None = None) -> ObjectInfo | None:
        site = _here("objects.stat")
        effect = self._gate.before(site)
        found = self._inner.stat(bucket, name, generation)
        self._gate.after(site, effect)
        return found

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
        chunks = self._inner.read(bucket, name, generation, start, end, chunk=chunk)
        return _streamed(self._gate, _here("objects.read"), chunks)

    def write(
        self, bucket: str, name: str, content_type: str, buffer: int = WRITE_BYTES
    ) -> AbstractContextManager[ObjectWriter]:
        return _WatchedWrite(self._gate, _here("objects.write"), self._inner.write(bucket, name, content_type, buffer))

    def write_at(self, bucket: str, name: str, data: bytes, content_type: str, if_generation: Generation) -> ObjectInfo:
        site = _here("objects.write_at")
        effect = self._gate.before(site)
        info = self._inner.write_at(bucket, name, data, content_type, if_generation)
        self._gate.after(site, effect)
        return info

    def compose(self, bucket: str, name: str, sources: Sequence[str], content_type: str) -> ObjectInfo:
        site = _here("objects.compose")
        effect = self._gate.before(site)
        info = self._inner.compose(bucket, name, sources, content_type)
        self._gate.after(site, effect)
        return info

    def rewrite(self, bucket: str, name: str, to_bucket: str, to_name: str, content_type: str) -> ObjectInfo:
        site = _here("objects.rewrite")
        effect = self._gate.before(site)
        info = self._inner.rewrite(bucket, name, to_bucket, to_name, content_type)
        self._gate.after(site, effect)
        return info

    def list(self, bucket: str, prefix: str, *, since: datetime | None = None, after: str = "") -> Iterator[ObjectInfo]:
        return _streamed(self._gate, _here("objects.list"), self._inner.list(bucket, prefix, since=since, after=after))

    def delete(self, bucket: str, names: Iterable[str]) -> None:
        site = _here("objects.delete")
        for name in names:
            effect = self._gate.before(site)
            self._inner.delete(bucket, [name])
            self._gate.after(site, effect)


class WatchedBatches:
    """`BatchService` past a gate."""

    def __init__(self, inner: BatchService, gate: Gate) -> None:
        self._inner = inner
        self._gate = gate

    def create(self, spec: BatchSpec) -> VertexJobName:
        site = _here("batches.create")
        effect = self._gate.before(site)
        name = self._inner.create(spec)
        self._gate.after(site, effect)
        return name

    def get(self, name: VertexJobName) -> VertexJob | None:
        site = _here("batches.get")
        effect = self._gate.before(site)
        job = self._inner.get(name)
        self._gate.after(site, effect)
        return job

    def find(self, location: str, display_name: str) -> list[VertexJob]:
        site = _here("batches.find")
        effect = self._gate.before(site)
        jobs = self._inner.find(location, display_name)
        self._gate.after(site, effect)
        return jobs

    def of_installation(self, location: str, installation: str, since: datetime) -> Iterator[VertexJob]:
        site = _here("batches.of_installation")
        return _streamed(self._gate, site, self._inner.of_installation(location, installation, since))

    def cancel(self, name: VertexJobName) -> None:
        site = _here("batches.cancel")
        effect = self._gate.before(site)
        self._inner.cancel(name)
        self._gate.after(site, effect)


def _streamed(gate: Gate, site: Site, found: Iterator[_T]) -> Iterator[_T]:
    """A stream is asked for with its first item, and all of it then: nothing changes what was once found."""
    effect = gate.before(site)
    items = list(found)
    gate.after(site, effect)
    yield from items


class _WatchedWrite:
    """A streamed write, whose effect is at the block's end."""

    def __init__(self, gate: Gate, site: Site, inner: AbstractContextManager[ObjectWriter]) -> None:
        self._gate = gate
        self._site = site
        self._inner = inner

    def __enter__(self) -> ObjectWriter:
        return self._inner.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if error is not None:
            return self._inner.__exit__(kind, error, trace)
        try:
            effect = self._gate.before(self._site)
        except BaseException as stopped:
            self._inner.__exit__(type(stopped), stopped, stopped.__traceback__)
            raise
        self._inner.__exit__(None, None, None)
        self._gate.after(self._site, effect)
        return None
