"""Whether a reply is a good answer: blocked, cut off, finished oddly, or not what the schema asks for."""

from collections.abc import Iterator
from typing import assert_never

import msgspec
import orjson

from batchdrop.rows.conform import Checker, Mismatch
from batchdrop.rows.lenient import FLAT, Found, is_flat, json_in
from batchdrop.rows.replies import CUT, FINISHED, Kind, Reply
from batchdrop.rows.status import Trouble
from batchdrop.rows.values import Retry

_fields_of = msgspec.structs.asdict
_loads = orjson.loads

BLOCKED = "BLOCKED"
_MISMATCH, _NO_JSON = "SCHEMA_MISMATCH", "INVALID_JSON"
MISFITS = frozenset({_MISMATCH, _NO_JSON})
"""Codes of answers that are not the JSON asked for."""

_BLOCKING = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "MODEL_ARMOR",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)


Typed = tuple[str, dict[str, object] | None, bool]
"""An answer that fits its schema: its text, its fields, and whether it was taken leniently.

The fields are every property of an object schema, in its order, null if absent; None for any other schema. Lenient
means that words, fences or missing quotes around the JSON were overlooked.
"""


def trouble_with(reply: Reply, *, native: bool, cut: bool) -> Trouble | None:
    """Tell what is wrong with a reply before its text is looked at; None for a good one.

    With `cut`, one that ran out of tokens is good as far as it goes. A `native` job takes silence too.
    """
    match reply.kind:
        case Kind.SPOKEN:
            return None if reply.reason in FINISHED else _unfinished(reply.reason, cut=cut)
        case Kind.SILENT:
            return _silent(reply.reason, native=native, cut=cut)
        case Kind.BLOCKED:
            return _blocking(f"Vertex blocked the prompt: {reply.reason}.")
        case Kind.NO_CANDIDATES:
            return _NO_CANDIDATES
        case Kind.EMPTY:
            return _EMPTY_RESPONSE
        case Kind.UNREADABLE:
            return _UNREADABLE
        case _:
            assert_never(reply.kind)


def typed(reply: Reply, checker: Checker) -> Typed | Trouble:
    """Read the JSON in a reply's text and hold it against the schema."""
    read, text = checker.read, reply.text
    if read is None:
        return _typed_in_steps(reply, checker)
    try:
        return text, _fields_of(read(text)), False
    except (msgspec.MsgspecError, UnicodeError):
        return _typed_in_steps(reply, checker)


def _typed_in_steps(reply: Reply, checker: Checker) -> Typed | Trouble:
    text, properties = reply.text, checker.properties
    try:
        value = _loads(text)
    except orjson.JSONDecodeError:
        return _typed_in_words(reply, checker)
    if not checker.fits(value) or (len(text) > FLAT and not is_flat(text)):
        return _typed_in_words(reply, checker)
    if properties and tuple(value) == properties:
        return text, value, False
    return _typed(value, text, checker, lenient=False)


def _typed_in_words(reply: Reply, checker: Checker) -> Typed | Trouble:
    first: Mismatch | None = None
    for found in _readings(reply.text, checker):
        if checker.fits(found.value):
            return _typed(found.value, reply.text, checker, lenient=not found.bare)
        first = first or checker.mismatch(found.value)
    if reply.reason == CUT:
        return _TRUNCATED
    return _INVALID_JSON if first is None else _mismatched(first)


def _readings(text: str, checker: Checker) -> Iterator[Found]:
    """What a text may mean: the JSON in it, and as it stands where the schema wants a string."""
    yield from json_in(text)
    if checker.wants_text:
        yield Found(text.strip(), bare=False)


def _typed(value: object, text: str, checker: Checker, *, lenient: bool) -> Typed:
    if not checker.properties:
        return value if isinstance(value, str) else orjson.dumps(value).decode(), None, lenient
    known = value if isinstance(value, dict) else {}
    return text, {name: known.get(name) for name in checker.properties}, lenient


def _blocking(message: str) -> Trouble:
    hint = "Change the row or the prompt, or the safety settings in the prompt's config where they allow it."
    return Trouble(code=BLOCKED, message=message, hint=hint, retry=Retry.NEVER)


def _silent(reason: str, *, native: bool, cut: bool) -> Trouble | None:
    trouble = None if reason in FINISHED else _unfinished(reason, cut=cut)
    if trouble is not None or native:
        return trouble
    return _TRUNCATED if reason == CUT else _EMPTY_ANSWER


def _unfinished(reason: str, *, cut: bool) -> Trouble | None:
    if reason == CUT:
        return None if cut else _TRUNCATED
    if reason in _BLOCKING:
        return _blocking(f"Vertex blocked the answer: {reason}.")
    return Trouble(
        code=f"FINISH_{reason}",
        message=f"The model stopped with finish reason {reason}.",
        hint="Change the row or the prompt and drop the failed rows again.",
        retry=Retry.NEVER,
    )


def _mismatched(wrong: Mismatch) -> Trouble:
    return Trouble(
        code=_MISMATCH,
        message=f"The answer does not fit the output schema: {wrong.message}",
        hint="Describe the field better in the output schema, or loosen the schema.",
        retry=Retry.ONCE,
        path=wrong.path,
    )


_TRUNCATED = Trouble(
    code="TRUNCATED",
    message="The answer ran out of tokens before its end.",
    hint="Raise maxOutputTokens in the config, shorten what is asked for, or set batch.allow_truncated: true.",
    retry=Retry.LONGER,
)
_NO_CANDIDATES = Trouble(
    code="NO_CANDIDATES",
    message="The response holds no candidate and gives no reason.",
    hint="Drop the failed rows again; if it stays so, change the row or the prompt.",
    retry=Retry.LATER,
)
_EMPTY_ANSWER = Trouble(
    code="EMPTY_ANSWER",
    message="The model finished without saying anything.",
    hint="Drop the failed rows again; if it stays so, change the row or the prompt.",
    retry=Retry.LATER,
)
_EMPTY_RESPONSE = Trouble(
    code="EMPTY_RESPONSE",
    message="Vertex gave neither a response nor an error.",
    hint="Drop the failed rows again.",
    retry=Retry.LATER,
)
_UNREADABLE = Trouble(
    code="UNREADABLE_RESPONSE",
    message="The response is not a JSON object.",
    hint="Drop the failed rows again.",
    retry=Retry.LATER,
)
_INVALID_JSON = Trouble(
    code=_NO_JSON,
    message="The answer is not the JSON that the output schema asks for.",
    hint="Drop the failed rows again; if it stays so, make the output schema simpler.",
    retry=Retry.ONCE,
)
