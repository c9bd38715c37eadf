"""Columns of answers in Arrow: their types, as the output schema describes them, and their values.

This module imports pyarrow; import it only where Parquet is written.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from batchdrop.rows.conform import Schema, property_schemas, types_of

Fix = Callable[[Any], Any]
"""From a value that fits the schema to one that fits the type. Never sees null."""


class AnswerType(NamedTuple):
    """The type of a column, and how to fit values into it."""

    kind: pa.DataType
    fix: Fix

    def column(self, values: list[Any]) -> "pa.Array[Any]":
        """Make a column."""
        return pa.array([None if value is None else self.fix(value) for value in values], self.kind)


def answer_type(schema: Schema) -> AnswerType:
    """Describe the column of a property. What has no one type of its own is text: texts as they are, else JSON."""
    schema = _certain(schema)
    types = [kind for kind in types_of(schema) if kind != "null"]
    match types:
        case ["string"]:
            return AnswerType(pa.string(), _same)
        case ["boolean"]:
            return AnswerType(pa.bool_(), _same)
        case ["integer"]:
            return AnswerType(pa.int64(), int)
        case ["number"] | ["integer", "number"] | ["number", "integer"]:
            return AnswerType(pa.float64(), float)
        case ["array"]:
            return _array(schema)
        case ["object"]:
            return _object(schema)
        case _:
            return _MIXED


def _certain(schema: Schema) -> Schema:
    """Of a choice between null and one other schema, that one."""
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key)
        found = branches if isinstance(branches, list) else []
        certain = [one for one in found if isinstance(one, dict) and types_of(one) != ["null"]]
        if found and len(certain) == 1 and not types_of(schema):
            return certain[0]
    return schema


def _array(schema: Schema) -> AnswerType:
    items = schema.get("items")
    if not isinstance(items, dict):
        return _MIXED
    inner = answer_type(items)
    return AnswerType(pa.list_(inner.kind), lambda value: [_fixed(inner.fix, entry) for entry in value])


def _object(schema: Schema) -> AnswerType:
    """A struct, unless the schema leaves open what the object holds."""
    inner = {name: answer_type(found) for name, found in property_schemas(schema).items()}
    if not inner or isinstance(schema.get("additionalProperties"), dict):
        return _MIXED
    kind = pa.struct([pa.field(name, found.kind) for name, found in inner.items()])
    return AnswerType(kind, lambda value: _struct(inner, value))


def _struct(inner: Mapping[str, AnswerType], value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _fixed(found.fix, value.get(name)) for name, found in inner.items()}


def _fixed(fix: Fix, value: Any) -> Any:  # a value of JSON
    return None if value is None else fix(value)


def _same(value: object) -> object:
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


_MIXED = AnswerType(pa.string(), _text)
