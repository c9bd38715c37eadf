"""Reads a request as the stand-in understands it: what is asked, what it is asked about, and the facts in it."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
import orjson

from infra.local.vertex.models.base import field
from infra.local.vertex.wordset import words

_TEXT_MAX = 20_000
_LONG_WORDS = 5
_KEY_WORDS_MAX = 4
_TEXT_KEYS = words("subject title headline question message comment text body review summary")

_FACT = re.compile(r"""\s*[-*•]?\s*["'*_]*([^\W_][\w /&()'-]{0,40}?)["'*_]*\s*:(?:\s+(.*))?""")
_TAGGED = re.compile(r"<([A-Za-z_][\w-]*)>\s*(.*?)\s*</\1>", re.DOTALL)
_FENCED = re.compile(r'"""\s*(.*?)\s*"""|```\w*\s*(.*?)\s*```', re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d+(?:[.,]\d+)*|[😀😃😄😊😍🙂👍❤⭐👎😞😠😡😢🙁💔]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME_WORD = re.compile(r"[^\W_]+")
_ASKING = re.compile(
    r"""(?:please\s+|now\s+|then\s+)?(?:classify|write|describe|summari[sz]e|answer|respond|reply|return|extract|
    translate|generate|create|produce|compose|draft|identify|choose|decide|determine|assign|categori[sz]e|analy[sz]e|
    judge|label|tag|rate|list|tell|give\s+(?:me|a|an|the|one|your)|output|use\s+(?:only|the|one)|do\s+not\s+\w+|
    only\s+\w+|you\s+(?:are|will|must|should)|your\s+(?:task|job|answer)|based\s+on|as\s+(?:json|a\s+list)|
    keep\s+(?:it|the)|mention|include|avoid|read\s+the|given\s+the|look\s+at|what\s+(?:is|are|do)|which|is\s+this)\b""",
    re.IGNORECASE | re.VERBOSE,
)


class Media(msgspec.Struct, frozen=True):
    """A part that is not text: its MIME type, and its URI (empty for inline data) or size in bytes."""

    mime_type: str
    uri: str
    size: int = 0


class Prompt(msgspec.Struct, frozen=True):
    """A request, read.

    `facts` are its `key: value` lines, `told` its other text that is not instruction, `subject` what it is about:
    the latter with the long facts, or all facts where nothing else is told.
    """

    instructions: str
    subject: str
    told: str
    facts: tuple[tuple[str, str], ...]
    media: tuple[Media, ...]
    chars: int
    words: tuple[str, ...]

    def fact(self, name: str) -> str | None:
        """The value of the fact that goes by a name, such as `product_name` for `Product name: …`."""
        wanted = tokens(name)
        for key, value in self.facts:
            if tokens(key) == wanted:
                return value
        for key, value in self.facts:
            if set(tokens(key)) & set(wanted) and tokens(key)[-1:] == wanted[-1:]:
                return value
        return None


@lru_cache(maxsize=8192)
def tokens(name: str) -> tuple[str, ...]:
    """The words of an identifier or a label, in lower case."""
    return tuple(_NAME_WORD.findall(_HUMP.sub(" ", name).lower()))


def read(request: dict[str, Any]) -> Prompt:
    """Read a `GenerateContentRequest`. The last turn of the user is what it is about."""
    system = texts(field(request, "systemInstruction", "system_instruction") or {})
    contents = [content for content in request["contents"] if isinstance(content, dict)]
    asked = [content for content in contents if content.get("role") == "user"] or contents
    text = "\n".join(texts(asked[-1]))
    media = tuple(medium for content in contents for medium in _media(content))
    chars = sum(len(t) for content in contents for t in texts(content)) + sum(map(len, system))
    facts, plain, asking = _taken_apart(text[:_TEXT_MAX])
    subject = _subject(facts, plain) or _named(media) or text[:_TEXT_MAX]
    return Prompt(
        instructions="\n".join([*system, *asking]),
        subject=subject,
        told="\n".join(plain),
        facts=tuple(facts),
        media=media,
        chars=chars,
        words=tuple(word.lower() for word in _WORD.findall(subject)),
    )


def _parts(content: dict[str, Any]) -> list[dict[str, Any]]:
    parts = content.get("parts") or []
    return [part for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, dict)]


def texts(content: dict[str, Any]) -> list[str]:
    """The texts of a content's parts."""
    return [part["text"] for part in _parts(content) if isinstance(part.get("text"), str)]


def _media(content: dict[str, Any]) -> Iterator[Media]:
    for part in _parts(content):
        stored = field(part, "fileData", "file_data")
        if isinstance(stored, dict):
            mime, uri = field(stored, "mimeType", "mime_type"), field(stored, "fileUri", "file_uri")
            yield Media(str(mime or ""), str(uri or ""))
        inline = field(part, "inlineData", "inline_data")
        if isinstance(inline, dict):
            mime = field(inline, "mimeType", "mime_type")
            yield Media(str(mime or ""), "", len(str(inline.get("data", ""))) * 3 // 4)


def _taken_apart(text: str) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """Facts, plain sentences, and sentences that ask."""
    facts = [(key, " ".join(value.split())) for key, value in _TAGGED.findall(text)]
    text = _TAGGED.sub(" ", text)
    plain = [" ".join((a or b).split()) for a, b in _FENCED.findall(text)]
    text = _FENCED.sub(" ", text)
    asking: list[str] = []
    open_fact = False
    for line in text.splitlines():
        if not line.strip():
            open_fact = False
            continue
        record = _record(line)
        fact = _fact(line)
        if record:
            facts += record
        elif fact:
            facts.append(fact)
            open_fact = True
        elif open_fact and not _ASKING.match(line.strip()):
            key, value = facts[-1]
            facts[-1] = (key, f"{value} {line.strip()}".strip())
        else:
            open_fact = False
            for sentence in _SENTENCE.split(line.strip()):
                (asking if _ASKING.match(sentence) else plain).append(sentence)
    return [(key, value) for key, value in facts if value], plain, asking


def _fact(line: str) -> tuple[str, str] | None:
    match = _FACT.fullmatch(line)
    if match is None or len(match[1].split()) > _KEY_WORDS_MAX:
        return None
    key = "text" if _ASKING.match(match[1]) else match[1].strip()
    return key, (match[2] or "").strip().strip('"“”,')


def _record(line: str) -> list[tuple[str, str]]:
    line = line.strip()
    if not (line.startswith("{") and line.endswith("}")):
        return []
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return []
    return [(key, str(value)) for key, value in record.items() if isinstance(value, (str, int, float))]


def _subject(facts: list[tuple[str, str]], plain: list[str]) -> str:
    long = [value for key, value in facts if len(value.split()) >= _LONG_WORDS or key.lower() in _TEXT_KEYS]
    return "\n".join([*plain, *long] if plain else [value for _, value in facts])


def _named(media: tuple[Media, ...]) -> str:
    names = (medium.uri.rpartition("/")[2].rpartition(".")[0] for medium in media)
    return " ".join(re.sub(r"[\W_]+", " ", name).strip() for name in names).strip()
