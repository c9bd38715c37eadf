"""Values of the stand-in: what is stored, what is asked for, what is announced."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, NewType, TypeAlias

import msgspec

BucketName = NewType("BucketName", str)
ObjectName = NewType("ObjectName", str)
Generation = NewType("Generation", int)
BlobId = NewType("BlobId", str)
UploadId = NewType("UploadId", str)

Json: TypeAlias = dict[str, Any]
Clock: TypeAlias = Callable[[], datetime]

MAX_COMPOSE_SOURCES = 32
MAX_PAGE = 1000


class EventKind(Enum):
    """What happened to an object. The value is the CloudEvent type that Eventarc sends for it."""

    FINALIZED = "google.cloud.storage.object.v1.finalized"
    DELETED = "google.cloud.storage.object.v1.deleted"
    ARCHIVED = "google.cloud.storage.object.v1.archived"
    METADATA_UPDATED = "google.cloud.storage.object.v1.metadataUpdated"


class Bucket(msgspec.Struct, frozen=True):
    """A bucket; `properties` holds what its owner set, in the JSON API's own shape."""

    name: BucketName
    metageneration: int
    created: datetime
    updated: datetime
    properties: Json

    @property
    def versioning(self) -> bool:
        """Whether an overwritten or deleted object stays readable as a noncurrent generation."""
        return bool((self.properties.get("versioning") or {}).get("enabled", False))


class Digest(msgspec.Struct, frozen=True):
    """Size in bytes and checksums of stored content. Composites have no md5."""

    size: int
    crc32c: int
    md5: bytes | None


class StoredObject(msgspec.Struct, frozen=True):
    """One generation of an object. `deleted` is set while it is noncurrent."""

    bucket: BucketName
    name: ObjectName
    generation: Generation
    metageneration: int
    blob: BlobId
    digest: Digest
    components: int | None
    created: datetime
    updated: datetime
    deleted: datetime | None
    properties: Json


class Ref(msgspec.Struct, frozen=True):
    """An object by name; without a generation, the live one is meant."""

    bucket: BucketName
    name: ObjectName
    generation: Generation | None = None


class Draft(msgspec.Struct, frozen=True):
    """Content on disk, checked, that waits to become an object."""

    blob: BlobId
    digest: Digest
    components: int | None
    properties: Json


class Conditions(msgspec.Struct, frozen=True):
    """Preconditions of a request; None means not asked for. Generation 0 stands for "no live object"."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None
    etag_match: str | None = None
    etag_not_match: str | None = None


class Expected(msgspec.Struct, frozen=True):
    """Checksums that the client computed before it sent the bytes."""

    crc32c: int | None = None
    md5: bytes | None = None


class Session(msgspec.Struct, frozen=True):
    """A resumable upload. `total` is its size in bytes once known; `result` the object it became."""

    id: UploadId
    bucket: BucketName
    name: ObjectName
    blob: BlobId
    created: datetime
    total: int | None
    properties: Json
    expected: Expected
    conditions: Conditions
    result: StoredObject | None = None


class Change(msgspec.Struct, frozen=True):
    """One committed change of an object, with the other generation when it was an overwrite."""

    kind: EventKind
    object: StoredObject
    overwrote: Generation | None = None
    overwritten_by: Generation | None = None
