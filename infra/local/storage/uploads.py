"""Resumable upload sessions. They survive a restart: the file's own length is how far one got.

Blocking, except for `lock`; a session is used by one request at a time.
"""

import asyncio
import weakref
from datetime import timedelta

import msgspec

from infra.local.storage import objects
from infra.local.storage.blobs import Sink
from infra.local.storage.checksums import verify
from infra.local.storage.errors import invalid, no_such_upload
from infra.local.storage.model import Draft, Expected, Ref, Session, StoredObject, UploadId
from infra.local.storage.shelf import Shelf

KEPT = timedelta(days=7)


class Uploads:
    """The sessions of one server, with the running checksums of those under way."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._locks: weakref.WeakValueDictionary[UploadId, asyncio.Lock] = weakref.WeakValueDictionary()
        self._sinks: dict[UploadId, Sink] = {}

    def lock(self, upload: UploadId) -> asyncio.Lock:
        """Held by the request that works on the session."""
        return self._locks.setdefault(upload, asyncio.Lock())

    def begin(self, session: Session) -> None:
        """Record a new session whose target can be written."""
        objects.check_target(self._shelf, Ref(session.bucket, session.name), session.conditions)
        with self._shelf.catalog.changing():
            self._shelf.catalog.put_upload(session)

    def find(self, upload: UploadId) -> Session:
        """The session, finished or not; 404 if it is unknown, cancelled or failed."""
        session = self._shelf.catalog.upload(upload)
        if session is None:
            raise no_such_upload()
        return session

    def sink(self, session: Session) -> Sink:
        """Where the session's next bytes go."""
        sink = self._sinks.get(session.id)
        if sink is None:
            sink = self._shelf.blobs.sink(session.blob)
            sink.reload()
            self._sinks[session.id] = sink
        return sink

    def finish(self, session: Session, expected: Expected) -> StoredObject:
        """Turn what arrived into the object. If that is refused, the session is over."""
        sink = self.sink(session)
        try:
            _require_size(session, sink.size)
            digest = sink.finish()
            verify(digest, session.expected)
            verify(digest, expected)
            draft = Draft(session.blob, digest, None, session.properties)
            target = Ref(session.bucket, session.name)
            item = objects.insert(self._shelf, target, draft, session.conditions, session)
        except BaseException:
            self.cancel(session)
            raise
        self._sinks.pop(session.id, None)
        return item

    def cancel(self, session: Session) -> None:
        """Forget the session and its bytes; a finished one keeps its object."""
        with self._shelf.catalog.changing():
            self._shelf.catalog.drop_upload(session.id)
        if session.result is None:
            self.sink(session).discard()
        self._sinks.pop(session.id, None)

    def sweep(self) -> None:
        """Forget sessions older than a week, as the cloud does."""
        oldest = self._shelf.clock() - KEPT
        for session in self._shelf.catalog.uploads():
            if session.created < oldest:
                self.cancel(session)

    def close(self) -> None:
        """Close the files of unfinished sessions; a later process takes them up again."""
        for sink in self._sinks.values():
            sink.close()
        self._sinks.clear()


def _require_size(session: Session, size: int) -> None:
    if session.total is not None and size != session.total:
        raise invalid(f"The upload has {size} bytes and was announced with {session.total}.")


def with_total(session: Session, total: int | None) -> Session:
    """The session once its size is known; 400 if it was announced with another."""
    if total is None or session.total == total:
        return session
    if session.total is not None:
        raise invalid(f"The upload was announced with {session.total} bytes, not {total}.")
    return msgspec.structs.replace(session, total=total)
