"""The server as an ASGI application."""

import logging
from typing import assert_never

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.local.storage import routes
from infra.local.storage.calls import Call, Handler, Services, Struck, error_response
from infra.local.storage.errors import ApiError
from infra.local.storage.faults import Fault, FaultAction

_LOG = logging.getLogger(__name__)


class StorageApp:
    """Answers the JSON API. Needs no lifespan."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> object:
        """Serve one request. Anything but None as result makes uvicorn close the connection at once."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return None
        if response is None:
            return "dropped on purpose"
        await response(scope, receive, send)
        return None

    async def _answer(self, request: Request) -> Response | None:
        try:
            handler, path = routes.find(request.method, request.scope["raw_path"].decode("ascii"))
            return await _run(handler, Call(request, path, self._services))
        except Struck as struck:
            return _strike(struck.fault)
        except ApiError as error:
            return error_response(error)
        except ClientDisconnect:
            raise
        except Exception:  # noqa: BLE001  # logged, and answered as the cloud answers its own failures
            _LOG.exception("%s %s failed.", request.method, request.url.path)
            return error_response(ApiError(500, "backendError", "The storage stand-in failed; see its log."))


async def _run(handler: Handler, call: Call) -> Response | None:
    try:
        response = await handler(call)
    except ApiError as error:
        response = error_response(error)
    return response if call.fault_after is None else _strike(call.fault_after)


def _strike(fault: Fault) -> Response | None:
    match fault.action:
        case FaultAction.RESPOND:
            return error_response(ApiError(fault.status, "injectedFault", "A fault was asked for."))
        case FaultAction.DROP_CONNECTION:
            return None
        case FaultAction.DELAY:
            raise AssertionError("A delay lets the request go on.")
        case _:
            assert_never(fault.action)
