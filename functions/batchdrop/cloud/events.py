"""CloudEvents as Eventarc delivers them, read into values. Nothing a foreign event holds raises here."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from cloudevents.http import CloudEvent

from batchdrop.domain.ids import Generation
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.refs import Ref
from batchdrop.domain.turn import Function, Turn


class Change(StrEnum):
    """What became of a generation of an object (docs: storage/docs/pubsub-notifications)."""

    FINALIZED = "google.cloud.storage.object.v1.finalized"
    DELETED = "google.cloud.storage.object.v1.deleted"
    ARCHIVED = "google.cloud.storage.object.v1.archived"


DOCUMENT_CREATED = "google.cloud.firestore.document.v1.created"
MESSAGE_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"


class ObjectEvent(msgspec.Struct, frozen=True):
    """An object appeared or went, in whichever bucket; the object is the generation spoken of."""

    change: Change
    object: ObjectInfo


class TurnCreated(msgspec.Struct, frozen=True):
    """A turn's document came to be, below `turns/{function}/items`."""

    function: Function
    ref: Ref[Turn]


class Tick(msgspec.Struct, frozen=True):
    """A message on the tick topic, Scheduler's or a nudge."""


class Unknown(msgspec.Struct, frozen=True):
    """A sound event of a type that nobody here listens to."""

    type: str


class Malformed(msgspec.Struct, frozen=True):
    """Not what its type promises; it will not be better the next time."""

    reason: str


Event = ObjectEvent | TurnCreated | Tick | Unknown | Malformed


class _ObjectData(msgspec.Struct, rename="camel"):
    """`StorageObjectData`, of which numbers come as strings and dates as RFC 3339."""

    bucket: str
    name: str
    generation: int
    size: int = 0
    crc32c: str = ""
    content_type: str = ""
    content_encoding: str = ""
    time_created: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


def parse(event: CloudEvent) -> Event:
    """Read an event by its type."""
    kind = str(event.get("type"))
    if kind in set(Change):
        return _object_event(Change(kind), event.get_data())
    if kind == DOCUMENT_CREATED:
        return _turn_created(event.get("document"))
    return Tick() if kind == MESSAGE_PUBLISHED else Unknown(kind)


def _object_event(change: Change, data: object) -> ObjectEvent | Malformed:
    try:
        found = _info(_read(data))
    except (msgspec.MsgspecError, OverflowError) as error:
        return Malformed(f"The data of {change} is no object: {error}")
    if not found.bucket or not found.name or found.generation < 1:
        return Malformed(f"The data of {change} names no generation of an object")
    return ObjectEvent(change, found)


def _read(data: object) -> _ObjectData:
    if isinstance(data, bytes | str):
        return msgspec.json.decode(data, type=_ObjectData, strict=False)
    return msgspec.convert(data, _ObjectData, strict=False)


def _info(found: _ObjectData) -> ObjectInfo:
    created = found.time_created
    return ObjectInfo(
        bucket=found.bucket,
        name=found.name,
        generation=Generation(found.generation),
        size=found.size,
        crc32c=found.crc32c,
        content_type=found.content_type,
        content_encoding=found.content_encoding,
        created_at=None if created is None else created.astimezone(UTC),
    )


def _turn_created(path: object) -> TurnCreated | Malformed:
    match path.split("/") if isinstance(path, str) else []:
        case ["turns", function, "items", turn] if function in set(Function) and turn:
            return TurnCreated(Function(function), Ref(str(path), Turn))
        case _:
            return Malformed(f"The created document is no turn: {path!r}")
