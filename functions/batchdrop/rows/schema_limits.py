"""Enums, bounds and sizes of a schema, as Vertex says them."""

import math
from collections.abc import Mapping
from typing import Any

from batchdrop.rows.schema import Path, Schema, SchemaProblem

_SIZES = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_DECLARED = {
    "STRING": {"string"},
    "INTEGER": {"integer", "number"},
    "NUMBER": {"number"},
    "BOOLEAN": {"boolean"},
}
_BOUNDS = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}


def many(value: object) -> list[Any]:
    """What may stand alone instead of in a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def choice_of(schema: Mapping[str, Any], path: Path) -> tuple[Schema, bool]:
    """Say an enum or a constant, and whether null is among it.

    Raises:
        SchemaProblem: it holds what Vertex cannot list, or nothing of the type that stands beside it.
    """
    values = many(schema["enum"]) if "enum" in schema else [schema["const"]]
    real = [value for value in values if value is not None]
    declared = {str(kind).lower() for kind in many(schema.get("type"))}
    found = _choice(real, declared)
    if found is None:
        hint = 'Write a list of texts, and quotes around yes, no, on, off, true and false: ["yes", "no"].'
        raise SchemaProblem(path, "An enum holds something else than texts.", hint)
    if declared and declared.isdisjoint(_DECLARED[found["type"]]):
        raise SchemaProblem(path, "The values of an enum are not of its type.", "Take the type away, or correct it.")
    return found, len(real) < len(values) or schema.get("nullable") is True


def _choice(values: list[Any], declared: set[str]) -> Schema | None:
    if values and all(isinstance(value, str) for value in values):
        return {"type": "STRING", "format": "enum", "enum": list(dict.fromkeys(values))}
    if values and all(_is_number(value) for value in values):
        return _numbers(values)
    if values and all(isinstance(value, bool) for value in values) and "boolean" in declared:
        return {"type": "BOOLEAN"}
    return None


def _numbers(values: list[Any]) -> Schema:
    """Only whole numbers can be listed; of others, Vertex is told the range."""
    if all(isinstance(value, int) for value in values):
        return {"type": "INTEGER", "format": "enum", "enum": [str(value) for value in dict.fromkeys(values)]}
    return {"type": "NUMBER", "minimum": min(values), "maximum": max(values)}


def limits_of(kind: str, schema: Mapping[str, Any], path: Path) -> Schema:
    """Say the sizes, the pattern and the bounds of a type.

    Raises:
        SchemaProblem: one of them has a value that it cannot have.
    """
    found: Schema = {}
    for key in _SIZES.get(kind, ()):
        if schema.get(key) is not None:
            found[key] = _size(key, schema[key], path)
    if kind == "string" and schema.get("pattern") is not None:
        found["pattern"] = _pattern(schema["pattern"], path)
    return found | (_bounds(kind, schema, path) if kind in {"number", "integer"} else {})


def _size(key: str, value: object, path: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise SchemaProblem(path, f"{key} has a value it cannot have.", "Write a whole number.")
    return value


def _pattern(value: object, path: Path) -> str:
    if not isinstance(value, str):
        raise SchemaProblem(path, "pattern has a value it cannot have.", "Write a text.")
    return value


def _bounds(kind: str, schema: Mapping[str, Any], path: Path) -> Schema:
    """Bounds of a number; Vertex has no exclusive ones, which for whole numbers are others by one."""
    found: Schema = {}
    for key, exclusive in _BOUNDS.items():
        for name in (key, exclusive):
            value = schema.get(name)
            if value is None:
                continue
            if not _is_number(value):
                raise SchemaProblem(path, f"{name} has a value it cannot have.", "Write a number.")
            if name == exclusive and kind == "integer" and isinstance(value, int):
                value += 1 if key == "minimum" else -1
            tighter = max if key == "minimum" else min
            found[key] = tighter(found.get(key, value), value)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
