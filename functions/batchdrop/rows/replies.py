"""Responses of Gemini, read no further than needed and condensed to what decides over a row."""

import re
from collections.abc import Iterable
from enum import IntEnum, auto
from typing import Annotated, TypeVar

import msgspec
import orjson

from batchdrop.domain.usage import Usage

CUT = "MAX_TOKENS"
FINISHED = frozenset({"", "STOP", "FINISH_REASON_UNSPECIFIED"})

_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_DUMB = frozenset({"text", "thought", "thoughtSignature"})
_NOTHING = msgspec.Raw(b"")
_mention_of_audio = re.compile(rb"AUDIO").search
"""Unlike `find`, it looks into a `Raw` without a copy."""
_MOST_TOKENS = 10**12


class Kind(IntEnum):
    """What a response is, before anybody asks whether it will do."""

    SPOKEN = auto()
    SILENT = auto()
    BLOCKED = auto()
    NO_CANDIDATES = auto()
    EMPTY = auto()
    UNREADABLE = auto()


Tokens = tuple[int, int, int, int, int, int, int, int]
NO_TOKENS = (0, 0, 0, 0, 0, 0, 0, 0)


class Reply(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A condensed response.

    `reason` is the finish reason, or why the prompt was blocked; `text` is the answer's text without thoughts, or if
    there is none its function calls as a JSON array. SPOKEN without a text said something else, an image perhaps.
    `tokens` are those of a `Usage`, in its order: a tuple is packed and unpacked in half the time.
    """

    kind: Kind
    reason: str = ""
    text: str = ""
    tokens: Tokens = NO_TOKENS

    @property
    def usage(self) -> Usage:
        """What was reported of tokens."""
        return Usage(*self.tokens)


class _Part(msgspec.Struct, gc=False):
    text: object = None
    thought: object = None
    functionCall: msgspec.Raw = _NOTHING  # noqa: N815  # Vertex's spelling


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part | None] | None = None


class _Candidate(msgspec.Struct, gc=False):
    content: _Content | None = None
    finishReason: object = None  # noqa: N815  # Vertex's spelling


class _Feedback(msgspec.Struct, gc=False):
    blockReason: object = None  # noqa: N815  # Vertex's spelling


_Count = Annotated[int, msgspec.Meta(ge=0, lt=_MOST_TOKENS)]


class _Counts(msgspec.Struct, gc=False):
    promptTokenCount: _Count | None = None  # noqa: N815  # Vertex's spelling
    cachedContentTokenCount: _Count | None = None  # noqa: N815  # Vertex's spelling
    candidatesTokenCount: _Count | None = None  # noqa: N815  # Vertex's spelling
    thoughtsTokenCount: _Count | None = None  # noqa: N815  # Vertex's spelling
    toolUsePromptTokenCount: _Count | None = None  # noqa: N815  # Vertex's spelling
    promptTokensDetails: msgspec.Raw = _NOTHING  # noqa: N815  # Vertex's spelling
    cacheTokensDetails: msgspec.Raw = _NOTHING  # noqa: N815  # Vertex's spelling


class Response(msgspec.Struct, gc=False):
    """What is read of a response: a type to decode it to."""

    candidates: list[_Candidate | None] | None = None
    promptFeedback: _Feedback | None = None  # noqa: N815  # Vertex's spelling
    usageMetadata: _Counts | None = None  # noqa: N815  # Vertex's spelling


_NO_COUNTS = _Counts()
_DETAILS = ("promptTokensDetails", "cacheTokensDetails")
_SPOKEN = Kind.SPOKEN
"""Naming a member of an enum takes as long as a dozen other names."""
_decode = msgspec.json.Decoder(Response).decode


def read_reply(raw: msgspec.Raw) -> Reply:
    """Condense a response, the bytes of a JSON value. Never raises, whatever they hold."""
    try:
        found = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        salvaged = _salvaged(raw)
        if salvaged is None:
            return Reply(Kind.UNREADABLE)
        found = salvaged
    return condense(found) or _unspoken(found, raw)


def condense(found: Response) -> Reply | None:
    """Condense a response that was decoded; None for one of which not enough was decoded to tell."""
    counts = found.usageMetadata
    tokens = NO_TOKENS if counts is None else _tokens(counts)
    if found.promptFeedback is not None:
        reason = found.promptFeedback.blockReason
        if reason and reason != "BLOCKED_REASON_UNSPECIFIED":
            return Reply(Kind.BLOCKED, _word(reason), "", tokens)
    candidates = found.candidates
    if not candidates:
        return None
    candidate = candidates[0] if len(candidates) == 1 else _best(candidates)
    content = None if candidate is None else candidate.content
    if candidate is None or content is None or not content.parts:
        return None
    text = _text(content.parts)
    end = candidate.finishReason
    return Reply(_SPOKEN, "STOP" if end == "STOP" else _reason(candidate), text, tokens) if text else None


def _unspoken(found: Response, raw: msgspec.Raw) -> Reply:
    """Condense a response without a text. Few are, so what it holds instead may take its time."""
    tokens = NO_TOKENS if found.usageMetadata is None else _tokens(found.usageMetadata)
    candidate = _best(found.candidates) if found.candidates else None
    if candidate is None:
        return Reply(_kind_of_nothing(raw), "", "", tokens)
    parts = candidate.content.parts if candidate.content is not None else None
    calls = _calls(parts or ())
    speaks = bool(calls) or (bool(parts) and _says_something_else(raw))
    return Reply(Kind.SPOKEN if speaks else Kind.SILENT, _reason(candidate), calls, tokens)


def _text(parts: list[_Part | None]) -> str:
    if len(parts) == 1 and (part := parts[0]) is not None and part.thought is None and type(part.text) is str:
        return part.text
    return "".join(
        part.text for part in parts if part is not None and isinstance(part.text, str) and part.thought is not True
    )


def _calls(parts: Iterable[_Part | None]) -> str:
    calls = [bytes(part.functionCall) for part in parts if part is not None and part.thought is not True]
    found = [call for call in calls if call not in (b"", b"null")]
    return f"[{b','.join(found).decode(errors='replace')}]" if found else ""


def _says_something_else(response: msgspec.Raw) -> bool:
    """Look for parts of other kinds, also of kinds that nobody knows yet. Rare, so all is parsed anew."""
    try:
        value = orjson.loads(memoryview(response))
    except orjson.JSONDecodeError:
        return False
    contents = [one.get("content") for one in value["candidates"] if isinstance(one, dict)]
    parts = [part for content in contents if isinstance(content, dict) for part in content.get("parts") or ()]
    return any(
        inner is not None
        for part in parts
        if isinstance(part, dict) and part.get("thought") is not True
        for name, inner in part.items()
        if name not in _DUMB
    )


def _best(candidates: list[_Candidate | None]) -> _Candidate | None:
    """Of several candidates the first that finished, else the first that was cut off, else the first."""
    if len(candidates) == 1:
        return candidates[0]
    return min((found for found in candidates if found is not None), key=_rank, default=None)


def _rank(candidate: _Candidate) -> int:
    reason = _reason(candidate)
    return 0 if reason in FINISHED else 1 if reason == CUT else 2


def _reason(candidate: _Candidate) -> str:
    reason = candidate.finishReason
    if reason == "STOP":
        return "STOP"
    return _word(reason) if reason else ""


def _word(reason: object) -> str:
    return reason if isinstance(reason, str) and _WORD.fullmatch(reason) else "UNKNOWN"


def _kind_of_nothing(response: msgspec.Raw) -> Kind:
    return Kind.EMPTY if bytes(response).translate(None, b" \t\r\n") in (b"{}", b"null", b"") else Kind.NO_CANDIDATES


def _tokens(found: _Counts) -> Tokens:
    """What is absent counts as none; a report of nothing is no report."""
    if found.promptTokenCount is None and found == _NO_COUNTS:
        return NO_TOKENS
    cached = found.cacheTokensDetails
    return (
        1,
        found.promptTokenCount or 0,
        found.cachedContentTokenCount or 0,
        found.candidatesTokenCount or 0,
        found.thoughtsTokenCount or 0,
        found.toolUsePromptTokenCount or 0,
        _audio(found.promptTokensDetails),
        0 if cached is _NOTHING else _audio(cached),
    )


def _audio(details: msgspec.Raw) -> int:
    """Tokens of audio. Of all modalities it alone has a price of its own, and few rows have it."""
    if _mention_of_audio(details) is None:
        return 0
    try:
        value = orjson.loads(memoryview(details))
    except orjson.JSONDecodeError:
        return 0
    heard = [one for one in value if isinstance(one, dict) and one.get("modality") == "AUDIO"]
    return sum(_sound_count(one.get("tokenCount")) for one in heard)


_T = TypeVar("_T")


def _salvaged(response: msgspec.Raw) -> Response | None:
    """What is sound of a response whose shape is odd somewhere; None if it is no JSON object at all."""
    try:
        value = orjson.loads(memoryview(response))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    found = value.get("candidates")
    return Response(
        candidates=[_sound(one, _Candidate) for one in found] if isinstance(found, list) else None,
        promptFeedback=_sound(value.get("promptFeedback"), _Feedback),
        usageMetadata=_sound_counts(value.get("usageMetadata")),
    )


def _sound_counts(value: object) -> _Counts | None:
    if not isinstance(value, dict):
        return None
    names = [name for name in _Counts.__struct_fields__ if name in value and name not in _DETAILS]
    found = msgspec.convert({name: _sound_count(value[name]) for name in names}, _Counts)
    found.promptTokensDetails, found.cacheTokensDetails = (
        msgspec.Raw(orjson.dumps(value[name])) if name in value else _NOTHING for name in _DETAILS
    )
    return found


def _sound_count(value: object) -> int:
    """REST writes 64-bit integers as strings; anything else is nothing to count."""
    try:
        return msgspec.convert(value, _Count, strict=False)
    except msgspec.ValidationError:
        return 0


def _sound(value: object, kind: type[_T]) -> _T | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
