"""Whether a value is what a JSON schema asks for. Knows the keywords that a response schema may have.

Keywords: type (also a list of types, also in upper case), nullable, enum, const, required, properties,
additionalProperties, items, minItems, maxItems, minimum, maximum, minLength, maxLength, anyOf, oneOf, allOf
and $ref into $defs. Others are passed over.
"""

from collections.abc import Iterator, Mapping

import msgspec

Schema = Mapping[str, object]


class Mismatch(msgspec.Struct, frozen=True):
    """The first place where a value is not what its schema asks for. Never quotes the value."""

    path: str
    message: str


def mismatch(value: object, schema: Schema) -> Mismatch | None:
    """Find the first mismatch of a parsed JSON value, or None if it conforms."""
    return next(_check(value, schema, "$", schema), None)


def properties_of(schema: Schema | None) -> tuple[str, ...]:
    """Name the top-level properties of an object schema, in its order; none for any other schema."""
    found = _resolved(schema, schema).get("properties") if schema is not None else None
    return tuple(found) if isinstance(found, dict) else ()


def wants_text(schema: Schema) -> bool:
    """Tell whether a schema asks for a bare string, as an enum of labels does."""
    schema = _resolved(schema, schema)
    return _types(schema) == ["string"]


def _check(value: object, schema: Schema, path: str, root: Schema) -> Iterator[Mismatch]:
    schema = _resolved(schema, root)
    if value is None and schema.get("nullable") is True:
        return
    types = _types(schema)
    if types and not any(_is(value, kind) for kind in types):
        yield Mismatch(path, f"Expected {' or '.join(types)}, found {_kind(value)}.")
        return
    yield from _check_choice(value, schema, path)
    yield from _check_branches(value, schema, path, root)
    if isinstance(value, dict):
        yield from _check_object(value, schema, path, root)
    elif isinstance(value, list):
        yield from _check_array(value, schema, path, root)
    else:
        yield from _check_bounds(value, schema, path)


def _resolved(schema: Schema, root: Schema) -> Schema:
    hops = 0
    while isinstance(ref := schema.get("$ref"), str) and hops < _MAX_HOPS:
        target: object = root
        for name in ref.removeprefix("#").split("/")[1:]:
            target = target.get(name) if isinstance(target, dict) else None
        schema = target if isinstance(target, dict) else {}
        hops += 1
    return schema


_MAX_HOPS = 32


def _types(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [str(kind).lower() for kind in (kinds if isinstance(kinds, list) else [kinds])]


def _is(value: object, kind: str) -> bool:
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    if kind == "integer":
        return _kind(value) == "number"
    return kind in (_kind(value), "type_unspecified")


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "string")


_KINDS: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}


def _check_choice(value: object, schema: Schema, path: str) -> Iterator[Mismatch]:
    choices = schema.get("enum")
    if isinstance(choices, list) and not any(_same(value, choice) for choice in choices):
        yield Mismatch(path, f"The {_kind(value)} is none of the {len(choices)} values of the enum.")
    if "const" in schema and not _same(value, schema["const"]):
        yield Mismatch(path, "Not the one value that the schema allows.")


def _same(value: object, choice: object) -> bool:
    return _kind(value) == _kind(choice) and value == choice


def _check_branches(value: object, schema: Schema, path: str, root: Schema) -> Iterator[Mismatch]:
    for branch in _schemas(schema.get("allOf")):
        yield from _check(value, branch, path, root)
    some = _schemas(schema.get("anyOf"))
    if some and not any(_fits(value, branch, root) for branch in some):
        yield Mismatch(path, f"The {_kind(value)} fits none of the schemas of anyOf.")
    one = _schemas(schema.get("oneOf"))
    if one and sum(_fits(value, branch, root) for branch in one) != 1:
        yield Mismatch(path, f"The {_kind(value)} does not fit exactly one of the schemas of oneOf.")


def _schemas(found: object) -> list[Schema]:
    return [schema for schema in found if isinstance(schema, dict)] if isinstance(found, list) else []


def _fits(value: object, schema: Schema, root: Schema) -> bool:
    return next(_check(value, schema, "$", root), None) is None


def _check_object(value: dict[str, object], schema: Schema, path: str, root: Schema) -> Iterator[Mismatch]:
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if name not in value:
            yield Mismatch(f"{path}.{name}", "A required property is missing.")
    found = schema.get("properties")
    properties = found if isinstance(found, dict) else {}
    for name, inner in properties.items():
        if name in value and isinstance(inner, dict):
            yield from _check(value[name], inner, f"{path}.{name}", root)
    others = [inner for name, inner in value.items() if name not in properties]
    rule = schema.get("additionalProperties")
    if others and rule is False:
        yield Mismatch(path, "There is a property that the schema does not have.")
    if isinstance(rule, dict):
        for inner in others:
            yield from _check(inner, rule, f"{path}.*", root)


def _check_array(value: list[object], schema: Schema, path: str, root: Schema) -> Iterator[Mismatch]:
    yield from _check_range(len(value), schema, path, ("minItems", "maxItems"), "entries")
    items = schema.get("items")
    if isinstance(items, dict):
        for index, inner in enumerate(value):
            yield from _check(inner, items, f"{path}[{index}]", root)


def _check_bounds(value: object, schema: Schema, path: str) -> Iterator[Mismatch]:
    if isinstance(value, str):
        yield from _check_range(len(value), schema, path, ("minLength", "maxLength"), "characters")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _check_range(value, schema, path, ("minimum", "maximum"), "")


def _check_range(found: float, schema: Schema, path: str, names: tuple[str, str], unit: str) -> Iterator[Mismatch]:
    least, most = (_number(schema.get(name)) for name in names)
    if least is not None and found < least:
        yield Mismatch(path, f"Less than {least:g} {unit}".rstrip() + ".")
    if most is not None and found > most:
        yield Mismatch(path, f"More than {most:g} {unit}".rstrip() + ".")


def _number(limit: object) -> float | None:
    """Vertex writes the limits of lengths as strings (they are int64)."""
    if isinstance(limit, str) and limit.isascii() and limit.isdigit():
        return float(limit)
    return float(limit) if isinstance(limit, int | float) else None
