"""A row on its way from the input file to the predictions file.

Shapes, field by field, are those of the examples that Google publishes and that third parties kept.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from infra.local.vertex.errors import error_body, phrase
from infra.local.vertex.settings import Settings
from infra.local.vertex.shape import RowShape

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OWN = frozenset({"request", "response", "status", "processed_time"})
_NUMERIC = re.compile(rb'\s*"(-?)0*(\d{1,18}(?:\.\d+)?)"\s*')


class InputRow(msgspec.Struct, frozen=True):
    """A line of the input: `siblings` are the JSON members that stood beside the request."""

    custom_id: str
    siblings: Mapping[str, bytes]
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
    """Read a line that the importer has let pass."""
    members = _FIELDS.decode(line)
    raw = bytes(members["request"])
    custom_id = orjson.loads(bytes(members["custom_id"])) if "custom_id" in members else ""
    siblings = {key: bytes(value) for key, value in members.items() if key not in _OWN}
    return InputRow(str(custom_id), siblings, raw, orjson.loads(raw))


class Echo:
    """Writes rows as the settings want what was sent to come back. `shape` is that of all rows of the job."""

    def __init__(self, settings: Settings, shape: RowShape) -> None:
        self._nulls = settings.echo == "nulls"
        self._numbers = settings.coerce_numbers
        self._shape = shape

    def line(self, answered: Answered) -> bytes:
        """The line of the predictions file."""
        row = answered.row
        siblings = b"".join(b"%b:%b," % (orjson.dumps(key), self._sibling(raw)) for key, raw in row.siblings.items())
        return b'{%b"status":%b,"processed_time":"%b","request":%b,"response":%b}\n' % (
            siblings,
            orjson.dumps(answered.status),
            answered.processed.encode(),
            orjson.dumps(self._shape.filled(row.request, "request")) if self._nulls else row.request_json,
            answered.response or b"{}",
        )

    def _sibling(self, raw: bytes) -> bytes:
        match = _NUMERIC.fullmatch(raw) if self._numbers else None
        return match[1] + match[2] if match else raw


def refused(http: int, error: Mapping[str, Any]) -> str:
    """The `status` of a row that a model server refused with Google's error JSON."""
    return f"{phrase(http)}: {json.dumps(error, ensure_ascii=False)}"


def refused_for(http: int, message: str) -> str:
    """As `refused`, with the usual JSON around a message."""
    return refused(http, error_body(http, message))


def response_id(row: InputRow, job_id: str) -> str:
    """An id for a response, the same for the same row of the same job."""
    digest = hashlib.blake2b(key=job_id.encode(), digest_size=15)
    for key, raw in row.siblings.items():
        digest.update(key.encode() + raw)
    digest.update(row.request_json)
    return digest.hexdigest()
