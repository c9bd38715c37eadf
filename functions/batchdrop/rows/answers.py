"""Answer lines of `predictions.jsonl`, and what each says of its row.

A row failed if its status is not empty, or its response is (docs: batch-inference/new-job-from-cloud-storage).
"""

from collections.abc import Mapping

import msgspec
import orjson

from batchdrop.domain.shard import Usage
from batchdrop.rows.conform import Schema
from batchdrop.rows.requests import fingerprint
from batchdrop.rows.status import Trouble, read_status
from batchdrop.rows.values import Again, Answered, Failed, Outcome, Output, Problem, SideRow, Stage
from batchdrop.rows.verdict import weigh

_NO_RESPONSE = msgspec.Raw(b"null")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One line that could be read.

    `key` is the row key as echoed, `fingerprint` that of the echoed request; both are empty where nothing usable
    came back. `response` is None if absent or null. `raw_size` is the length of the line in bytes.
    """

    key: str
    fingerprint: str
    status: str
    response: msgspec.Raw | None
    processed_time: str
    raw_size: int


class UnreadableAnswer(msgspec.Struct, frozen=True):
    """A line that is no JSON object, or one too broken to tell whose it is. Its row counts as missing."""

    raw_size: int


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a job asks of its answers. `native` jobs take responses as they are."""

    output_schema: Schema | None = None
    allow_truncated: bool = False
    native: bool = False


class _Line(msgspec.Struct, frozen=True):
    custom_id: object = None
    status: object = None
    processed_time: object = None
    request: object = None
    response: msgspec.Raw = _NO_RESPONSE


_DECODER = msgspec.json.Decoder(_Line)


def parse_answer(line: bytes) -> Answer | UnreadableAnswer:
    """Read one line. Never raises, whatever the line holds."""
    try:
        found = _DECODER.decode(line)
        return Answer(
            key=_text(found.custom_id),
            fingerprint=fingerprint(found.request) if isinstance(found.request, dict) else "",
            status=_text(found.status).strip(),
            response=None if found.response == _NO_RESPONSE else found.response.copy(),
            processed_time=_text(found.processed_time),
            raw_size=len(line),
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return UnreadableAnswer(len(line))


def _text(value: object) -> str:
    """Vertex may turn texts into numbers; an error may come as an object."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if value else ""


def judge(answer: Answer, side: SideRow, expectation: Expectation) -> Outcome:
    """Tell what an answer makes of its row: a result, an error, or another try."""
    if answer.status:
        return _troubled(side, read_status(answer.status), Usage())
    response = _response_of(answer)
    if response is None:
        return _troubled(side, _UNREADABLE, Usage())
    if not response:
        return _troubled(side, _EMPTY, Usage())
    usage = usage_of(response)
    weighed = weigh(response, expectation.output_schema, native=expectation.native, cut=expectation.allow_truncated)
    if isinstance(weighed, Trouble):
        return _troubled(side, weighed, usage)
    whole = answer.response if expectation.native and answer.response is not None else _NO_RESPONSE
    output = Output(
        text=weighed.text, finish_reason=weighed.finish_reason, usage=usage, response=whole, fields=weighed.fields
    )
    return Answered(side=side, output=output)


_UNREADABLE = Trouble(
    code="UNREADABLE_RESPONSE",
    message="The response is not a JSON object.",
    hint="Drop the failed rows again.",
    passing=True,
)
_EMPTY = Trouble(
    code="EMPTY_RESPONSE",
    message="Vertex gave neither a response nor an error.",
    hint="Drop the failed rows again.",
    passing=True,
)


def _response_of(answer: Answer) -> dict[str, object] | None:
    if answer.response is None:
        return {}
    try:
        response = orjson.loads(memoryview(answer.response))
    except orjson.JSONDecodeError:
        return None
    return response if isinstance(response, dict) else None


def _troubled(side: SideRow, trouble: Trouble, usage: Usage) -> Failed | Again:
    problem = Problem(
        stage=Stage.ANSWER, code=trouble.code, message=trouble.message, hint=trouble.hint, path=trouble.path
    )
    if trouble.passing:
        return Again(side=side, problem=problem, usage=usage)
    return Failed(side=side, problem=problem, usage=usage)


def usage_of(response: Mapping[str, object]) -> Usage:
    """Read `usageMetadata`; what is absent counts as none."""
    found = response.get("usageMetadata")
    if not isinstance(found, dict) or not found:
        return Usage()
    return Usage(
        rows=1,
        prompt=_count(found.get("promptTokenCount")),
        cached=_count(found.get("cachedContentTokenCount")),
        output=_count(found.get("candidatesTokenCount")),
        thoughts=_count(found.get("thoughtsTokenCount")),
        tools=_count(found.get("toolUsePromptTokenCount")),
    )


def _count(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
