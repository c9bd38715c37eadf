"""The control resource: script faults, list them, put time forward, ask what was billed."""

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from infra.local.vertex.errors import error_body
from infra.local.vertex.faults import Fault
from infra.local.vertex.wire import timestamp
from infra.local.vertex.world import World

_FAULTS = "/_control/faults"
_CLOCK = "/_control/clock"
_BILLED = "/_control/billed"


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By how many seconds to put the time forward."""

    advance_s: float

    def __post_init__(self) -> None:
        if self.advance_s < 0:
            raise ValueError("time does not go back: advance_s must be 0 or more")


class ControlApi:
    """What is below `/_control`."""

    def __init__(self, world: World) -> None:
        self._faults = world.faults
        self._ledger = world.ledger
        self._clock = world.clock

    def routes(self) -> list[Route]:
        """The routes to mount."""
        return [
            Route(_FAULTS, self._add, methods=["POST"]),
            Route(_FAULTS, self._all, methods=["GET"]),
            Route(_FAULTS, self._clear, methods=["DELETE"]),
            Route(_FAULTS + "/{id:int}", self._remove, methods=["DELETE"]),
            Route(_CLOCK, self._now, methods=["GET"]),
            Route(_CLOCK, self._advance, methods=["POST"]),
            Route(_BILLED, self._billed, methods=["GET"]),
            Route(_BILLED, self._forget, methods=["DELETE"]),
            Route(_BILLED + "/requests", self._requests, methods=["GET"]),
        ]

    async def _add(self, request: Request) -> Response:
        try:
            fault = msgspec.json.decode(await request.body(), type=Fault)
        except msgspec.DecodeError as error:
            return _bad(error)
        return _json(self._faults.add(fault))

    async def _all(self, _: Request) -> Response:
        return _json({"faults": self._faults.all()})

    async def _clear(self, _: Request) -> Response:
        self._faults.clear()
        return _json({})

    async def _remove(self, request: Request) -> Response:
        number: int = request.path_params["id"]
        if self._faults.remove(number):
            return _json({})
        return _json(error_body(404, f"There is no fault {number}."), 404)

    async def _now(self, _: Request) -> Response:
        return _json({"now": timestamp(self._clock.now())})

    async def _advance(self, request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body(), type=Advance)
        except msgspec.DecodeError as error:
            return _bad(error)
        await run_in_threadpool(self._clock.advance, asked.advance_s)
        return await self._now(request)

    async def _billed(self, _: Request) -> Response:
        return _json(await run_in_threadpool(self._ledger.billed))

    async def _forget(self, _: Request) -> Response:
        self._ledger.clear()
        return _json({})

    async def _requests(self, request: Request) -> Response:
        lines = self._ledger.lines(request.query_params.get("job", ""))
        return StreamingResponse(lines, media_type="application/x-ndjson")


def _bad(error: msgspec.DecodeError) -> Response:
    return _json(error_body(400, str(error)), 400)


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
