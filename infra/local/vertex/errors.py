"""Google's error codes and the JSON that carries them."""

import enum
from http import HTTPStatus
from typing import Any


class Code(enum.Enum):
    """A `google.rpc.Code`: its number, and the HTTP status it travels under."""

    CANCELLED = (1, 499)
    UNKNOWN = (2, 500)
    INVALID_ARGUMENT = (3, 400)
    DEADLINE_EXCEEDED = (4, 504)
    NOT_FOUND = (5, 404)
    ALREADY_EXISTS = (6, 409)
    PERMISSION_DENIED = (7, 403)
    RESOURCE_EXHAUSTED = (8, 429)
    FAILED_PRECONDITION = (9, 400)
    UNIMPLEMENTED = (12, 501)
    INTERNAL = (13, 500)
    UNAVAILABLE = (14, 503)
    UNAUTHENTICATED = (16, 401)

    @property
    def number(self) -> int:
        """The number in `google.rpc.Status.code`."""
        return self.value[0]

    @property
    def http(self) -> int:
        """The HTTP status of a reply with this code."""
        return self.value[1]


_OF_HTTP = {code.http: code for code in reversed(Code)} | {400: Code.INVALID_ARGUMENT, 500: Code.INTERNAL}


class ApiError(Exception):
    """A call that ends with Google's error JSON."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def error_body(http: int, message: str, code: Code | None = None) -> dict[str, Any]:
    """`{"error": {"code", "message", "status"}}` as Google's front ends send it; `code` is the HTTP status."""
    named = code or _OF_HTTP.get(http, Code.UNKNOWN)
    return {"error": {"code": http, "message": message, "status": named.name}}


def phrase(http: int) -> str:
    """The reason phrase of an HTTP status, with which Vertex begins the `status` of a refused row."""
    try:
        return HTTPStatus(http).phrase
    except ValueError:
        return f"HTTP {http}"
