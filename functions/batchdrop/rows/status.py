"""What the `status` of an answer line says: Vertex's own error for one row, as JSON after some words, or as words."""

import json
import re
from collections.abc import Mapping
from typing import final

import msgspec

from batchdrop.rows.values import Retry


@final
class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row has no good answer, and whether another try may give one; `path` is a place in the answer."""

    code: str
    message: str
    hint: str
    retry: Retry
    path: str = ""


_BY_NUMBER: Mapping[int, str] = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
    16: "UNAUTHENTICATED",
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_NAMES = frozenset(_BY_NUMBER.values())
_BY_PHRASE: Mapping[str, str] = {
    "bad request": "INVALID_ARGUMENT",
    "unauthorized": "UNAUTHENTICATED",
    "forbidden": "PERMISSION_DENIED",
    "not found": "NOT_FOUND",
    "too many requests": "RESOURCE_EXHAUSTED",
    "internal": "INTERNAL",
    "bad gateway": "UNAVAILABLE",
    "service unavailable": "UNAVAILABLE",
    "gateway timeout": "DEADLINE_EXCEEDED",
}
_PASSING = frozenset(
    {"RESOURCE_EXHAUSTED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "ABORTED", "CANCELLED", "UNKNOWN", "ERROR"}
)
_PROVISIONING = "service agents are being provisioned"

_NAME = re.compile(rf"\b(?:{'|'.join(sorted(_NAMES))})\b")
_NUMBER = re.compile(r'(?:\A\s*(?:HTTP\s*)?|"?\bcode"?\s*[:=]\s*)(\d{1,3})\b')
_PHRASE = re.compile(rf"\A\s*(?:\d{{3}}\s+)?({'|'.join(_BY_PHRASE)})\b", re.IGNORECASE)
_MOST = 2_000

_LATER = "It was tried again as often as `batch.max_attempts` allows; drop the failed rows again later."
_HINTS: Mapping[str, str] = {
    "INVALID_ARGUMENT": "Mend the request as Vertex's message says and drop the failed rows again.",
    "NOT_FOUND": "Check that the model and the files the row points to exist, then drop the failed rows again.",
    "PERMISSION_DENIED": "Let Vertex's service agent read the files of the row, then drop the failed rows again.",
    "FAILED_PRECONDITION": "Set up what Vertex's message asks for, then drop the failed rows again.",
}


def read_status(status: str) -> Trouble:
    """Judge a status that is not empty. 429 and 5xx pass, 400s do not; what nobody can read is tried again."""
    error = _error_in(status)
    message = error.get("message")
    text = (message if isinstance(message, str) and message else status).strip()[:_MOST]
    if _PROVISIONING in status.lower():
        return Trouble(code="VERTEX_PROVISIONING", message=text, hint=_LATER, retry=Retry.LATER)
    name = _name_of(error) or _name_in(status)
    passing = name in _PASSING
    hint = _LATER if passing else _HINTS.get(name, "See Vertex's message, then drop the failed rows again.")
    return Trouble(code=f"VERTEX_{name}", message=text, hint=hint, retry=Retry.LATER if passing else Retry.NEVER)


def _error_in(status: str) -> Mapping[str, object]:
    start = status.find("{")
    if start < 0:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(status, start)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    error = found.get("error", found)
    return error if isinstance(error, dict) else {"message": error}


def _name_of(error: Mapping[str, object]) -> str:
    name, number = error.get("status"), error.get("code")
    if isinstance(name, str) and name in _NAMES:
        return name
    return _BY_NUMBER.get(number, "") if isinstance(number, int) else ""


def _name_in(status: str) -> str:
    number = _NUMBER.search(status)
    if number and int(number[1]) in _BY_NUMBER:
        return _BY_NUMBER[int(number[1])]
    name = _NAME.search(status)
    if name:
        return name[0]
    phrase = _PHRASE.search(status)
    return _BY_PHRASE[phrase[1].lower()] if phrase else "ERROR"
