"""Schemas of a prompt: from Picoschema or JSON Schema to what Vertex takes as responseSchema."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from dotpromptz import picoschema_to_json_schema

Schema = dict[str, Any]
Path = tuple[str, ...]

_MOST_PARTS = 2000

_KEYWORDS = frozenset({"$ref", "anyOf", "oneOf", "allOf", "enum", "const"})
_TYPES = {"string", "number", "integer", "boolean", "array", "object"}
_FORMATS = {"string": {"date-time"}, "number": {"float", "double"}, "integer": {"int32", "int64"}}
_KEPT = {
    "string": ("minLength", "maxLength", "pattern"),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
    "boolean": (),
}
_COLUMN = re.compile(r"[^\W\d][\w-]*")


class SchemaProblem(Exception):
    """This schema cannot be used. `path` is the way to a property; "[]" stands for the items of an array."""

    def __init__(self, path: Path, message: str, hint: str) -> None:
        """Keep the parts of the message apart."""
        where = ".".join(path).replace(".[]", "[]")
        super().__init__(message)
        self.path = path
        self.message = f"{where}: {message}" if where else message
        self.hint = hint


def json_schema(source: object) -> Schema:
    """Turn what a prompt says into plain JSON Schema without references.

    Raises:
        SchemaProblem: it is neither Picoschema nor JSON Schema, or its references are circular or lead nowhere.
    """
    is_json = isinstance(source, dict) and not _KEYWORDS.isdisjoint(source)
    found = copy.deepcopy(source) if is_json else _from_picoschema(copy.deepcopy(source))
    if not isinstance(found, dict):
        raise SchemaProblem((), "The schema is empty.", "Describe the fields, or take the key away.")
    return _Inliner(found).inlined(found, (), ())


def _from_picoschema(source: object) -> object:
    steps = picoschema_to_json_schema(source)
    try:
        # Without a resolver it never waits for anything, so it needs no event loop.
        steps.send(None)
    except StopIteration as done:
        return done.value
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        hint = "See the Picoschema reference, or write JSON Schema: a mapping with type and properties."
        raise SchemaProblem((), "The schema is no valid Picoschema.", hint) from None
    steps.close()
    raise SchemaProblem((), "The schema names another schema.", "Write it out; there is no schema store.")


class _Inliner:
    """Puts what `$ref` refers to in its place."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _MOST_PARTS

    def inlined(self, schema: Schema, seen: tuple[str, ...], path: Path) -> Schema:
        self._left -= 1
        if self._left < 0:
            hint = "Make it smaller; references are written out wherever they stand."
            raise SchemaProblem(path, f"The schema has more than {_MOST_PARTS} parts.", hint)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in seen:
                raise SchemaProblem(path, f"{reference} refers to itself.", "Write it out to the depth that you need.")
            siblings = {key: entry for key, entry in schema.items() if key != "$ref"}
            return self.inlined({**self._referred(reference, path), **siblings}, (*seen, reference), path)
        return {
            key: self._part(key, entry, seen, path)
            for key, entry in schema.items()
            if not key.startswith("$") and key != "definitions"
        }

    def _part(self, key: str, entry: object, seen: tuple[str, ...], path: Path) -> object:
        if key == "properties" and isinstance(entry, dict):
            return {
                name: self.inlined(inner, seen, (*path, name)) if isinstance(inner, dict) else inner
                for name, inner in entry.items()
            }
        if key in {"items", "additionalProperties", "not"} and isinstance(entry, dict):
            return self.inlined(entry, seen, (*path, "[]") if key == "items" else path)
        if key in {"anyOf", "oneOf", "allOf"} and isinstance(entry, list):
            return [self.inlined(inner, seen, path) if isinstance(inner, dict) else inner for inner in entry]
        return entry

    def _referred(self, reference: str, path: Path) -> Schema:
        found: object = self._root
        for part in filter(None, reference.removeprefix("#").split("/")):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        if not reference.startswith("#") or not isinstance(found, dict):
            raise SchemaProblem(path, f"{reference} leads nowhere.", "Refer to #/$defs/name in the same schema.")
        return found


def response_schema(schema: Mapping[str, Any], path: Path = ()) -> Schema:
    """Turn JSON Schema without references into Vertex's Schema.

    What Vertex cannot say (defaults, examples, additionalProperties, `not`) is left out.

    Raises:
        SchemaProblem: a part has no type that Vertex knows.
    """
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return _any_of(schema, branches, path)
    if "allOf" in schema:
        hint = "Write the parts as one object."
        raise SchemaProblem(path, "allOf has no counterpart at Vertex.", hint)
    if "enum" in schema or "const" in schema:
        return _enum(schema, path)
    kinds, nullable = _kinds(schema, path)
    if len(kinds) > 1:
        return _any_of(schema, [{**schema, "type": kind} for kind in kinds], path, nullable=nullable)
    return _framed(_typed(kinds[0], schema, path), schema, nullable=nullable)


