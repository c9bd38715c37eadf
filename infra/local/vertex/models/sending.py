"""Posts a request to a model server, with a few tries for what may pass."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import sleep
from typing import Any

import httpx
import msgspec
import orjson

from infra.local.vertex.errors import error_body
from infra.local.vertex.models.base import Refusal

_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class Patience(msgspec.Struct, frozen=True):
    """How often a request is tried, and for how long it may take; pauses double from `first_pause_s` on."""

    tries: int = 5
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    timeout_s: float = 300.0


class Sender:
    """Posts JSON below a base URL. `pause` waits between tries."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        connections: int,
        patience: Patience = Patience(),  # noqa: B008  # frozen
        pause: Callable[[float], None] = sleep,
    ) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._client = httpx.Client(base_url=base_url, headers=dict(headers), limits=limits, timeout=patience.timeout_s)
        self._patience = patience
        self._pause = pause

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any] | Refusal:
        """The JSON of a good reply, or what the last bad one said."""
        refusal = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, {})
        for left in reversed(range(self._patience.tries)):
            reply = self._once(path, body)
            if isinstance(reply, httpx.Response) and not reply.is_error:
                return _json(reply)
            refusal = reply if isinstance(reply, Refusal) else _refusal(reply)
            if refusal.http not in _PASSING:
                break
            if left:
                self._pause(self._before_next(left, reply))
        return refusal

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _once(self, path: str, body: Mapping[str, Any]) -> httpx.Response | Refusal:
        try:
            return self._client.post(path, content=orjson.dumps(body), headers={"Content-Type": "application/json"})
        except httpx.TransportError as error:
            message = f"The model server could not be reached: {type(error).__name__}."
            return Refusal(503, error_body(503, message))

    def _before_next(self, left: int, reply: httpx.Response | Refusal) -> float:
        asked = reply.headers.get("retry-after", "") if isinstance(reply, httpx.Response) else ""
        doubled = self._patience.first_pause_s * 2.0 ** (self._patience.tries - 1 - left)
        return min(float(asked) if asked.isdecimal() else doubled, self._patience.longest_pause_s)


def _json(reply: httpx.Response) -> dict[str, Any] | Refusal:
    try:
        body = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        body = None
    if isinstance(body, dict):
        return body
    return Refusal(500, error_body(500, "The model server's reply is not a JSON object."))


def _refusal(reply: httpx.Response) -> Refusal:
    try:
        body = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    status = error.get("status") if isinstance(error, dict) else None
    shown = error_body(reply.status_code, str(message or reply.reason_phrase))
    if status:
        shown["error"]["status"] = status
    return Refusal(reply.status_code, shown)
