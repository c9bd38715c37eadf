"""What flows through the data plane, one value a row.

None of it is ever part of a cycle, so the collector need not look at what every row has.
"""

from enum import StrEnum
from typing import final

import msgspec

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.usage import Usage


class Stage(StrEnum):
    """Where a row failed."""

    READ = "read"
    RENDER = "render"
    REQUEST = "request"
    IMPORT = "import"
    ANSWER = "answer"


class Retry(StrEnum):
    """Whether what went wrong with a row may go better another time, and what has to change for that."""

    NEVER = "never"
    LATER = "later"
    """It was passing trouble: as often as attempts allow."""
    ONCE = "once"
    """The model may say something else: once more as it is."""
    LONGER = "longer"
    """The answer was cut off: with more tokens, as long as the model has more."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row is not answered. `path` is a JSON path or a column; texts never quote the row's values."""

    stage: Stage
    code: str
    message: str
    hint: str
    path: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record that could be read.

    `row` counts records of the shard from 0, blank lines excluded; `line` counts physical lines of the shard
    from 1 and is where the record begins; `raw` is what a sidecar keeps of it, see SideRow; `value` is the record as
    an object: parsed JSON, or column to text.
    """

    row: RowNumber
    line: int
    raw: bytes
    value: dict[str, object]

    def record(self) -> bytes:
        """The record as it stood in the file, without its line end."""
        return record_in(self.raw)


@final
class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be read, rendered or sent. `raw` is empty where the record is too large to keep."""

    row: RowNumber
    line: int
    raw: bytes
    problem: Problem


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row's request, ready to be written.

    `line` is the whole request line with its newline; `signature` maps JSON path to type, the same object for rows of
    the same shape where that is known; None rides with no other row.
    """

    line: bytes
    fingerprint: str
    signature: dict[str, str] | None


class SideRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A row's entry in a sidecar: all that is needed to join its answer.

    `raw` is a JSON value on one line: the record's own bytes for JSONL, a string of its text for CSV, an object of
    its columns for Parquet. It may be a view into a larger buffer: copy it to keep it. `twin_of` is a row before this
    one that asks the same, and is answered for both.
    """

    row: RowNumber
    line: int
    fingerprint: str
    raw: msgspec.Raw
    twin_of: RowNumber | None = None

    def text(self) -> str:
        """The record as text: its JSON, or the record of a CSV as it stood in the file."""
        return record_in(bytes(self.raw)).decode()


_TEXT = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()


def json_raw(record: bytes) -> msgspec.Raw:
    """The `raw` of a row whose record is JSON, on one line."""
    return msgspec.Raw(record)


def text_raw(record: str) -> msgspec.Raw:
    """The `raw` of a row whose record is text, one of a CSV."""
    return msgspec.Raw(_ENCODER.encode(record))


def record_in(raw: bytes) -> bytes:
    """The record that a `raw` stands for."""
    return _TEXT.decode(raw).encode() if raw.startswith(b'"') else raw


class Output(msgspec.Struct, frozen=True, gc=False):
    """A good answer.

    `text` is the answer's text without thoughts; `fields` the parsed object where the prompt has a schema, `lenient`
    tells that something around its JSON was overlooked; `response` is Vertex's response object as it came (JSON
    bytes), for native results.
    """

    text: str
    finish_reason: str
    usage: Usage
    response: msgspec.Raw
    fields: dict[str, object] | None = None
    lenient: bool = False


@final
class Answered(msgspec.Struct, frozen=True, gc=False):
    """A row that ends with a result."""

    side: SideRow
    output: Output


@final
class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A row that ends with an error. `usage` is what it cost all the same."""

    side: SideRow
    problem: Problem
    usage: Usage = Usage()


@final
class Again(msgspec.Struct, frozen=True, kw_only=True):
    """A row worth another try. `problem` is what it ends with if there is none left."""

    side: SideRow
    problem: Problem
    retry: Retry = Retry.LATER
    usage: Usage = Usage()


Outcome = Answered | Failed | Again
