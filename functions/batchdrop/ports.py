"""What the steps need from outside. `cloud/` has the real ones; the tests have fakes that keep the same contract."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Generic, Protocol

import msgspec

from batchdrop.domain.ids import Generation, VertexJobName
from batchdrop.domain.limits import READ_BYTES, WRITE_BYTES
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.refs import D, D_co, Document, Query, Ref
from batchdrop.domain.vertex import BatchSpec, VertexJob


class Snapshot(msgspec.Struct, Generic[D_co], frozen=True):
    """A document as it was read. `version` is opaque; a Replace made of it fails if it is not the newest."""

    ref: Ref[D_co]
    value: D_co
    version: object


class Create(msgspec.Struct, frozen=True):
    """Write a document that must not exist."""

    ref: Ref[Document]
    value: Document


class Put(msgspec.Struct, frozen=True):
    """Write a document whether or not it exists. For turns: leaving one that stands is success."""

    ref: Ref[Document]
    value: Document


class Replace(msgspec.Struct, frozen=True):
    """Write a document that must not have changed since `version`."""

    ref: Ref[Document]
    version: object
    value: Document


class Delete(msgspec.Struct, frozen=True):
    """Delete a document, whether or not it exists; given a version, only if it has not changed since."""

    ref: Ref[Document]
    version: object | None = None


Write = Create | Put | Replace | Delete


class Documents(Protocol):
    """State, in Firestore."""

    def get(self, ref: Ref[D]) -> Snapshot[D] | None:
        """Read one document."""

    def get_all(self, refs: Sequence[Ref[D]]) -> list[Snapshot[D]]:
        """Read many documents, in the order of `refs`; missing ones are left out."""

    def find(self, query: Query[D]) -> Iterator[Snapshot[D]]:
        """Read what a query finds, streamed."""

    def exists(self, query: Query[D]) -> bool:
        """Tell whether a query finds anything: one aggregation, up to one entry."""

    def totals(self, query: Query[D], fields: Sequence[str]) -> Mapping[str, int]:
        """Sum integer fields over what a query finds; the key "count" counts it."""

    def commit(self, writes: Sequence[Write]) -> None:
        """Write all or nothing.

        Raises:
            Conflict: a Create found its document, a Replace or a Delete with a version an other one or none.
            Transient: it may or may not have happened.
        """


class ObjectWriter(Protocol):
    """A sink for one new object's bytes."""

    def write(self, data: bytes) -> object:
        """Append bytes."""


class Objects(Protocol):
    """Files, in Cloud Storage. Every method may raise Transient."""

    def stat(self, bucket: str, name: str, generation: Generation | None = None) -> ObjectInfo | None:
        """Metadata of one generation, of the live one unless told; None if there is none."""

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
        """Stream the stored bytes of [start, end), never decompressed, in chunks of at most so many bytes.

        Raises:
            ObjectGone: the object, or that generation, is not there.
        """

    def write(
        self, bucket: str, name: str, content_type: str, buffer: int = WRITE_BYTES
    ) -> AbstractContextManager[ObjectWriter]:
        """Open a new object for streaming. It appears, whole, when the block ends; not if it raises.

        `buffer` is how many bytes may be held.
        """

    def write_at(self, bucket: str, name: str, data: bytes, content_type: str, if_generation: Generation) -> ObjectInfo:
        """Write a small object over exactly that generation; 0 means none may exist.

        Raises:
            Conflict: the live generation is another.
        """

    def compose(self, bucket: str, name: str, sources: Sequence[str], content_type: str) -> ObjectInfo:
        """Concatenate up to 32 objects of the bucket into one, on the server.

        Raises:
            ObjectGone: a source is not there.
        """

    def rewrite(self, bucket: str, name: str, to_bucket: str, to_name: str, content_type: str) -> ObjectInfo:
        """Copy on the server.

        Raises:
            ObjectGone: the source is not there.
        """

    def list(self, bucket: str, prefix: str, *, since: datetime | None = None, after: str = "") -> Iterator[ObjectInfo]:
        """Live objects below a prefix, by name; if given, only names beyond `after`, created at or after `since`."""

    def delete(self, bucket: str, names: Iterable[str]) -> None:
        """Delete objects; missing ones are no error."""


class BatchService(Protocol):
    """Batch prediction jobs, at Vertex AI. Every method may raise Transient."""

    def create(self, spec: BatchSpec) -> VertexJobName:
        """Create a job, once, without a retry, within a deadline. Not idempotent.

        Raises:
            CreateRefused: 400, 403, 404.
            CreateThrottled: 429.
            CreateUnknown: anything else; there may be a job.
        """

    def get(self, name: VertexJobName) -> VertexJob | None:
        """The job's state now; None if it was deleted."""

    def find(self, location: str, display_name: str) -> list[VertexJob]:
        """Jobs of that display name, newest first. The list may lag behind create."""

    def of_installation(self, location: str, installation: str, since: datetime) -> Iterator[VertexJob]:
        """Jobs that carry the label `batchdrop=<installation>`, created at or after `since`."""

    def cancel(self, name: VertexJobName) -> None:
        """Ask a job to stop. One that has ended is no error."""


class Clock(Protocol):
    """Time."""

    def now(self) -> datetime:
        """Aware, UTC."""


class Tokens(Protocol):
    """Randomness."""

    def fresh(self) -> str:
        """Give a token never given before."""


class Log(Protocol):
    """Structured log lines. Fields never hold row data."""

    def info(self, event: str, **fields: object) -> None:
        """Record what happened."""

    def warning(self, event: str, **fields: object) -> None:
        """Record what is odd, and was dealt with."""

    def error(self, event: str, **fields: object) -> None:
        """Record what a person must look at."""
