"""Uploads: in one request, or resumable in many.

Rules: https://cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from collections.abc import AsyncIterator
from typing import assert_never

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from infra.local.storage import objects
from infra.local.storage.calls import Call, json_response
from infra.local.storage.checksums import expected_of, expected_of_header, verify
from infra.local.storage.errors import invalid, required
from infra.local.storage.faults import FaultMethod
from infra.local.storage.model import Draft, Expected, Json, Ref, Session, UploadId
from infra.local.storage.multipart import MultipartUpload
from infra.local.storage.parameters import target
from infra.local.storage.ranges import Part, Piece, Status, Whole, content_range
from infra.local.storage.receiving import receive, window
from infra.local.storage.resources import object_resource, writable
from infra.local.storage.uploads import with_total

_LEAST_PIECE = 256 << 10
_CLIENT_CLOSED_REQUEST = 499


async def insert(call: Call) -> Response:
    """POST /upload/storage/v1/b/{bucket}/o, of the kind that `uploadType` names."""
    kind = call.parameters.text("uploadType")
    match kind:
        case "multipart":
            return await _insert_multipart(call)
        case "media":
            return await _insert_media(call)
        case "resumable":
            return await _begin(call)
        case _:
            raise invalid("uploadType must be media, multipart or resumable.")


async def proceed(call: Call) -> Response:
    """PUT on a session: the next bytes, or the question how many arrived."""
    upload = _upload_id(call)
    part = content_range(call.header("content-range"))
    async with call.services.uploads.lock(upload):
        session = await run_in_threadpool(call.services.uploads.find, upload)
        await call.meet(FaultMethod.INSERT, session.bucket, session.name)
        if session.result is not None:
            return json_response(object_resource(session.result, call.base))
        return await _take(call, session, part)


async def cancel(call: Call) -> Response:
    """DELETE on a session: 499 says that it is gone."""
    upload = _upload_id(call)
    async with call.services.uploads.lock(upload):
        session = await run_in_threadpool(call.services.uploads.find, upload)
        await run_in_threadpool(call.services.uploads.cancel, session)
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


async def _insert_multipart(call: Call) -> Response:
    upload = MultipartUpload(call.header("content-type") or "", call.request.stream())
    resource = await upload.metadata()
    resource.setdefault("contentType", await upload.media_type())
    return await _store(call, resource, upload.media())


async def _insert_media(call: Call) -> Response:
    resource = {
        "contentType": call.header("content-type"),
        "contentEncoding": call.parameters.text("contentEncoding"),
    }
    return await _store(call, resource, call.request.stream())


async def _store(call: Call, resource: Json, media: AsyncIterator[bytes]) -> Response:
    ref = _target(call, resource)
    await call.meet(FaultMethod.INSERT, ref.bucket, ref.name)
    conditions = call.parameters.conditions()
    hashes = (expected_of(resource), expected_of_header(call.header("x-goog-hash")))
    await run_in_threadpool(objects.check_target, call.shelf, ref, conditions)
    blob = call.shelf.new_blob()
    sink = call.shelf.blobs.sink(blob)
    try:
        await receive(media, sink)
        digest = await run_in_threadpool(sink.finish)
        for expected in hashes:
            verify(digest, expected)
        draft = Draft(blob, digest, None, _properties(resource))
        item = await run_in_threadpool(objects.insert, call.shelf, ref, draft, conditions)
    except BaseException:
        sink.discard()
        raise
    return json_response(object_resource(item, call.base))


async def _begin(call: Call) -> Response:
    resource = await call.document()
    resource.setdefault("contentType", call.header("x-upload-content-type"))
    ref = _target(call, resource)
    await call.meet(FaultMethod.INSERT, ref.bucket, ref.name)
    announced = call.header("x-upload-content-length")
    session = Session(
        id=UploadId(call.shelf.new_id()),
        bucket=ref.bucket,
        name=ref.name,
        blob=call.shelf.new_blob(),
        created=call.shelf.clock(),
        total=int(announced) if announced and announced.isdecimal() else None,
        properties=_properties(resource),
        expected=expected_of(resource),
        conditions=call.parameters.conditions(),
    )
    await run_in_threadpool(call.services.uploads.begin, session)
    path = f"/upload/storage/v1/b/{ref.bucket}/o?uploadType=resumable&upload_id={session.id}"
    return Response(headers={"Location": call.base + path, "X-GUploader-UploadID": session.id})


async def _take(call: Call, session: Session, part: Part) -> Response:
    sink = await run_in_threadpool(call.services.uploads.sink, session)
    match part:
        case Status(total):
            is_last = total is not None and total == sink.size
            session = with_total(session, total)
        case Whole():
            await receive(window(call.request.stream(), sink.size, None), sink)
            is_last = True
        case Piece(_, _, total):
            session = with_total(session, total)
            await _receive_piece(call, part, sink.size, session)
            is_last = part.is_last
        case _:
            assert_never(part)
    if not is_last:
        return _progress(sink.size)
    return await _finish(call, session)


async def _receive_piece(call: Call, piece: Piece, have: int, session: Session) -> None:
    sink = call.services.uploads.sink(session)
    if piece.start > have:
        raise invalid(f"The next byte to send is {have}, not {piece.start}.")
    if piece.stop is not None and not piece.is_last and piece.stop - piece.start < _LEAST_PIECE:
        raise invalid(f"Every request but the last must carry at least {_LEAST_PIECE} bytes.")
    length = None if piece.stop is None else piece.stop - piece.start
    await receive(window(call.request.stream(), have - piece.start, length), sink)
    if piece.stop is not None and sink.size < piece.stop:
        raise invalid(f"The body has less than the {piece.stop - piece.start} bytes of its Content-Range.")


async def _finish(call: Call, session: Session) -> Response:
    expected: Expected = expected_of_header(call.header("x-goog-hash"))
    item = await run_in_threadpool(call.services.uploads.finish, session, expected)
    return json_response(object_resource(item, call.base))


def _progress(size: int) -> Response:
    headers = {"Range": f"bytes=0-{size - 1}"} if size else {}
    return Response(status_code=308, headers=headers)


def _target(call: Call, resource: Json) -> Ref:
    (bucket,) = call.path
    name = call.parameters.text("name") or resource.get("name")
    return target(bucket, name if isinstance(name, str) else "")


def _properties(resource: Json) -> Json:
    return {"contentType": "application/octet-stream", **writable(resource)}


def _upload_id(call: Call) -> UploadId:
    upload = call.parameters.text("upload_id")
    if not upload:
        raise required("upload_id")
    return UploadId(upload)
