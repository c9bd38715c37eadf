"""Composing objects. Blocking; call from a thread.

Rules: https://cloud.google.com/storage/docs/json_api/v1/objects/compose. The bytes are copied without any
lock held; the preconditions are checked before it and again in the commit.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import reduce
from typing import BinaryIO

import msgspec

from infra.local.storage import objects
from infra.local.storage.checksums import combine
from infra.local.storage.errors import invalid
from infra.local.storage.model import (
    MAX_COMPOSE_SOURCES,
    BlobId,
    Conditions,
    Digest,
    Draft,
    Json,
    Ref,
    StoredObject,
)
from infra.local.storage.preconditions import require_for_write
from infra.local.storage.shelf import Shelf

_NOTHING = Digest(size=0, crc32c=0, md5=None)


class Source(msgspec.Struct, frozen=True):
    """One source, with the generation it must have."""

    ref: Ref
    conditions: Conditions


class Order(msgspec.Struct, frozen=True):
    """What to compose, and into what. `consume` deletes the sources for good in the same commit."""

    target: Ref
    conditions: Conditions
    sources: Sequence[Source]
    properties: Json
    consume: bool


def compose(shelf: Shelf, order: Order) -> StoredObject:
    """Concatenate 1 to 32 objects of one bucket into a new one."""
    count = len(order.sources)
    if not 1 <= count <= MAX_COMPOSE_SOURCES:
        raise invalid(f"The number of source components provided ({count}) is not 1 to {MAX_COMPOSE_SOURCES}.")
    blob = shelf.new_blob()
    try:
        with ExitStack() as stack:
            items, files = _open(shelf, order, stack)
            draft = _draft(order, blob, items)
            shelf.blobs.concatenate(files, blob, draft.digest.size)
        return _commit(shelf, order, draft, items)
    except BaseException:
        shelf.blobs.remove(blob)
        raise


def _open(shelf: Shelf, order: Order, stack: ExitStack) -> tuple[list[StoredObject], list[BinaryIO]]:
    items, files = [], []
    with shelf.catalog.reading():
        objects.check_target(shelf, order.target, order.conditions)
        for source in order.sources:
            item = objects.existing(shelf, source.ref)
            require_for_write(source.conditions, item)
            items.append(item)
            files.append(stack.enter_context(shelf.blobs.open(item.blob)))
    return items, files


def _draft(order: Order, blob: BlobId, items: Sequence[StoredObject]) -> Draft:
    return Draft(
        blob=blob,
        digest=reduce(combine, (item.digest for item in items), _NOTHING),
        components=sum(item.components or 1 for item in items),
        properties=order.properties,
    )


def _commit(shelf: Shelf, order: Order, draft: Draft, items: Sequence[StoredObject]) -> StoredObject:
    with shelf.catalog.changing() as work:
        composed = objects.place(shelf, work, order.target, draft, order.conditions)
        if order.consume:
            for source in {Ref(item.bucket, item.name, item.generation) for item in items}:
                left = shelf.catalog.object(source)
                if left is not None:
                    objects.erase(shelf, work, left)
    return composed
