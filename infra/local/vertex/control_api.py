"""The control resource: script faults, list them, ask what was billed."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.local.vertex.billing import Ledger
from infra.local.vertex.errors import error_body
from infra.local.vertex.faults import Fault, FaultBook

_FAULTS = "/_control/faults"


class ControlApi:
    """`POST`, `GET`, `DELETE /_control/faults` and `GET /_control/billed`."""

    def __init__(self, faults: FaultBook, ledger: Ledger) -> None:
        self._faults = faults
        self._ledger = ledger

    def routes(self) -> list[Route]:
        """The routes to mount."""
        return [
            Route(_FAULTS, self._add, methods=["POST"]),
            Route(_FAULTS, self._all, methods=["GET"]),
            Route(_FAULTS, self._clear, methods=["DELETE"]),
            Route("/_control/billed", self._billed, methods=["GET"]),
        ]

    async def _add(self, request: Request) -> Response:
        try:
            fault = msgspec.json.decode(await request.body(), type=Fault)
        except msgspec.DecodeError as error:
            return _json(error_body(400, str(error)), 400)
        return _json(self._faults.add(fault))

    async def _all(self, _: Request) -> Response:
        return _json({"faults": self._faults.all()})

    async def _clear(self, _: Request) -> Response:
        self._faults.clear()
        return _json({})

    async def _billed(self, _: Request) -> Response:
        return _json(self._ledger.billed())


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
