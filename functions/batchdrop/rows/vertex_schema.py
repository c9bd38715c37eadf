"""JSON Schema, as Vertex says it: `responseSchema`, a message of the type Schema."""

from collections.abc import Mapping
from typing import Any

from batchdrop.rows.importer import check_names
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.schema import Path, Schema, SchemaProblem
from batchdrop.rows.schema_limits import choice_of, limits_of, many

_TYPES = {"string", "number", "integer", "boolean", "array", "object"}
_FORMATS = {"string": {"date-time"}, "number": {"float", "double"}, "integer": {"int32", "int64"}}
_BRANCHES = ("anyOf", "oneOf")
_TEXTS = frozenset({"title", "description"})
_LOST = frozenset({"default", "examples", "additionalProperties", "unevaluatedProperties"})
"""What Vertex cannot say, and need not: answers are held to the whole schema when they come."""


def response_schema(schema: Mapping[str, Any], path: Path = ()) -> Schema:
    """Turn JSON Schema without references into Vertex's Schema.

    Where Vertex cannot say all, it is told less, never something else.

    Raises:
        SchemaProblem: a part has no type that Vertex knows.
    """
    if "allOf" in schema:
        return response_schema(_joined(schema, path), path)
    branches = next((schema[key] for key in _BRANCHES if schema.get(key)), None)
    if branches is not None:
        return _any_of(schema, branches, path)
    if "enum" in schema or "const" in schema:
        found, nullable = choice_of(schema, path)
        return _framed(found, schema, nullable=nullable)
    kinds, nullable = _kinds(schema, path)
    if len(kinds) > 1:
        bare = {key: entry for key, entry in schema.items() if key not in {*_TEXTS, "type", "nullable"}}
        branches = [{**bare, "type": kind} for kind in kinds]
        return _any_of({**schema, "type": kinds}, branches, path, nullable=nullable)
    return _framed(_typed(kinds[0], schema, path), schema, nullable=nullable)


def _joined(schema: Mapping[str, Any], path: Path) -> Schema:
    """Write the parts of an allOf as one schema; what stands beside it wins over their texts."""
    joined = {key: entry for key, entry in schema.items() if key != "allOf"}
    for part in many(schema["allOf"]):
        joined = _both(_joined(part, path) if isinstance(part, dict) and "allOf" in part else part, joined, path)
    return joined


def _both(one: object, other: Schema, path: Path) -> Schema:
    joined = dict(one) if isinstance(one, dict) else {}
    for key, entry in other.items():
        known = joined.get(key, entry)
        if key == "properties" and isinstance(known, dict) and isinstance(entry, dict):
            joined[key] = _disjoint(known, entry, path)
        elif key == "required":
            joined[key] = list(dict.fromkeys([*many(known), *many(entry)]))
        elif key == "type":
            joined[key] = _common(known, entry, path)
        elif key in _TEXTS | _LOST or known == entry:
            joined[key] = entry
        else:
            raise SchemaProblem(path, f"Parts of the schema differ in {key}.", "Write the parts as one schema.")
    return joined


def _disjoint(one: Schema, other: Schema, path: Path) -> Schema:
    for name in one.keys() & other.keys():
        if one[name] != other[name]:
            raise SchemaProblem((*path, name), "Parts of the schema describe it differently.", "Describe it once.")
    return {**one, **other}


def _common(one: object, other: object, path: Path) -> list[Any]:
    common = [kind for kind in many(one) if kind in many(other)]
    if not common:
        raise SchemaProblem(path, "Parts of the schema differ in type.", "Give them one type.")
    return common


def _kinds(schema: Mapping[str, Any], path: Path) -> tuple[list[str], bool]:
    declared = schema.get("type") or ("object" if "properties" in schema else "array" if "items" in schema else [])
    kinds = [kind.lower() if isinstance(kind, str) else "" for kind in many(declared)]
    known = [kind for kind in dict.fromkeys(kinds) if kind in _TYPES]
    if not known or not {*kinds} <= {*known, "null"}:
        hint = f"Say its type: {', '.join(sorted(_TYPES))}. Vertex has no `any`."
        raise SchemaProblem(path, "A part of the schema has no type that Vertex knows.", hint)
    return known, "null" in kinds or schema.get("nullable") is True


def _framed(found: Schema, schema: Mapping[str, Any], *, nullable: bool) -> Schema:
    texts = {key: schema[key] for key in ("title", "description") if isinstance(schema.get(key), str) and schema[key]}
    return {**found, **texts, **({"nullable": True} if nullable else {})}


def _any_of(schema: Mapping[str, Any], branches: object, path: Path, *, nullable: bool = False) -> Schema:
    """Say alternatives. What stands beside them holds for each, so it is said in each."""
    beside = {key: entry for key, entry in schema.items() if key not in {*_BRANCHES, *_TEXTS, *_LOST, "nullable"}}
    options = [branch for branch in many(branches) if isinstance(branch, dict)]
    real = [branch for branch in options if not _is_null(branch)]
    if not real:
        raise SchemaProblem(path, "The schema has no alternative.", "Write at least one alternative with a type.")
    nullable = nullable or len(real) < len(options) or schema.get("nullable") is True
    said = [response_schema(_both(branch, beside, path), path) for branch in real]
    if len(said) == 1:
        return _framed(said[0], schema, nullable=nullable)
    return _framed({"anyOf": said}, schema, nullable=nullable)


def _is_null(branch: Mapping[str, Any]) -> bool:
    return branch.get("type") == "null" or branch.get("enum") == [None] or branch.get("const", 0) is None


def _typed(kind: str, schema: Mapping[str, Any], path: Path) -> Schema:
    found: Schema = {"type": kind.upper()}
    if schema.get("format") in _FORMATS.get(kind, ()):
        found["format"] = schema["format"]
    found |= limits_of(kind, schema, path)
    if kind == "array":
        found["items"] = _items(schema, path)
    if kind == "object":
        found |= _properties(schema, path)
    return found


def _items(schema: Mapping[str, Any], path: Path) -> Schema:
    items = schema.get("items")
    if not isinstance(items, dict) or not items:
        raise SchemaProblem(path, "An array does not say what its items are.", "Give it items with a type.")
    return response_schema(items, (*path, "[]"))


def _properties(schema: Mapping[str, Any], path: Path) -> Schema:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        hint = "Name them, or make it an array of objects with a name and a value: Vertex takes no open objects."
        raise SchemaProblem(path, "An object has no properties.", hint)
    _check_names(properties, path)
    converted = {
        name: response_schema(inner if isinstance(inner, dict) else {}, (*path, name))
        for name, inner in properties.items()
    }
    required = [name for name in many(schema.get("required")) if name in converted]
    found: Schema = {"properties": converted, "propertyOrdering": list(converted)}
    return {**found, "required": required} if required else found


def _check_names(properties: Mapping[str, Any], path: Path) -> None:
    try:
        check_names(properties, "")
    except RowProblem as refused:
        message, hint = refused.problem.message, refused.problem.hint
        raise SchemaProblem(path, f"A property has a name it cannot have. {message}", hint) from None
