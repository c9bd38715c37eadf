"""Schemas as people and tools write them, brought into the shape that Vertex and its importer take.

Only what says the same in other words is changed; what Vertex does not know stays, to be refused by name.
"""

_UNION = ("anyOf", "any_of")


def vertex_schema(schema: dict[str, object]) -> dict[str, object]:
    """Restate one level of a Schema: null as a type becomes `nullable`, a constant text an enum of one."""
    changed = dict(schema)
    kinds = changed.get("type")
    if isinstance(kinds, list):
        del changed["type"]
        changed |= _of_types([kind for kind in kinds if not _is_null(kind)])
        changed |= {"nullable": True} if any(map(_is_null, kinds)) else {}
    for name in _UNION:
        changed = _without_null(changed, name)
    constant = changed.get("const")
    if isinstance(constant, str) and "enum" not in changed:
        changed["enum"] = [constant]
        del changed["const"]
    return changed


def _of_types(kinds: list[object]) -> dict[str, object]:
    if len(kinds) == 1:
        return {"type": kinds[0]}
    return {"anyOf": [{"type": kind} for kind in kinds]} if kinds else {}


def _without_null(schema: dict[str, object], name: str) -> dict[str, object]:
    choices = schema.get(name)
    if not isinstance(choices, list) or not any(map(_only_null, choices)):
        return schema
    rest = [choice for choice in choices if not _only_null(choice)]
    around = {key: value for key, value in schema.items() if key != name} | {"nullable": True}
    if len(rest) == 1 and isinstance(rest[0], dict):
        return {**rest[0], **around}
    return {**around, name: rest}


def _only_null(choice: object) -> bool:
    return isinstance(choice, dict) and choice.keys() == {"type"} and _is_null(choice["type"])


def _is_null(kind: object) -> bool:
    return isinstance(kind, str) and kind.lower() == "null"


_SCHEMAS = frozenset({"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})


def importable_json_schema(schema: object) -> object:
    """Restate a JSON Schema without what the importer does not take: lists of types, empty maps, empty schemas."""
    if not isinstance(schema, dict):
        return schema
    restated = {name: _restated(name, value) for name, value in schema.items() if not (name in _MAPS and value == {})}
    kinds = restated.get("type")
    if not isinstance(kinds, list):
        return restated or True
    del restated["type"]
    if len(kinds) == 1:
        return {"type": kinds[0], **restated}
    return {"anyOf": [{"type": kind} if _is_null(kind) else {"type": kind, **restated} for kind in kinds]}


def _restated(name: str, value: object) -> object:
    if name in _SCHEMAS:
        return importable_json_schema(value)
    if name in _LISTS and isinstance(value, list):
        return [importable_json_schema(inner) for inner in value]
    if name in _MAPS and isinstance(value, dict):
        return {key: importable_json_schema(inner) for key, inner in value.items()}
    return value
