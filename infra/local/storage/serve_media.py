"""Downloads: whole or by range, as stored or decompressed.

Rules: https://cloud.google.com/storage/docs/transcoding. An object stored with `Content-Encoding: gzip` is
decompressed unless the client accepts gzip or the object says `no-transform`; its range is then ignored.
"""

import gzip
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from infra.local.storage import objects
from infra.local.storage.blobs import CHUNK
from infra.local.storage.calls import Call
from infra.local.storage.faults import FaultMethod
from infra.local.storage.model import StoredObject
from infra.local.storage.parameters import target
from infra.local.storage.ranges import byte_range
from infra.local.storage.resources import media_headers

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Media:
    """A download that is ready to go out: all its bytes, or if they are many, how to read on."""

    status: int
    headers: dict[str, str]
    content: bytes
    more: Callable[[], bytes] | None
    file: BinaryIO


class _MediaResponse(StreamingResponse):
    """Streams and closes the file, also when the client is gone before the first byte."""

    def __init__(self, media: Media, more: Callable[[], bytes]) -> None:
        super().__init__(_chunks(media.content, more), media.status, media.headers)
        self._file = media.file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await run_in_threadpool(self._file.close)


async def download(call: Call) -> Response:
    """GET /download/storage/v1/b/{bucket}/o/{object}, or `alt=media` on the object itself."""
    ref = msgspec.structs.replace(target(*call.path), generation=call.parameters.generation())
    await call.meet(FaultMethod.DOWNLOAD, ref.bucket, ref.name)
    conditions = call.parameters.conditions()
    media = await run_in_threadpool(lambda: _prepare(*objects.open_media(call.shelf, ref, conditions), call.request))
    if media.more is None:
        return Response(media.content, media.status, media.headers)
    return _MediaResponse(media, media.more)


def _prepare(item: StoredObject, file: BinaryIO, request: Request) -> Media:
    try:
        if _is_transcoded(item, file, request):
            return _decompressed(item, file)
        return _stored(item, file, request.headers.get("range"))
    except BaseException:
        file.close()
        raise


def _stored(item: StoredObject, file: BinaryIO, asked: str | None) -> Media:
    size = item.digest.size
    span = byte_range(asked, size)
    selected = range(size) if span is None else span
    headers = media_headers(item) | {"Content-Length": str(len(selected)), "Accept-Ranges": "bytes"}
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    if "contentEncoding" in item.properties:
        headers["Content-Encoding"] = str(item.properties["contentEncoding"])
    file.seek(selected.start)
    content = file.read(min(CHUNK, len(selected)))
    status = 200 if span is None else 206
    if len(content) == len(selected):
        file.close()
        return Media(status, headers, content, None, file)
    return Media(status, headers, content, _Rest(file, len(selected) - len(content)), file)


def _decompressed(item: StoredObject, file: BinaryIO) -> Media:
    headers = media_headers(item) | {"Warning": "214 UploadServer gunzipped", "Vary": "Accept-Encoding"}
    stream = gzip.GzipFile(fileobj=file, mode="rb")
    return Media(200, headers, b"", partial(stream.read, CHUNK), file)


def _is_transcoded(item: StoredObject, file: BinaryIO, request: Request) -> bool:
    if item.properties.get("contentEncoding") != "gzip":
        return False
    accepted = request.headers.get("accept-encoding", "")
    if "gzip" in accepted or "no-transform" in str(item.properties.get("cacheControl", "")):
        return False
    is_gzip = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    file.seek(0)
    return is_gzip


class _Rest:
    """Reads what is left of a range, a chunk at a time."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self._file = file
        self._left = left

    def __call__(self) -> bytes:
        chunk = self._file.read(min(CHUNK, self._left))
        self._left -= len(chunk)
        return chunk


async def _chunks(first: bytes, more: Callable[[], bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    while chunk := await run_in_threadpool(more):
        yield chunk
