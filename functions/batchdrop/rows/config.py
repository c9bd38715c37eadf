"""What a prompt's `config` says, as Vertex's generationConfig and safetySettings."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from batchdrop.domain.job import UnknownFields
from batchdrop.rows.frontmatter import FrontMatter, Path, did_you_mean


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """What one field takes; `low` and `high` bound numbers, inclusively."""

    kind: type | tuple[type, ...]
    low: float = -math.inf
    high: float = math.inf
    values: frozenset[str] = frozenset()
    fields: Mapping[str, "Field"] | None = None


class GenerationSettings(msgspec.Struct, frozen=True):
    """The two parts of a request that `config` becomes."""

    generation: dict[str, object]
    safety: list[dict[str, str]]


_NUMBER = (int, float)
_RESOLUTIONS = frozenset(f"MEDIA_RESOLUTION_{size}" for size in ("LOW", "MEDIUM", "HIGH"))
_THINKING = {
    "includeThoughts": Field(kind=bool),
    "thinkingBudget": Field(kind=int, low=-1),
    "thinkingLevel": Field(kind=str, values=frozenset({"MINIMAL", "LOW", "MEDIUM", "HIGH"})),
}
_GENERATION = {
    "temperature": Field(kind=_NUMBER, low=0, high=2),
    "topP": Field(kind=_NUMBER, low=0, high=1),
    "topK": Field(kind=_NUMBER, low=1),
    "candidateCount": Field(kind=int, low=1),
    "maxOutputTokens": Field(kind=int, low=1),
    "stopSequences": Field(kind=list),
    "seed": Field(kind=int, low=-(2**31), high=2**31 - 1),
    "presencePenalty": Field(kind=_NUMBER, low=-2, high=2),
    "frequencyPenalty": Field(kind=_NUMBER, low=-2, high=2),
    "responseLogprobs": Field(kind=bool),
    "logprobs": Field(kind=int, low=0, high=20),
    "audioTimestamp": Field(kind=bool),
    "mediaResolution": Field(kind=str, values=_RESOLUTIONS),
    "responseModalities": Field(kind=list, values=frozenset({"TEXT", "IMAGE", "AUDIO"})),
    "thinkingConfig": Field(kind=dict, fields=_THINKING),
    "routingConfig": Field(kind=dict),
    "speechConfig": Field(kind=dict),
    "imageConfig": Field(kind=dict),
}
"""Fields of aiplatform.v1.GenerationConfig, without those that `output` fills."""

_SAFETY = {
    "category": Field(kind=str),
    "threshold": Field(kind=str),
    "method": Field(kind=str, values=frozenset({"SEVERITY", "PROBABILITY"})),
}
_OTHERWISE = {
    "version": "The model is named by `model`.",
    "apiKey": "No key belongs into a prompt; the service signs in by itself.",
    "responseSchema": "Say it as output.schema.",
    "responseJsonSchema": "Say it as output.schema.",
    "responseMimeType": "Say it as output.format: json or text.",
    "systemInstruction": 'Say it in the template: {{role "system"}}.',
    "tools": "A batch request cannot wait for code to run.",
    "labels": "Say it as batch.labels.",
}


def generation_settings(front: FrontMatter, unknown: UnknownFields = UnknownFields.ERROR) -> GenerationSettings:
    """Read `config`; keys may be spelled camelCase or snake_case.

    What Vertex may know and this package does not passes, if `unknown` allows it.

    Raises:
        Refused: a key is unknown or has no place in a batch, or a value is of a wrong type or out of range.
    """
    settings = dict(front.fields.get("config") or {})
    safety: list[dict[str, str]] = []
    for key in [key for key in settings if camel_case(key) == "safetySettings"]:
        safety = _safety(front, ("config", key), settings.pop(key), unknown)
    generation = _read(front, ("config",), settings, _GENERATION, unknown)
    if generation.pop("candidateCount", 1) != 1:
        hint = "Take it away; a row has one answer. Repeat the row to have several."
        raise front.refused(("config", "candidateCount"), "candidateCount must be 1.", hint)
    return GenerationSettings(generation, safety)


def is_known(name: str) -> bool:
    """Whether a name, in camelCase, is one that `config` takes."""
    return name in _GENERATION or name == "safetySettings"


def camel_case(key: str) -> str:
    """Spell a key as Vertex's JSON does."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), key)


