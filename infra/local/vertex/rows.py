"""A row on its way from the input file to the predictions file.

Shapes, field by field, are those of the examples that Google publishes and that third parties kept.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from infra.local.vertex.errors import error_body, phrase

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OWN = frozenset({"request", "response", "status", "processed_time"})


class InputRow(msgspec.Struct, frozen=True):
    """A line of the input: `siblings` is what stood beside the request, as JSON members that end in a comma."""

    custom_id: str
    siblings: bytes
    request_json: bytes
    request: dict[str, Any]


class Answered(msgspec.Struct, frozen=True):
    """What became of a row: a `status` of "" and a response, or an error text and no response."""

    row: InputRow
    status: str
    response: bytes
    processed: str

    @property
    def ok(self) -> bool:
        """Whether it counts as successful."""
        return not self.status


def input_row(line: bytes) -> InputRow:
    """Read a line that the importer has let pass; what is echoed stays the bytes that came."""
    members = _FIELDS.decode(line)
    raw = bytes(members["request"])
    custom_id = orjson.loads(bytes(members["custom_id"])) if "custom_id" in members else ""
    return InputRow(str(custom_id), _siblings(members), raw, orjson.loads(raw))


def _siblings(members: Mapping[str, msgspec.Raw]) -> bytes:
    return b"".join(b"%b:%b," % (orjson.dumps(key), bytes(value)) for key, value in members.items() if key not in _OWN)


def line(answered: Answered) -> bytes:
    """The line of the predictions file."""
    row = answered.row
    return b'{%b"status":%b,"processed_time":"%b","request":%b,"response":%b}\n' % (
        row.siblings,
        orjson.dumps(answered.status),
        answered.processed.encode(),
        row.request_json,
        answered.response or b"{}",
    )


def refused(http: int, error: Mapping[str, Any]) -> str:
    """The `status` of a row that a model server refused with Google's error JSON."""
    return f"{phrase(http)}: {json.dumps(error, ensure_ascii=False)}"


def refused_for(http: int, message: str) -> str:
    """As `refused`, with the usual JSON around a message."""
    return refused(http, error_body(http, message))


def response_id(row: InputRow, job_id: str) -> str:
    """An id for a response, the same for the same row of the same job."""
    digest = hashlib.blake2b(row.siblings + row.request_json, key=job_id.encode(), digest_size=15)
    return digest.hexdigest()
