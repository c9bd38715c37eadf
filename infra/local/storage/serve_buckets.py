"""Requests about buckets."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from infra.local.storage import buckets
from infra.local.storage.calls import Call, json_response
from infra.local.storage.model import BucketName
from infra.local.storage.parameters import bucket_name
from infra.local.storage.preconditions import require_metageneration
from infra.local.storage.resources import bucket_resource, storage_layout


async def create(call: Call) -> Response:
    """POST /storage/v1/b."""
    resource = await call.document()
    name = bucket_name(resource.get("name"))
    bucket = await run_in_threadpool(buckets.create, call.shelf, name, resource)
    return json_response(bucket_resource(bucket, call.base))


async def listing(call: Call) -> Response:
    """GET /storage/v1/b, all in one page."""
    found = await run_in_threadpool(call.shelf.catalog.buckets, call.parameters.text("prefix") or "")
    items = [bucket_resource(bucket, call.base) for bucket in found]
    return json_response({"kind": "storage#buckets", **({"items": items} if items else {})})


async def get(call: Call) -> Response:
    """GET /storage/v1/b/{bucket}."""
    bucket = await run_in_threadpool(buckets.find, call.shelf, _name(call))
    require_metageneration(call.parameters.conditions(), bucket.metageneration)
    return json_response(bucket_resource(bucket, call.base))


async def layout(call: Call) -> Response:
    """GET /storage/v1/b/{bucket}/storageLayout."""
    bucket = await run_in_threadpool(buckets.find, call.shelf, _name(call))
    return json_response(storage_layout(bucket))


async def patch(call: Call) -> Response:
    """PATCH /storage/v1/b/{bucket}."""
    changes = await call.document()
    conditions = call.parameters.conditions()
    bucket = await run_in_threadpool(buckets.patch, call.shelf, _name(call), changes, conditions)
    return json_response(bucket_resource(bucket, call.base))


async def delete(call: Call) -> Response:
    """DELETE /storage/v1/b/{bucket}."""
    await run_in_threadpool(buckets.delete, call.shelf, _name(call))
    return Response(status_code=204)


def _name(call: Call) -> BucketName:
    (name,) = call.path
    return BucketName(name)
