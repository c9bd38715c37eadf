"""Requests to Gemini of any shape that the API's definition has, and of some that it has not."""

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from batchdrop.rows.request_spec import FieldSpec, Kind, MessageSpec, Shape, ValueSpec, request_spec
from batchdrop.rows.request_types import (
    Blob,
    FileData,
    FunctionResponseBlob,
    FunctionResponseFileData,
    Message,
    Retrieval,
    Schema,
)

NAMES = st.sampled_from(["a", "b", "name", "Size", "_x1", "total_sum"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
FREE = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: (
        st.dictionaries(NAMES, inner, min_size=1, max_size=3)
        | st.lists(st.integers(0, 9), max_size=3)
        | st.lists(TEXTS, max_size=3)
    ),
    max_leaves=5,
)
OBJECTS = st.dictionaries(NAMES, FREE, min_size=1, max_size=3)
_URIS = st.sampled_from(["gs://bucket/name.png", "gs://b/a/ü x.pdf"])
_MIME_TYPES = st.sampled_from(["image/png", "application/pdf", "audio/mpeg", "text/plain"])
_BASE64 = st.sampled_from(["AAAA", "a-_b", "QUJD+/==", "eA=="])
_OF_MEDIA = {"mimeType": _MIME_TYPES, "fileUri": _URIS, "data": _BASE64}
_MEDIA = (Blob, FileData, FunctionResponseBlob, FunctionResponseFileData)
_DEEPEST = 4

SLOW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
"""For tests that draw such requests: the definition is large, so drawing takes its time."""


def requests() -> st.SearchStrategy[dict[str, Any]]:
    """Requests that Vertex takes, in the spelling of its JSON."""
    others = {
        name: _field(field, 1)
        for name, field in request_spec().fields.items()
        if name == field.name and name not in {"contents", "model", "cachedContent"}
    }
    chosen = st.lists(st.sampled_from(sorted(others)), max_size=2, unique=True)
    return chosen.flatmap(
        lambda names: st.fixed_dictionaries({"contents": _turns(), **{name: others[name] for name in names}})
    )


def _turns() -> st.SearchStrategy[list[dict[str, Any]]]:
    some = st.lists(parts(), min_size=1, max_size=2)
    turn = st.fixed_dictionaries({"role": st.sampled_from(["user", "model"]), "parts": some})
    return st.lists(turn, min_size=1, max_size=2)


def parts() -> st.SearchStrategy[dict[str, Any]]:
    """Parts of turns."""
    part = request_spec().fields["contents"].value.message
    assert part is not None
    inner = part.fields["parts"].value.message
    assert inner is not None
    return st.fixed_dictionaries({"text": TEXTS}) | _message(inner, 2)


def texts_only() -> st.SearchStrategy[dict[str, Any]]:
    """Requests of the most usual kind."""
    part = st.fixed_dictionaries({"text": TEXTS})
    turn = st.fixed_dictionaries({"role": st.sampled_from(["user", "model"]), "parts": st.lists(part, min_size=1)})
    others = {
        "systemInstruction": st.just({"parts": [{"text": "be brief"}]}),
        "generationConfig": st.sampled_from([{"temperature": 0}, {"responseSchema": {"type": "STRING"}}]),
    }
    return st.fixed_dictionaries({"contents": st.lists(turn, min_size=1, max_size=2)}, optional=others)


def _message(spec: MessageSpec, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    fields = {field.name: field for field in spec.fields.values() if _may(spec.kind, field, depth)}
    needed = {name: _field_of(spec.kind, fields[name], depth) for name in spec.needed}
    free = [name for name in fields if name not in needed and not any(name in group for group in spec.oneofs)]
    chosen = st.lists(st.sampled_from(free), max_size=2, unique=True) if free else st.just([])
    one_ofs = [st.sampled_from([name for name in group if name in fields]) for group in spec.oneofs]
    names = st.builds(lambda some, *ones: [*some, *ones], chosen, *one_ofs)
    filled = names.flatmap(
        lambda found: st.fixed_dictionaries(
            {**needed, **{name: _field_of(spec.kind, fields[name], depth) for name in found}}
        )
    )
    return filled.filter(bool)


def _may(kind: type[Message], field: FieldSpec, depth: int) -> bool:
    if kind is Schema and ((depth > _DEEPEST and field.value.kind is Kind.MESSAGE) or field.name == "required"):
        return False
    if kind is Retrieval and field.name == "vertexRagStore":
        return False
    return field.name not in {"codeExecution", "urlContext"}


def _field_of(kind: type[Message], field: FieldSpec, depth: int) -> st.SearchStrategy[Any]:
    if issubclass(kind, _MEDIA) and field.name in _OF_MEDIA:
        return _OF_MEDIA[field.name]
    return _field(field, depth)


def _field(field: FieldSpec, depth: int) -> st.SearchStrategy[Any]:
    value = _value(field.value, depth)
    match field.shape:
        case Shape.ONE:
            return value
        case Shape.MANY:
            return st.lists(value, min_size=1, max_size=2)
        case Shape.MAP:
            return st.dictionaries(NAMES, value, min_size=1, max_size=2)


def _value(spec: ValueSpec, depth: int) -> st.SearchStrategy[Any]:
    plain: Mapping[Kind, st.SearchStrategy[Any]] = {
        Kind.BYTES: _BASE64,
        Kind.FLAG: st.booleans(),
        Kind.NUMBER: st.floats(-1e6, 1e6, width=32) | st.integers(-1000, 1000),
        Kind.OBJECT: OBJECTS,
        Kind.ANY: FREE,
    }
    match spec.kind:
        case Kind.MESSAGE:
            assert spec.message is not None
            message = spec.message
            return st.deferred(lambda: _message(message, depth + 1))
        case Kind.CHOICE:
            return st.sampled_from(spec.choices)
        case Kind.TEXT:
            return TEXTS if spec.pattern is None else st.sampled_from(["1.5s", "0s", "-3s"])
        case Kind.WHOLE:
            return st.integers(int(spec.bounds[0]), int(spec.bounds[1]))
        case _:
            return plain[spec.kind]


@st.composite
def respelled(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request, and the same in another spelling that Google's JSON allows."""
    request = draw(requests())
    return request, _respell(request_spec(), request, draw)


def _respell(spec: MessageSpec, value: dict[str, Any], draw: st.DrawFn) -> dict[str, Any]:
    spelled: dict[str, Any] = {}
    for name, inner in value.items():
        field = spec.fields[name]
        spelled[_snake(name) if draw(st.booleans()) else name] = _respell_field(field, inner, draw)
    for name in draw(st.lists(st.sampled_from(spec.names), max_size=2)):
        if name not in value:
            spelled[name] = None
    return spelled


def _respell_field(field: FieldSpec, value: Any, draw: st.DrawFn) -> Any:
    message = field.value.message
    match field.shape:
        case Shape.MANY if message is not None:
            listed = [_respell(message, inner, draw) for inner in value]
            return listed[0] if len(listed) == 1 and draw(st.booleans()) else listed
        case Shape.MAP if message is not None:
            return {name: _respell(message, inner, draw) for name, inner in value.items()}
        case Shape.ONE if message is not None:
            return _respell(message, value, draw)
        case Shape.ONE if field.value.kind is Kind.WHOLE and draw(st.booleans()):
            return str(value)
        case Shape.ONE if field.value.kind is Kind.CHOICE and draw(st.booleans()):
            return value.lower()
        case _:
            return value


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)
