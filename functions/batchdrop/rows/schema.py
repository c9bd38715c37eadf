"""Schemas of a prompt: Picoschema or JSON Schema, as plain JSON Schema without references."""

import copy
from typing import Any

from dotpromptz import picoschema_to_json_schema

Schema = dict[str, Any]
Path = tuple[str, ...]

_MOST_PARTS = 2000

_KEYWORDS = frozenset({"$ref", "anyOf", "oneOf", "allOf", "enum", "const"})
_SCHEMAS = frozenset(
    {"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else", "unevaluatedProperties"}
)
_LISTS_OF_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "dependentSchemas"})


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
    try:
        found = copy.deepcopy(source) if is_json else _from_picoschema(copy.deepcopy(source))
        if not isinstance(found, dict):
            raise SchemaProblem((), "The schema is empty.", "Describe the fields, or take the key away.")
        return _Inliner(found).inlined(found, (), ())
    except RecursionError:
        raise SchemaProblem((), "The schema is nested too deeply.", "Flatten it.") from None


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
        if key in _NAMED_SCHEMAS and isinstance(entry, dict):
            return {
                name: self.inlined(inner, seen, (*path, name)) if isinstance(inner, dict) else inner
                for name, inner in entry.items()
            }
        if key in _SCHEMAS and isinstance(entry, dict):
            return self.inlined(entry, seen, (*path, "[]") if key == "items" else path)
        if key in _LISTS_OF_SCHEMAS and isinstance(entry, list):
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
