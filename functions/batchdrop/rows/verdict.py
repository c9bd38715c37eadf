"""Whether a response holds a good answer: blocked, cut off, finished oddly, or not what the schema asks for."""

import re
from collections.abc import Iterator, Mapping

import msgspec
import orjson

from batchdrop.rows.conform import Mismatch, Schema, mismatch, properties_of, wants_text
from batchdrop.rows.lenient import json_in
from batchdrop.rows.status import Trouble

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
_FINISHED = frozenset({"", "STOP", "FINISH_REASON_UNSPECIFIED"})
_CUT = "MAX_TOKENS"
_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_DUMB = frozenset({"text", "thought", "thoughtSignature"})


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A good answer's text. `fields` has every property of an object schema, in its order, null if absent."""

    text: str
    finish_reason: str
    fields: dict[str, object] | None = None


def weigh(response: Mapping[str, object], schema: Schema | None, *, native: bool, cut: bool) -> Said | Trouble:
    """Judge a response that is not empty. With `cut`, one that ran out of tokens is good as far as it goes."""
    blocked = _blocked(response)
    if blocked is not None:
        return blocked
    candidate = _best(response)
    if candidate is None:
        return _NO_CANDIDATES
    reason = _reason(candidate)
    trouble = _unfinished(reason, cut=cut)
    if trouble is not None:
        return trouble
    parts = [part for part in _parts(candidate) if part.get("thought") is not True]
    text = "".join(found for part in parts if isinstance(found := part.get("text"), str))
    if native:
        return Said(text=text, finish_reason=reason)
    if not text and not any(_speaks(part) for part in parts):
        return _truncated() if reason == _CUT else _EMPTY
    return Said(text=text, finish_reason=reason) if schema is None else _typed(text, reason, schema)


def _blocked(response: Mapping[str, object]) -> Trouble | None:
    feedback = response.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    if not reason or reason == "BLOCKED_REASON_UNSPECIFIED":
        return None
    return _blocking(f"Vertex blocked the prompt: {_word(reason)}.")


def _blocking(message: str) -> Trouble:
    hint = "Change the row or the prompt, or the safety settings in the prompt's config where they allow it."
    return Trouble(code="BLOCKED", message=message, hint=hint, passing=False)


def _best(response: Mapping[str, object]) -> Mapping[str, object] | None:
    """Of several candidates the first that finished, else the first that was cut off, else the first."""
    found = response.get("candidates")
    candidates = [candidate for candidate in found if isinstance(candidate, dict)] if isinstance(found, list) else []
    return min(candidates, key=_rank, default=None)


def _rank(candidate: Mapping[str, object]) -> int:
    reason = _reason(candidate)
    return 0 if reason in _FINISHED else 1 if reason == _CUT else 2


def _reason(candidate: Mapping[str, object]) -> str:
    reason = candidate.get("finishReason")
    return _word(reason) if reason else ""


def _word(reason: object) -> str:
    return reason if isinstance(reason, str) and _WORD.fullmatch(reason) else "UNKNOWN"


def _unfinished(reason: str, *, cut: bool) -> Trouble | None:
    if reason in _FINISHED:
        return None
    if reason == _CUT:
        return None if cut else _truncated()
    if reason in _BLOCKING:
        return _blocking(f"Vertex blocked the answer: {reason}.")
    return Trouble(
        code=f"FINISH_{reason}",
        message=f"The model stopped with finish reason {reason}.",
        hint="Change the row or the prompt and drop the failed rows again.",
        passing=False,
    )


def _truncated() -> Trouble:
    return Trouble(
        code="TRUNCATED",
        message="The answer ran out of tokens before its end.",
        hint="Raise config.maxOutputTokens in the prompt, or take cut answers with batch.allow_truncated: true.",
        passing=False,
    )


_NO_CANDIDATES = Trouble(
    code="NO_CANDIDATES",
    message="The response holds no candidate and gives no reason.",
    hint="Drop the failed rows again; if it stays so, change the row or the prompt.",
    passing=True,
)
_EMPTY = Trouble(
    code="EMPTY_ANSWER",
    message="The model finished without saying anything.",
    hint="Drop the failed rows again; if it stays so, change the row or the prompt.",
    passing=True,
)


def _parts(candidate: Mapping[str, object]) -> list[dict[str, object]]:
    content = candidate.get("content")
    found = content.get("parts") if isinstance(content, dict) else None
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _speaks(part: Mapping[str, object]) -> bool:
    return any(value is not None for name, value in part.items() if name not in _DUMB)


def _typed(text: str, reason: str, schema: Schema) -> Said | Trouble:
    first: Mismatch | None = None
    for value in _readings(text, schema):
        wrong = mismatch(value, schema)
        if wrong is None:
            return _said(value, reason, properties_of(schema))
        first = first or wrong
    if reason == _CUT:
        return _truncated()
    return _INVALID_JSON if first is None else _mismatched(first)


def _readings(text: str, schema: Schema) -> Iterator[object]:
    """What a text may mean: the JSON in it, and as it stands where the schema wants a string."""
    yield from (found.value for found in json_in(text))
    if wants_text(schema):
        yield text.strip()


_INVALID_JSON = Trouble(
    code="INVALID_JSON",
    message="The answer is not the JSON that the output schema asks for.",
    hint="Drop the failed rows again; if it stays so, make the output schema simpler.",
    passing=True,
)


def _mismatched(wrong: Mismatch) -> Trouble:
    return Trouble(
        code="SCHEMA_MISMATCH",
        message=f"The answer does not fit the output schema: {wrong.message}",
        hint="Describe the field better in the output schema, or loosen the schema.",
        passing=True,
        path=wrong.path,
    )


def _said(value: object, reason: str, properties: tuple[str, ...]) -> Said:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if not properties:
        return Said(text=text, finish_reason=reason)
    known = value if isinstance(value, dict) else {}
    return Said(text=text, finish_reason=reason, fields={name: known.get(name) for name in properties})
