"""What the server needs of Cloud Storage."""

from collections.abc import Iterator
from typing import Protocol

import msgspec


class StoredObject(msgspec.Struct, frozen=True):
    """An object at one generation; `size` in bytes."""

    bucket: str
    name: str
    generation: int
    size: int


class BucketUnknownError(Exception):
    """The bucket does not exist, or may not be seen."""

    def __init__(self, bucket: str) -> None:
        super().__init__(f"bucket {bucket}")
        self.bucket = bucket


class AccessDeniedError(Exception):
    """The object may not be read or written."""


class StorageFailedError(Exception):
    """Storage did not do what was asked, also not after several tries."""


class Content(Protocol):
    """Bytes that can be read more than once."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """All of them, in pieces."""
        ...


class Storage(Protocol):
    """Buckets and objects. All calls may raise the errors above."""

    def require_bucket(self, bucket: str) -> None:
        """Raise BucketUnknownError unless the bucket is there."""
        ...

    def objects(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The live objects whose names begin with `prefix`, by name."""
        ...

    def read(self, stored: StoredObject) -> Iterator[bytes]:
        """The bytes of an object at its generation, in pieces."""
        ...

    def write(self, bucket: str, name: str, content: Content) -> None:
        """Write an object; it appears whole, or not at all."""
        ...

    def delete(self, bucket: str, name: str) -> None:
        """Delete an object; a missing one is no error."""
        ...
