"""Requests about objects that carry no object's bytes."""

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from infra.local.storage import buckets, composing, listing, objects, serve_media
from infra.local.storage.calls import Call, json_response
from infra.local.storage.composing import Order, Source
from infra.local.storage.errors import invalid
from infra.local.storage.faults import FaultMethod
from infra.local.storage.model import BucketName, Conditions, Generation, Json, Ref, StoredObject
from infra.local.storage.parameters import target
from infra.local.storage.resources import object_resource, writable
from infra.local.storage.shelf import Shelf


class _SourceObject(msgspec.Struct, rename="camel"):
    name: str
    generation: int | str | None = None
    object_preconditions: dict[str, int | str] = {}


class _ComposeRequest(msgspec.Struct, rename="camel"):
    source_objects: list[_SourceObject] = []
    destination: Json = {}
    delete_source_objects: bool = False


async def list_objects(call: Call) -> Response:
    """GET /storage/v1/b/{bucket}/o."""
    (bucket,) = call.path
    query = call.parameters.listing()
    await call.meet(FaultMethod.LIST, bucket, query.prefix)
    found = await run_in_threadpool(_page, call.shelf, BucketName(bucket), query)
    content: Json = {"kind": "storage#objects"}
    if found.items:
        content["items"] = [object_resource(item, call.base) for item in found.items]
    if found.prefixes:
        content["prefixes"] = found.prefixes
    if found.token is not None:
        content["nextPageToken"] = found.token
    return json_response(content)


async def get(call: Call) -> Response:
    """GET /storage/v1/b/{bucket}/o/{object}: the metadata, or with `alt=media` the bytes."""
    if call.parameters.text("alt") == "media":
        return await serve_media.download(call)
    ref = _ref(call)
    await call.meet(FaultMethod.GET, ref.bucket, ref.name)
    item = await run_in_threadpool(objects.find, call.shelf, ref, call.parameters.conditions())
    return _reply(call, item)


async def patch(call: Call) -> Response:
    """PATCH /storage/v1/b/{bucket}/o/{object}."""
    return await _change(call, replace=False)


async def update(call: Call) -> Response:
    """PUT /storage/v1/b/{bucket}/o/{object}: what is not named is reset."""
    return await _change(call, replace=True)


async def delete(call: Call) -> Response:
    """DELETE /storage/v1/b/{bucket}/o/{object}."""
    ref = _ref(call)
    await call.meet(FaultMethod.DELETE, ref.bucket, ref.name)
    await run_in_threadpool(objects.delete, call.shelf, ref, call.parameters.conditions())
    return Response(status_code=204)


async def compose(call: Call) -> Response:
    """POST /storage/v1/b/{bucket}/o/{object}/compose."""
    destination = target(*call.path)
    await call.meet(FaultMethod.COMPOSE, destination.bucket, destination.name)
    document = await call.document()
    try:
        request = msgspec.convert(document, _ComposeRequest)
    except msgspec.ValidationError as error:
        raise invalid(f"The compose request is not valid: {error}.") from error
    order = Order(
        target=destination,
        conditions=call.parameters.conditions(),
        sources=[_source(destination.bucket, source) for source in request.source_objects],
        properties=writable(request.destination),
        consume=request.delete_source_objects,
    )
    return _reply(call, await run_in_threadpool(composing.compose, call.shelf, order))


async def copy(call: Call) -> Response:
    """POST /storage/v1/b/{bucket}/o/{object}/copyTo/b/{bucket}/o/{object}."""
    return _reply(call, await _copied(call))


async def rewrite(call: Call) -> Response:
    """POST …/rewriteTo/b/{bucket}/o/{object}: always done in one call."""
    item = await _copied(call)
    size = str(item.digest.size)
    content: dict[str, Any] = {
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": size,
        "objectSize": size,
        "done": True,
        "resource": object_resource(item, call.base),
    }
    return json_response(content)


async def _copied(call: Call) -> StoredObject:
    source_bucket, source_name, bucket, name = call.path
    destination = target(bucket, name)
    await call.meet(FaultMethod.REWRITE, destination.bucket, destination.name)
    properties = writable(await call.document())
    parameters = call.parameters
    generation = parameters.generation("sourceGeneration")
    source = msgspec.structs.replace(target(source_bucket, source_name), generation=generation)
    return await run_in_threadpool(
        objects.copy,
        call.shelf,
        (source, parameters.conditions("Source")),
        (destination, parameters.conditions()),
        properties,
    )


async def _change(call: Call, *, replace: bool) -> Response:
    ref = _ref(call)
    await call.meet(FaultMethod.PATCH, ref.bucket, ref.name)
    changes = await call.document()
    conditions = call.parameters.conditions()
    item = await run_in_threadpool(objects.patch, call.shelf, ref, changes, conditions, replace=replace)
    return _reply(call, item)


def _page(shelf: Shelf, bucket: BucketName, query: listing.Query) -> listing.Page:
    with shelf.catalog.reading():
        buckets.find(shelf, bucket)
        return listing.page(shelf.catalog, bucket, query)


def _source(bucket: BucketName, source: _SourceObject) -> Source:
    try:
        generation = None if source.generation is None else Generation(int(source.generation))
        asked = source.object_preconditions.get("ifGenerationMatch")
        conditions = Conditions(generation_match=None if asked is None else int(asked))
    except ValueError as error:
        raise invalid("The generation of a source must be a number.") from error
    return Source(msgspec.structs.replace(target(bucket, source.name), generation=generation), conditions)


def _ref(call: Call) -> Ref:
    return msgspec.structs.replace(target(*call.path), generation=call.parameters.generation())


def _reply(call: Call, item: StoredObject) -> Response:
    return json_response(object_resource(item, call.base))