def _kinds(schema: Mapping[str, Any], path: Path) -> tuple[list[str], bool]:
    declared = schema.get("type") or ("object" if "properties" in schema else "array" if "items" in schema else [])
    kinds = [kind.lower() if isinstance(kind, str) else "" for kind in _many(declared)]
    known = [kind for kind in kinds if kind in _TYPES]
    if not known or len(known) + kinds.count("null") != len(kinds):
        hint = f"Say its type: {', '.join(sorted(_TYPES))}. Vertex has no `any`."
        raise SchemaProblem(path, "A part of the schema has no type that Vertex knows.", hint)
    return known, "null" in kinds or schema.get("nullable") is True


def _many(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _framed(found: Schema, schema: Mapping[str, Any], *, nullable: bool) -> Schema:
    texts = {key: schema[key] for key in ("title", "description") if isinstance(schema.get(key), str) and schema[key]}
    return {**found, **texts, **({"nullable": True} if nullable else {})}


def _any_of(schema: Mapping[str, Any], branches: object, path: Path, *, nullable: bool = False) -> Schema:
    options = [branch for branch in _many(branches) if isinstance(branch, dict)]
    real = [branch for branch in options if branch.get("type") != "null"]
    if not real:
        raise SchemaProblem(path, "The schema has no alternative.", "Write at least one alternative with a type.")
    nullable = nullable or len(real) < len(options) or schema.get("nullable") is True
    if len(real) == 1:
        return _framed(response_schema(real[0], path), schema, nullable=nullable)
    return _framed({"anyOf": [response_schema(branch, path) for branch in real]}, schema, nullable=nullable)


def _enum(schema: Mapping[str, Any], path: Path) -> Schema:
    values = _many(schema["enum"] if "enum" in schema else schema["const"])
    real = [value for value in values if value is not None]
    if not real or any(isinstance(value, bool) or not isinstance(value, str | int) for value in real):
        hint = 'Write a list of texts, and quotes around yes, no, on, off, true and false: ["yes", "no"].'
        raise SchemaProblem(path, "An enum holds something else than texts.", hint)
    whole = all(isinstance(value, int) for value in real)
    kind = "INTEGER" if whole else "STRING"
    found: Schema = {"type": kind, "format": "enum", "enum": [str(value) for value in real]}
    return _framed(found, schema, nullable=len(real) < len(values) or schema.get("nullable") is True)


def _typed(kind: str, schema: Mapping[str, Any], path: Path) -> Schema:
    found: Schema = {"type": kind.upper()}
    if schema.get("format") in _FORMATS.get(kind, ()):
        found["format"] = schema["format"]
    found |= {key: _limit(key, schema[key], path) for key in _KEPT[kind] if schema.get(key) is not None}
    if kind == "array":
        found["items"] = _items(schema, path)
    if kind == "object":
        found |= _properties(schema, path)
    return found


def _limit(key: str, value: object, path: Path) -> object:
    if isinstance(value, bool) or not isinstance(value, str if key == "pattern" else int | float):
        hint = "Write a text." if key == "pattern" else "Write a number."
        raise SchemaProblem(path, f"{key} has a value it cannot have.", hint)
    return value


def _items(schema: Mapping[str, Any], path: Path) -> Schema:
    items = schema.get("items")
    if not isinstance(items, dict) or not items:
        raise SchemaProblem(path, "An array does not say what its items are.", "Give it items with a type.")
    return response_schema(items, (*path, "[]"))


def _properties(schema: Mapping[str, Any], path: Path) -> Schema:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise SchemaProblem(path, "An object has no properties.", "Name them; Vertex takes no open objects.")
    _check_names(properties, path)
    converted = {
        name: response_schema(inner if isinstance(inner, dict) else {}, (*path, name))
        for name, inner in properties.items()
    }
    required = [name for name in _many(schema.get("required")) if name in converted]
    found: Schema = {"properties": converted, "propertyOrdering": list(converted)}
    return {**found, "required": required} if required else found


def _check_names(properties: Mapping[str, Any], path: Path) -> None:
    """Vertex imports requests like a BigQuery table, where these are the names of columns."""
    names = set()
    for name in properties:
        if not _COLUMN.fullmatch(name):
            hint = "Begin with a letter and use letters, digits and _ only."
            raise SchemaProblem(path, f"A property cannot be named {name!r}.", hint)
        if name.casefold() in names:
            hint = "Give each property a name of its own, whatever the case of its letters."
            raise SchemaProblem(path, f"Two properties are named {name!r}.", hint)
        names.add(name.casefold())
