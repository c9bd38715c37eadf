"""A place to keep objects for the contract suite: the port, and what only a user or the console does."""

from collections.abc import Callable
from uuid import uuid4

import msgspec

from batchdrop.domain.ids import Generation
from batchdrop.domain.objects import ObjectInfo
from batchdrop.ports import Objects

Upload = Callable[[str, str, bytes, str], None]
"""Bucket, name, content and content encoding."""


class Store(msgspec.Struct, frozen=True):
    """`plain` and `other` are buckets that forget what is overwritten; `versioned` keeps it."""

    objects: Objects
    upload: Upload
    plain: str = "plain"
    other: str = "other"
    versioned: str = "versioned"

    def write(self, name: str, data: bytes = b"content", bucket: str = "", content_type: str = "text/plain") -> None:
        """Write an object through the port."""
        with self.objects.write(bucket or self.plain, name, content_type) as sink:
            sink.write(data)

    def content(self, name: str, bucket: str = "", generation: Generation | None = None) -> bytes:
        """Read a whole object through the port."""
        return b"".join(self.objects.read(bucket or self.plain, name, generation))

    def stat(self, name: str, bucket: str = "") -> ObjectInfo:
        """Metadata of an object that must be there."""
        found = self.objects.stat(bucket or self.plain, name)
        assert found is not None
        return found


def fresh_name(stem: str) -> str:
    """A bucket's name that no other test has."""
    return f"{stem}-{uuid4().hex[:16]}"
