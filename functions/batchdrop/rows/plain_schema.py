"""Schemas of a plain shape, as most are: an object of texts, choices, numbers, truths and lists of them.

An answer to such a schema is read and checked in one pass, by a decoder made for it. What the decoder takes, a parser
and the schema take too, and read the same in it. What it does not take may fit all the same: 1.0 is an integer.
"""

import keyword
from collections.abc import Callable, Mapping
from types import GenericAlias
from typing import Annotated, Any, Literal

import msgspec

Read = Callable[[str], msgspec.Struct]
"""From an answer's text to its properties, null if absent; raises an error of msgspec's for what it does not take."""

LEAST_WHOLE, MOST_WHOLE = -(2**63), 2**63 - 1
"""Integers of 64 bits: no other is taken where a schema asks for one."""
_WHOLE = Annotated[int, msgspec.Meta(ge=LEAST_WHOLE, le=MOST_WHOLE)]
_NOTES = frozenset({"title", "description", "format"})
_OF_OBJECTS = _NOTES | {"type", "properties", "required", "additionalProperties", "propertyOrdering"}
_OF_CHOICES = _NOTES | {"type", "enum"}
_OF_TYPES: Mapping[object, frozenset[str]] = {
    "string": _NOTES | {"type"},
    "boolean": _NOTES | {"type"},
    "integer": _NOTES | {"type", "minimum", "maximum"},
    "number": _NOTES | {"type"},
    "array": _NOTES | {"type", "items"},
}
"""All that a schema may say and be plain."""


def reader_of(schema: Mapping[str, Any]) -> Read | None:
    """Make the decoder for a schema, as JSON Schema writes it; None if it is not plain."""
    properties, required = schema.get("properties"), schema.get("required", [])
    if schema.get("type") != "object" or not schema.keys() <= _OF_OBJECTS or not properties:
        return None
    kinds = {name: _kind_of(inner) for name, inner in properties.items()}
    if None in kinds.values() or not all(map(_is_name, kinds)) or not kinds.keys() >= set(required):
        return None
    fields = [(name, kind) if name in required else (name, kind, None) for name, kind in kinds.items()]
    fits = msgspec.defstruct("Fields", fields, kw_only=True, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(fits).decode


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")


def _kind_of(schema: object) -> Any:  # a type, which is a value here
    """The type of a property, or of the items of a list; None if it is not plain."""
    if not isinstance(schema, dict):
        return None
    if "enum" in schema:
        return _choice(schema)
    types = _types_of(schema)
    kinds = [kind for kind in types if kind != "null"]
    if len(kinds) != 1 or not schema.keys() <= _OF_TYPES.get(kinds[0], frozenset()):
        return None
    kind = _simple_kind(kinds[0], schema)
    return kind | None if kind is not None and "null" in types else kind


def _types_of(schema: Mapping[str, Any]) -> list[object]:
    found = schema.get("type")
    return found if isinstance(found, list) else [found]


def _choice(schema: Mapping[str, Any]) -> Any:  # as above
    """Texts to choose from, and null if it is one of them."""
    choices, types = schema["enum"], _types_of(schema)
    takes = {str: types == [None] or "string" in types, type(None): types == [None] or "null" in types}
    if schema.keys() <= _OF_CHOICES and choices and all(takes.get(type(choice)) for choice in choices):
        return Literal[tuple(choices)]
    return None


def _simple_kind(kind: object, schema: Mapping[str, Any]) -> Any:  # as above
    match kind:
        case "string":
            return str
        case "boolean":
            return bool
        case "integer":
            return _whole(schema.get("minimum", LEAST_WHOLE), schema.get("maximum", MOST_WHOLE))
        case "number":
            return _WHOLE | float
        case _:
            items = schema.get("items")
            # A list of lists of lists could be nested too deep.
            inner = None if isinstance(items, dict) and "items" in items else _kind_of(items)
            return None if inner is None else GenericAlias(list, (inner,))


def _whole(least: object, most: object) -> Any:  # as above
    if type(least) is int and type(most) is int and least >= LEAST_WHOLE and most <= MOST_WHOLE:
        return Annotated[int, msgspec.Meta(ge=least, le=most)]
    return None