def _safety(front: FrontMatter, path: Path, value: object, unknown: UnknownFields) -> list[dict[str, str]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        hint = "Write a list of entries with category and threshold."
        raise front.refused(path, "safetySettings is not a list of objects.", hint)
    return [_read(front, (*path, index), entry, _SAFETY, unknown) for index, entry in enumerate(value)]


def _read(
    front: FrontMatter, path: Path, value: Mapping[str, Any], known: Mapping[str, Field], unknown: UnknownFields
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, entry in value.items():
        name = camel_case(key)
        if name not in known and name not in _OTHERWISE and unknown is UnknownFields.ALLOW:
            found[name] = entry
        elif name not in known:
            suggestion = _OTHERWISE.get(name) or did_you_mean(name, known) or f"Known are: {', '.join(known)}."
            raise front.refused((*path, key), f"{'.'.join(map(str, (*path, key)))} cannot be set.", suggestion)
        elif entry is not None:
            found[name] = _checked(front, (*path, key), entry, known[name], unknown)
    return found


def _checked(front: FrontMatter, path: Path, value: object, field: Field, unknown: UnknownFields) -> object:
    name = str(path[-1])
    if not isinstance(value, field.kind) or (isinstance(value, bool) and field.kind is not bool):
        kinds = field.kind if isinstance(field.kind, tuple) else (field.kind,)
        raise front.refused(path, f"{name} is of the wrong type.", f"Write {_words(kinds[-1])}.")
    if isinstance(value, _NUMBER) and not field.low <= value <= field.high:
        raise front.refused(path, f"{name} is out of range.", _range(field))
    is_unknown = isinstance(value, str) and field.values and value.upper() not in field.values
    if is_unknown and unknown is UnknownFields.ERROR:
        raise front.refused(path, f"{name} has an unknown value.", f"Write {_alternatives(field.values)}.")
    if isinstance(value, str) and field.values:
        return value.upper()
    if isinstance(value, list):
        return _texts(front, path, value, field, unknown)
    if isinstance(value, dict):
        return _object(front, path, value, field, unknown)
    return value


def _texts(front: FrontMatter, path: Path, value: list[object], field: Field, unknown: UnknownFields) -> list[str]:
    entry = Field(kind=str, values=field.values)
    texts = [str(_checked(front, (*path, index), text, entry, unknown)) for index, text in enumerate(value)]
    if not texts:
        raise front.refused(path, f"{path[-1]} is empty.", "Take it away, or write a list of texts.")
    return texts


def _object(
    front: FrontMatter, path: Path, value: dict[str, object], field: Field, unknown: UnknownFields
) -> dict[str, Any]:
    """Vertex's import fails on empty objects, so there are none."""
    found = _read(front, path, value, field.fields, unknown) if field.fields else camel_cased(value)
    if not found:
        raise front.refused(path, f"{path[-1]} is empty.", "Take it away, or fill it.")
    return found


def camel_cased(value: dict[str, object]) -> dict[str, object]:
    """Spell all keys of an object as Vertex's JSON does."""
    return {camel_case(key): camel_cased(inner) if isinstance(inner, dict) else inner for key, inner in value.items()}


def _words(kind: type) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list of texts"}
    return names.get(kind, "an object")


def _range(field: Field) -> str:
    if math.isinf(field.high):
        return f"Write at least {field.low:g}."
    return f"Write a number from {field.low:g} to {field.high:g}."


def _alternatives(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))
