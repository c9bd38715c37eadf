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


class Upload(Protocol):
    """One object being written; it appears when it is finished, or never."""

    def write(self, data: bytes) -> None:
        """Add bytes; they may be sent later."""
        ...

    def finish(self) -> None:
        """Make the object appear."""
        ...

    def abort(self) -> None:
        """Give the upload up; nothing appears."""
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

    def upload(self, bucket: str, name: str) -> Upload:
        """Begin to write an object."""
        ...
