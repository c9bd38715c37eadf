"""Answer lines of `predictions.jsonl`, and what each says of its row.

A row failed if its status is not empty, or its response is (docs: batch-inference/new-job-from-cloud-storage).
"""

import msgspec

from batchdrop.domain.usage import Usage
from batchdrop.rows.conform import Checker, Schema
from batchdrop.rows.fingerprint import Echo, fingerprint_of_echo
from batchdrop.rows.replies import FINISHED, Kind, Reply, Response, condense, read_reply
from batchdrop.rows.status import Trouble, read_status
from batchdrop.rows.values import Again, Answered, Failed, Outcome, Output, Problem, Retry, SideRow, Stage
from batchdrop.rows.verdict import trouble_with, typed

_NULL = msgspec.Raw(b"null")
_MOST_STATUS = 8_000
_SPOKEN = Kind.SPOKEN


class Answer(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is kept of an answer line until its row is closed.

    `fingerprint` is that of the echoed request, empty where nothing usable came back; `raw_size` the length of the
    line in bytes. `response` is Vertex's own, kept only for native jobs. `rekeyed` tells that the row was found by
    the fingerprint, because the key had come back damaged.
    """

    fingerprint: str
    status: str
    processed_time: str
    raw_size: int
    reply: Reply
    response: bytes = b""
    rekeyed: bool = False


class _Usual(msgspec.Struct, gc=False):
    """A line as Vertex writes it."""

    custom_id: str = ""
    status: str = ""
    processed_time: str = ""
    request: Echo | None = None
    response: Response | None = None


class _Odd(msgspec.Struct, gc=False):
    custom_id: object = None
    status: object = None
    processed_time: object = None
    request: msgspec.Raw = _NULL
    response: msgspec.Raw = _NULL


_usual = msgspec.json.Decoder(_Usual).decode
_odd = msgspec.json.Decoder(_Odd).decode


def parse_line(line: bytes | memoryview) -> tuple[str, Answer] | None:
    """Read one answer line: the row key as it came back, and the answer; None for what is no JSON object.

    Never raises, whatever the line holds. The answer is without its response: see `with_response`.
    """
    try:
        found = _usual(line)
        fingerprint = "" if found.request is None else found.request.fingerprint()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse_odd(line)
    reply = _EMPTY if found.response is None else condense(found.response)
    if reply is None:
        return _parse_odd(line)
    status = _cut(found.status) if found.status else ""
    return found.custom_id, Answer(fingerprint, status, found.processed_time, len(line), reply)


def with_response(answer: Answer, line: bytes | memoryview) -> Answer:
    """Keep the response of an answer's line as it stands. It has to be text for others too."""
    if answer.reply.kind is Kind.UNREADABLE:
        return answer
    response = bytes(_odd(line).response)
    if _is_text(response):
        return msgspec.structs.replace(answer, response=response)
    return msgspec.structs.replace(answer, reply=Reply(Kind.UNREADABLE))


def _parse_odd(line: bytes | memoryview) -> tuple[str, Answer] | None:
    try:
        found = _odd(line)
        answer = Answer(
            fingerprint_of_echo(found.request),
            _cut(_text(found.status)),
            _text(found.processed_time),
            len(line),
            _EMPTY if found.response == _NULL else read_reply(found.response),
        )
        return _text(found.custom_id), answer
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


_EMPTY = Reply(Kind.EMPTY)


def _cut(status: str) -> str:
    return status.strip()[:_MOST_STATUS]


def _text(value: object) -> str:
    """Vertex may turn texts into numbers; an error may come as an object."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if value else ""


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a job asks of its answers. `native` jobs take responses as they are."""

    output_schema: Schema | None = None
    allow_truncated: bool = False
    native: bool = False


class Judge:
    """Tells what an answer makes of its row; compiles the schema once."""

    def __init__(self, expectation: Expectation) -> None:
        """Prepare for the answers of one job.

        Raises:
            ValueError: the schema is none.
        """
        schema = None if expectation.native else expectation.output_schema
        self._checker = None if schema is None else Checker(schema)
        self._native = expectation.native
        self._cut = expectation.allow_truncated

    def judge(self, answer: Answer, side: SideRow) -> Outcome:
        """Tell whether it is a result, an error, or worth another try."""
        if answer.status:
            return _troubled(side, read_status(answer.status), Usage())
        reply = answer.reply
        reason = reply.reason
        if reply.kind is not _SPOKEN or reason not in FINISHED:
            trouble = trouble_with(reply, native=self._native, cut=self._cut)
            if trouble is not None:
                return _troubled(side, trouble, reply.usage)
        if self._checker is None:
            text, fields, lenient = reply.text, None, False
        else:
            weighed = typed(reply, self._checker)
            if type(weighed) is Trouble:
                return _troubled(side, weighed, reply.usage)
            text, fields, lenient = weighed
        response = msgspec.Raw(answer.response) if self._native else _NULL
        return Answered(side, Output(text, reason, Usage(*reply.tokens), response, fields, lenient))


def _troubled(side: SideRow, trouble: Trouble, usage: Usage) -> Failed | Again:
    problem = Problem(
        stage=Stage.ANSWER, code=trouble.code, message=trouble.message, hint=trouble.hint, path=trouble.path
    )
    if trouble.retry is Retry.NEVER:
        return Failed(side=side, problem=problem, usage=usage)
    return Again(side=side, problem=problem, retry=trouble.retry, usage=usage)
