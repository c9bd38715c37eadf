"""The HTTP face: routes of `v1` and `v1beta1`, query parameters, Google's error JSON."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.vertex.control_api import ControlApi
from infra.local.vertex.errors import ApiError, Code, error_body
from infra.local.vertex.faults import Method
from infra.local.vertex.jobs import Job, JobName, Parent
from infra.local.vertex.service import JobService
from infra.local.vertex.wire import job_json, masked
from infra.local.vertex.world import World

Handler: TypeAlias = Callable[[Request], Awaitable[dict[str, Any]]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

_JOBS = "/{version:str}/projects/{project}/locations/{location}/batchPredictionJobs"
_VERSIONS = frozenset({"v1", "v1beta1"})
_DROPPED = "vertex.dropped"


def application(world: World, service: JobService) -> "Droppable":
    """The whole server as an ASGI application."""
    api = _Api(world, service)
    control = ControlApi(world)
    return Droppable(
        Starlette(
            routes=[
                Route(_JOBS, api.endpoint("create", api.create), methods=["POST"]),
                Route(_JOBS, api.endpoint("list", api.list), methods=["GET"]),
                Route(_JOBS + "/{job}:cancel", api.endpoint("cancel", api.cancel), methods=["POST"]),
                Route(_JOBS + "/{job}", api.endpoint("get", api.get), methods=["GET"]),
                Route(_JOBS + "/{job}", api.endpoint("delete", api.delete), methods=["DELETE"]),
                *control.routes(),
                Route("/{path:path}", _unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ]
        )
    )


class Droppable:
    """Closes the connection of a request whose reply says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> object:
        """Serve one request. Anything but None as result makes uvicorn close the connection at once."""
        await self._app(scope, receive, send)
        return "a dropped connection, as a fault asked for" if _DROPPED in scope else None


class _Drop(Response):
    """No reply at all."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        scope[_DROPPED] = True


class _Api:
    def __init__(self, world: World, service: JobService) -> None:
        self._faults = world.faults
        self._service = service

    def endpoint(self, method: Method, handler: Handler) -> Endpoint:
        """The handler with faults before or after it, and its result or error as a reply."""

        async def reply(request: Request) -> Response:
            if request.path_params["version"] not in _VERSIONS:
                return await _unknown(request)
            fault = self._faults.method(method)
            if fault is None:
                return await _answered(request, handler)
            response = await _answered(request, handler) if fault.after else None
            await asyncio.sleep(fault.delay_s)
            if fault.drop:
                return _Drop()
            if fault.status:
                return _json(fault.status, error_body(fault.status, fault.message or "Injected fault."))
            return response or await _answered(request, handler)

        return reply

    async def create(self, request: Request) -> dict[str, Any]:
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError as error:
            raise ApiError(Code.INVALID_ARGUMENT, "Invalid JSON payload received.") from error
        return _shown(self._service.create(_parent(request), body), request)

    async def get(self, request: Request) -> dict[str, Any]:
        return _shown(self._service.get(_name(request)), request)

    async def list(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        size = query.get("pageSize", query.get("page_size", "0"))
        token = query.get("pageToken", query.get("page_token", ""))
        if not size.isdecimal():
            raise ApiError(Code.INVALID_ARGUMENT, "The page size must be a number that is not negative.")
        page = self._service.list(_parent(request), query.get("filter", ""), int(size), token)
        body: dict[str, Any] = {}
        if page.jobs:
            mask = query.get("readMask", query.get("read_mask", ""))
            body["batchPredictionJobs"] = [masked(_shown(job, request), mask) for job in page.jobs]
        if page.next_token:
            body["nextPageToken"] = page.next_token
        return body

    async def cancel(self, request: Request) -> dict[str, Any]:
        self._service.cancel(_name(request))
        return {}

    async def delete(self, request: Request) -> dict[str, Any]:
        name = _name(request)
        self._service.delete(name)
        return {
            "name": f"{_parent(request).path}/operations/{name.rpartition('/')[2]}",
            "metadata": {
                "@type": "type.googleapis.com/google.cloud.aiplatform.v1.DeleteOperationMetadata",
                "genericMetadata": {},
            },
            "done": True,
            "response": {"@type": "type.googleapis.com/google.protobuf.Empty"},
        }


async def _answered(request: Request, handler: Handler) -> Response:
    try:
        return _json(200, await handler(request))
    except ApiError as error:
        return _json(error.code.http, error_body(error.code.http, error.message, error.code))


async def _unknown(request: Request) -> Response:
    message = f"The requested URL {request.url.path} was not found on this server."
    return _json(404, error_body(404, message))


def _parent(request: Request) -> Parent:
    return Parent(request.path_params["project"], request.path_params["location"])


def _name(request: Request) -> JobName:
    return _parent(request).job(request.path_params["job"])


def _shown(job: Job, request: Request) -> dict[str, Any]:
    query = request.query_params
    alternative = query.get("$alt", query.get("alt", ""))
    return job_json(job, numeric_enums="enum-encoding=int" in alternative)


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
