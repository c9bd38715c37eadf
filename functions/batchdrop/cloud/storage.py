"""Files in Cloud Storage, over Google's client.

Everything is sent again when it fails in passing: `write_at` because it carries a precondition, the others because
their names are a run's own, so that the second time makes the same object as the first.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime

import google_crc32c
from google.api_core.exceptions import GoogleAPICallError, NotFound, PreconditionFailed
from google.api_core.retry import Retry
from google.cloud.storage import Blob, Client
from google.cloud.storage.retry import DEFAULT_RETRY

from batchdrop.cloud.failures import passing
from batchdrop.cloud.upload import Upload
from batchdrop.domain.errors import Conflict, ObjectGone, Transient
from batchdrop.domain.ids import Generation
from batchdrop.domain.limits import COMPOSE_SOURCES, READ_BYTES, WRITE_BYTES
from batchdrop.domain.objects import ObjectInfo

_DELETES_AT_ONCE = 8
_LISTED = "items(bucket,name,generation,size,crc32c,contentType,contentEncoding,timeCreated),nextPageToken"


class CloudObjects:
    """`Objects` in Cloud Storage."""

    def __init__(self, client: Client, retry: Retry = DEFAULT_RETRY) -> None:
        """Take the client; nothing is sent before it is needed. `retry` sets pauses and an end to all calls."""
        self._client = client
        self._retry = retry

    def stat(self, bucket: str, name: str, generation: Generation | None = None) -> ObjectInfo | None:
        """Metadata of one generation, of the live one unless told; None if there is none."""
        blob = self._blob(bucket, name, generation)
        try:
            with passing(f"stat of {_uri(bucket, name)}"):
                blob.reload(retry=self._retry)
        except NotFound:
            return None
        return _info(blob)

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
        """Stream the stored bytes of [start, end), a chunk at a time, all of one generation.

        A read of the whole object ends with its checksum compared; a mismatch is Transient.
        """
        info = self.stat(bucket, name, generation)
        if info is None:
            raise _gone(bucket, name)
        stop = info.size if end is None else min(end, info.size)
        blob = self._blob(bucket, name, info.generation)
        checksum = 0
        for offset in range(start, stop, chunk):
            data = _download(blob, offset, min(offset + chunk, stop), self._retry)
            checksum = google_crc32c.extend(checksum, data)
            yield data
        if start == 0 and stop == info.size and _as_stored(checksum) != info.crc32c:
            raise Transient(f"What was read of {_uri(bucket, name)} does not match its CRC32C")

    @contextmanager
    def write(self, bucket: str, name: str, content_type: str, buffer: int = WRITE_BYTES) -> Iterator[Upload]:
        """Open a new object for streaming. It appears, whole, when the block ends; not if it raises."""
        upload = Upload(self._blob(bucket, name), content_type, buffer, self._retry)
        try:
            yield upload
            upload.finish()
        except BaseException:
            upload.abandon()
            raise

    def write_at(self, bucket: str, name: str, data: bytes, content_type: str, if_generation: Generation) -> ObjectInfo:
        """Write a small object over exactly that generation; 0 means none may exist.

        A reply that got lost, and the write sent again, is a Conflict with oneself: look what is there.
        """
        blob = self._blob(bucket, name)
        try:
            with passing(f"write of {_uri(bucket, name)}"):
                blob.upload_from_string(data, content_type, if_generation_match=if_generation, retry=self._retry)
        except PreconditionFailed as error:
            raise Conflict(f"{_uri(bucket, name)} is no longer at generation {if_generation}") from error
        return _info(blob)

    def compose(self, bucket: str, name: str, sources: Sequence[str], content_type: str) -> ObjectInfo:
        """Concatenate up to 32 objects of the bucket into one, on the server."""
        if not 1 <= len(sources) <= COMPOSE_SOURCES:
            raise ValueError(f"{_uri(bucket, name)} of {len(sources)} sources: compose takes 1 to {COMPOSE_SOURCES}")
        blob = self._blob(bucket, name)
        blob.content_type = content_type
        try:
            with passing(f"compose of {_uri(bucket, name)}"):
                blob.compose([self._blob(bucket, source) for source in sources], retry=self._retry)
        except NotFound as error:
            raise ObjectGone(f"A source of {_uri(bucket, name)} does not exist") from error
        return _info(blob)

    def rewrite(self, bucket: str, name: str, to_bucket: str, to_name: str, content_type: str) -> ObjectInfo:
        """Copy on the server, in as many calls as it takes."""
        source, target = self._blob(bucket, name), self._blob(to_bucket, to_name)
        target.content_type = content_type
        token = None
        try:
            with passing(f"copy of {_uri(bucket, name)}"):
                while (token := target.rewrite(source, token=token, retry=self._retry)[0]) is not None:
                    pass
        except NotFound as error:
            raise _gone(bucket, name) from error
        return _info(target)

    def list(self, bucket: str, prefix: str, *, since: datetime | None = None, after: str = "") -> Iterator[ObjectInfo]:
        """Live objects below a prefix, by name; if given, only names beyond `after`, created at or after `since`."""
        with passing(f"list of {_uri(bucket, prefix)}"):
            for blob in self._client.list_blobs(
                bucket, prefix=prefix, start_offset=after or None, fields=_LISTED, retry=self._retry
            ):
                if blob.name != after and (since is None or blob.time_created >= since):
                    yield _info(blob)

    def delete(self, bucket: str, names: Iterable[str]) -> None:
        """Delete objects, several at a time; missing ones are no error."""
        with ThreadPoolExecutor(_DELETES_AT_ONCE) as pool:
            for _ in pool.map(lambda name: self._delete(bucket, name), names):
                pass

    def _delete(self, bucket: str, name: str) -> None:
        with suppress(NotFound), passing(f"delete of {_uri(bucket, name)}"):
            self._blob(bucket, name).delete(retry=self._retry)

    def _blob(self, bucket: str, name: str, generation: Generation | None = None) -> Blob:
        return self._client.bucket(bucket).blob(name, generation=generation)


def _download(blob: Blob, start: int, end: int, retry: Retry) -> bytes:
    where = _uri(blob.bucket.name, blob.name)
    try:
        with passing(f"read of {where}"):
            chunk: bytes = retry(_download_once)(blob, start, end)
    except NotFound as error:
        raise _gone(blob.bucket.name, blob.name) from error
    if len(chunk) != end - start:
        raise Transient(f"Bytes {start} to {end} of {where} came as {len(chunk)} bytes")
    return chunk


def _download_once(blob: Blob, start: int, end: int) -> bytes:
    """Read raw bytes: a stored `Content-Encoding: gzip` is not ours to undo. The library counts the last byte in."""
    try:
        chunk: bytes = blob.download_as_bytes(start=start, end=end - 1, raw_download=True, checksum=None, retry=None)
    except GoogleAPICallError as error:
        if error.response is not None:
            # The library leaves the connection of a refused download open.
            error.response.close()
        raise
    return chunk


def _info(blob: Blob) -> ObjectInfo:
    return ObjectInfo(
        bucket=blob.bucket.name,
        name=blob.name,
        generation=Generation(blob.generation),
        size=blob.size,
        crc32c=blob.crc32c,
        content_type=blob.content_type or "",
        content_encoding=blob.content_encoding or "",
        created_at=blob.time_created,
    )


def _as_stored(crc32c: int) -> str:
    return base64.b64encode(crc32c.to_bytes(4, "big")).decode()


def _uri(bucket: str, name: str) -> str:
    return f"gs://{bucket}/{name}"


def _gone(bucket: str, name: str) -> ObjectGone:
    return ObjectGone(f"{_uri(bucket, name)}, or the generation asked for, does not exist")
