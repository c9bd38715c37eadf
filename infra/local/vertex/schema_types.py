"""Whether the fields of a response schema are of the types that `Schema` and JSON Schema have for them."""

from collections.abc import Callable, Iterator
from typing import Any

from infra.local.vertex.models.base import whole
from infra.local.vertex.wordset import words

_SCALAR = (str, int, float, bool, type(None))
_TEXTS = words("description format title pattern $ref")
_LISTS_OF_NAMES = words("required propertyOrdering property_ordering")
_LISTS_OF_SCHEMAS = words("anyOf any_of oneOf")
_MAPS = words("properties $defs defs definitions")
_WHOLES = words("minItems min_items maxItems max_items minLength min_length maxLength max_length")
_NUMBERS = words("minimum maximum")


def ill_typed(schema: Any, path: str) -> Iterator[str]:
    """The paths of fields with values that no schema has, from `path` on."""
    if not isinstance(schema, dict):
        yield path
        return
    for name, value in schema.items():
        if value is not None and not _fits(name, value, schema):
            yield f"{path}.{name}"
    for name, child in _children(schema):
        yield from ill_typed(child, f"{path}.{name}")


def _fits(name: str, value: Any, schema: dict[str, Any]) -> bool:
    for names, fits in _CHECKS:
        if name in names:
            return fits(value)
    return name not in _WHOLES or whole(schema, name, name) is not None


def _children(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in schema.items():
        if name == "items" and value is not None:
            yield name, value
        elif name in _LISTS_OF_SCHEMAS and isinstance(value, list):
            yield from ((f"{name}[{index}]", child) for index, child in enumerate(value))
        elif name in _MAPS and isinstance(value, dict):
            yield from ((f"{name}.{key}", child) for key, child in value.items())


def _is_list_of(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(item, kinds) for item in value)


def _is_type(value: Any) -> bool:
    return isinstance(value, str) or (_is_list_of(str)(value) and bool(value))


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


_CHECKS: tuple[tuple[frozenset[str], Callable[[Any], bool]], ...] = (
    (frozenset({"type"}), _is_type),
    (frozenset({"enum"}), _is_list_of(*_SCALAR)),
    (_TEXTS, lambda value: isinstance(value, str)),
    (_LISTS_OF_NAMES, _is_list_of(str)),
    (_LISTS_OF_SCHEMAS, lambda value: isinstance(value, list) and bool(value)),
    (_MAPS, lambda value: isinstance(value, dict)),
    (_NUMBERS, _is_number),
)
