"""What can be done to objects. Blocking; call from a thread.

An overwritten or deleted live object becomes noncurrent in a versioned bucket and is gone in any other.
A delete that names a generation removes it for good. Each of these is one transaction.
"""

from datetime import datetime
from typing import BinaryIO

import msgspec

from infra.local.storage import buckets
from infra.local.storage.catalog import Work
from infra.local.storage.errors import no_such_object
from infra.local.storage.model import (
    Bucket,
    Change,
    Conditions,
    Draft,
    EventKind,
    Generation,
    Json,
    ObjectName,
    Ref,
    Session,
    StoredObject,
)
from infra.local.storage.preconditions import require_for_read, require_for_write
from infra.local.storage.resources import WRITABLE, merge, writable
from infra.local.storage.shelf import Shelf


def existing(shelf: Shelf, ref: Ref) -> StoredObject:
    """The object; 404 if it or its bucket is not there."""
    buckets.find(shelf, ref.bucket)
    item = shelf.catalog.object(ref)
    if item is None:
        raise no_such_object(ref)
    return item


def find(shelf: Shelf, ref: Ref, conditions: Conditions) -> StoredObject:
    """The object's description; 404, 412 or 304 otherwise."""
    with shelf.catalog.reading():
        item = existing(shelf, ref)
    require_for_read(conditions, item)
    return item


def open_media(shelf: Shelf, ref: Ref, conditions: Conditions) -> tuple[StoredObject, BinaryIO]:
    """The object and its bytes, which stay readable whatever happens to the object meanwhile."""
    with shelf.catalog.reading():
        item = find(shelf, ref, conditions)
        return item, shelf.blobs.open(item.blob)


def check_target(shelf: Shelf, ref: Ref, conditions: Conditions) -> None:
    """Refuse early what could not be written there; the write itself checks again."""
    with shelf.catalog.reading():
        buckets.find(shelf, ref.bucket)
        require_for_write(conditions, shelf.catalog.object(ref))


def insert(
    shelf: Shelf, ref: Ref, draft: Draft, conditions: Conditions, session: Session | None = None
) -> StoredObject:
    """Make the draft the live object; the session that brought it is closed in the same commit."""
    with shelf.catalog.changing() as work:
        item = place(shelf, work, ref, draft, conditions)
        if session is not None:
            shelf.catalog.put_upload(msgspec.structs.replace(session, result=item))
    return item


def copy(
    shelf: Shelf, source: tuple[Ref, Conditions], target: tuple[Ref, Conditions], properties: Json
) -> StoredObject:
    """Copy an object; without properties of its own the copy keeps the source's."""
    with shelf.catalog.changing() as work:
        origin = existing(shelf, source[0])
        require_for_write(source[1], origin)
        draft = Draft(
            blob=origin.blob,
            digest=origin.digest,
            components=origin.components,
            properties=properties or origin.properties,
        )
        return place(shelf, work, target[0], draft, target[1])


def patch(shelf: Shelf, ref: Ref, changes: Json, conditions: Conditions, *, replace: bool = False) -> StoredObject:
    """Change the metadata that the client names, or with `replace` all of it."""
    with shelf.catalog.changing() as work:
        before = existing(shelf, ref)
        require_for_write(conditions, before)
        named = {key: value for key, value in changes.items() if key in WRITABLE}
        after = msgspec.structs.replace(
            before,
            properties=writable(named) if replace else merge(before.properties, named),
            metageneration=before.metageneration + 1,
            updated=shelf.clock(),
        )
        shelf.catalog.put_object(after)
        work.changes.append(Change(EventKind.METADATA_UPDATED, after))
    return after


def delete(shelf: Shelf, ref: Ref, conditions: Conditions) -> None:
    """Delete the live object, or the generation that the reference names."""
    with shelf.catalog.changing() as work:
        item = existing(shelf, ref)
        require_for_write(conditions, item)
        if ref.generation is None:
            _retire(shelf, work, item, shelf.clock())
        else:
            erase(shelf, work, item)


def place(shelf: Shelf, work: Work, ref: Ref, draft: Draft, conditions: Conditions) -> StoredObject:
    """Inside a transaction: make the draft the live object and retire the one before it."""
    buckets.find(shelf, ref.bucket)
    current = shelf.catalog.object(ref)
    require_for_write(conditions, current)
    now = shelf.clock()
    item = _newborn(ref, draft, now, shelf.catalog.next_generation(int(now.timestamp() * 1_000_000)))
    if current is not None:
        _retire(shelf, work, current, now, by=item.generation)
    shelf.catalog.put_object(item)
    overwrote = current.generation if current else None
    work.changes.append(Change(EventKind.FINALIZED, item, overwrote=overwrote))
    return item


def erase(shelf: Shelf, work: Work, item: StoredObject, by: Generation | None = None) -> None:
    """Inside a transaction: remove the generation for good."""
    shelf.catalog.drop_object(item)
    work.released.append(item.blob)
    gone = msgspec.structs.replace(item, deleted=item.deleted or shelf.clock())
    work.changes.append(Change(EventKind.DELETED, gone, overwritten_by=by))


def _newborn(ref: Ref, draft: Draft, now: datetime, generation: Generation) -> StoredObject:
    return StoredObject(
        bucket=ref.bucket,
        name=ObjectName(ref.name),
        generation=generation,
        metageneration=1,
        blob=draft.blob,
        digest=draft.digest,
        components=draft.components,
        created=now,
        updated=now,
        deleted=None,
        properties=draft.properties,
    )


def _retire(shelf: Shelf, work: Work, item: StoredObject, now: datetime, by: Generation | None = None) -> None:
    bucket: Bucket = buckets.find(shelf, item.bucket)
    if not bucket.versioning:
        erase(shelf, work, item, by)
        return
    archived = msgspec.structs.replace(item, deleted=now)
    shelf.catalog.put_object(archived)
    work.changes.append(Change(EventKind.ARCHIVED, archived, overwritten_by=by))
