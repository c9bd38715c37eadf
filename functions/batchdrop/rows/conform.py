"""Whether a value is what a JSON schema asks for; a schema is compiled once, values are checked by the million."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs
import msgspec

from batchdrop.rows.plain_schema import LEAST_WHOLE, MOST_WHOLE, reader_of

Schema = Mapping[str, object]

_INT64 = {"minimum": LEAST_WHOLE, "maximum": MOST_WHOLE}
_SCHEMAS = frozenset({"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"})
_LISTS_OF_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_SIZES = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
_MAX_HOPS = 32


class Mismatch(msgspec.Struct, frozen=True):
    """The first place where a value is not what its schema asks for. Never quotes the value."""

    path: str
    message: str


class Checker:
    """A compiled schema.

    It may be written as Vertex writes schemas: types in upper case, `nullable`, sizes as strings. An integer has to fit
    64 bits besides, so that every kind of output can hold it.
    """

    def __init__(self, schema: Schema) -> None:
        """Compile a schema.

        Raises:
            ValueError: it is no JSON schema, or refers to what is not in it.
        """
        self._schema = _plain(schema)
        self._names = frozenset(_names_in(self._schema))
        try:
            validator = jsonschema_rs.Draft202012Validator(self._schema, offline=True)
        except jsonschema_rs.ValidationError as error:
            raise ValueError(error.message) from error
        self._errors = validator.iter_errors
        self.fits = validator.is_valid
        """Tell whether a parsed JSON value is what the schema asks for."""
        self.read = reader_of(self._schema)
        """Reads and checks an answer in one pass, if the schema is plain."""
        self.properties = properties_of(schema)
        """The names of the top-level properties of an object schema, in its order."""
        self.wants_text = wants_text(schema)
        """Whether the schema asks for a bare string, as an enum of labels does."""

    def mismatch(self, value: object) -> Mismatch | None:
        """Find the first mismatch of a parsed JSON value, or None if it fits."""
        error = next(iter(self._errors(value)), None)
        if error is None:
            return None
        kind = error.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            return Mismatch(self._path([*error.instance_path, kind.property]), "A required property is missing.")
        return Mismatch(self._path(error.instance_path), f"{_kind(error.instance)} {self._unmet(error.schema_path)}")

    def _path(self, steps: Sequence[str | int]) -> str:
        """Names that the schema does not have are the answer's own words."""
        return "$" + "".join(
            f"[{step}]" if isinstance(step, int) else f".{step if step in self._names else '*'}" for step in steps
        )

    def _unmet(self, way: Sequence[str | int]) -> str:
        limit: Any = self._schema
        for step in way:
            limit = limit[step]
        if way[-1:] == ["type"] and isinstance(limit, list):
            limit = " or ".join(limit)
        shown = f": {limit}" if isinstance(limit, str | int | float) and not isinstance(limit, bool) else ""
        return f"does not fit `{way[-1] if way else 'false'}{shown}`."


def properties_of(schema: Schema | None) -> tuple[str, ...]:
    """Name the top-level properties of an object schema, in its order; none for any other schema."""
    return tuple(property_schemas(schema))


def property_schemas(schema: Schema | None) -> dict[str, Schema]:
    """The schemas of the top-level properties of an object schema, by name; a schema that is none counts as `{}`."""
    found = _resolved(schema, schema).get("properties") if schema is not None else None
    properties = found if isinstance(found, dict) else {}
    return {name: inner if isinstance(inner, dict) else {} for name, inner in properties.items()}


def wants_text(schema: Schema) -> bool:
    """Tell whether a schema asks for a bare string, as an enum of labels does."""
    return types_of(_resolved(schema, schema)) == ["string"]


def types_of(schema: Schema) -> list[str]:
    """The types that a schema allows, in lower case; none if it does not say."""
    kinds = schema.get("type", [])
    return [str(kind).lower() for kind in (kinds if isinstance(kinds, list) else [kinds])]


def _resolved(schema: Schema, root: Schema) -> Schema:
    hops = 0
    while isinstance(ref := schema.get("$ref"), str) and hops < _MAX_HOPS:
        target: object = root
        for name in ref.removeprefix("#").split("/")[1:]:
            target = target.get(name) if isinstance(target, dict) else None
        schema = target if isinstance(target, dict) else {}
        hops += 1
    return schema


def _plain(schema: Schema) -> dict[str, Any]:
    """The same schema as JSON Schema writes it. Formats are notes to the model, as in JSON Schema itself."""
    plain = {key: _plain_entry(key, entry) for key, entry in schema.items() if key not in ("$schema", "nullable")}
    types = types_of(plain)
    if "integer" in types and "number" not in types:
        plain = {**_INT64, **plain}
    return _or_null(plain, types) if schema.get("nullable") is True else plain


def _or_null(plain: dict[str, Any], types: list[str]) -> dict[str, Any]:
    if not types:
        return {"anyOf": [{"type": "null"}, plain]}
    choices = plain.get("enum")
    allowed = {"enum": [*choices, None]} if isinstance(choices, list) else {}
    return {**plain, **allowed, "type": [*types, "null"]}


def _plain_entry(key: str, entry: object) -> object:
    if key == "type":
        return _plain_type(entry)
    if key in _SIZES and isinstance(entry, str) and entry.isascii() and entry.isdigit():
        return int(entry)
    if key in _SCHEMAS and isinstance(entry, dict):
        return _plain(entry)
    if key in _LISTS_OF_SCHEMAS and isinstance(entry, list):
        return [_plain(inner) if isinstance(inner, dict) else inner for inner in entry]
    if key in _NAMED_SCHEMAS and isinstance(entry, dict):
        return {name: _plain(inner) if isinstance(inner, dict) else inner for name, inner in entry.items()}
    return entry


def _plain_type(entry: object) -> object:
    if isinstance(entry, list):
        return [_plain_type(one) for one in entry]
    return entry.lower() if isinstance(entry, str) else entry


def _names_in(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        found = schema.get("properties")
        yield from found if isinstance(found, dict) else ()
        found = schema.get("required")
        yield from (name for name in found if isinstance(name, str)) if isinstance(found, list) else ()
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _names_in(inner)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "Null")


_KINDS: Mapping[type, str] = {
    dict: "An object",
    list: "An array",
    str: "A string",
    bool: "A boolean",
    int: "A number",
    float: "A number",
}
