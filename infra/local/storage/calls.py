"""A request on its way through the server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from infra.local.storage.errors import ApiError, invalid
from infra.local.storage.faults import Fault, FaultAction, FaultMethod, Faults, FaultStage
from infra.local.storage.model import Json
from infra.local.storage.parameters import Parameters
from infra.local.storage.shelf import Shelf
from infra.local.storage.uploads import Uploads

_MAX_DOCUMENT = 16 << 20


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers use."""

    shelf: Shelf
    uploads: Uploads
    faults: Faults


class Struck(Exception):
    """A fault strikes this request."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.action.value)
        self.fault = fault


class Call:
    """One request: its decoded path captures, its parameters, its body."""

    def __init__(self, request: Request, path: tuple[str, ...], services: Services) -> None:
        self.request = request
        self.path = path
        self.services = services
        self.shelf = services.shelf
        self.parameters = Parameters(request.query_params, request.headers)
        self.base = f"{request.url.scheme}://{request.url.netloc}"
        self.fault_after: Fault | None = None

    def header(self, name: str) -> str | None:
        """A request header."""
        return self.request.headers.get(name)

    async def document(self) -> Json:
        """The JSON object of the body; an empty body is an empty object."""
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > _MAX_DOCUMENT:
                raise invalid("The request body is too large.")
        try:
            return msgspec.json.decode(body or b"{}", type=Json)
        except msgspec.DecodeError as error:
            raise ApiError(400, "parseError", "The request body is not a JSON object.") from error

    async def meet(self, method: FaultMethod, bucket: str, name: str) -> None:
        """Let a fault strike if one is in force for this request; called once its target is known."""
        fault = self.services.faults.take(method, bucket, name)
        if fault is None:
            return
        await asyncio.sleep(fault.delay_s)
        if fault.action is FaultAction.DELAY:
            return
        if fault.stage is FaultStage.BEFORE:
            raise Struck(fault)
        self.fault_after = fault


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(content), status, headers, media_type="application/json; charset=UTF-8")


def error_response(error: ApiError) -> Response:
    """Google's error document; 304 has none."""
    if error.status == 304:  # noqa: PLR2004  # Not Modified
        return Response(status_code=304, headers=error.headers)
    return json_response(error.body(), error.status, error.headers)
