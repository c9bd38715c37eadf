"""Makes JSON that obeys a response schema, from what a prompt says."""

import re
from collections.abc import Mapping
from typing import Any

from infra.local.vertex.models.base import field
from infra.local.vertex.models.labels import chosen, ranked
from infra.local.vertex.models.prompt import Prompt
from infra.local.vertex.models.prose import phrases
from infra.local.vertex.models.scalars import boolean, number, string

Schema = Mapping[str, Any]

_ITEMS_USUAL = 3
_LABELS_USUAL = 2
_DEPTH_MAX = 32
_NUMERALS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_EXACTLY = re.compile(rf"\bexactly\s+(\d{{1,2}}|{'|'.join(_NUMERALS)})\b", re.IGNORECASE)


def value(schema: Schema, prompt: Prompt, name: str = "answer") -> Any:
    """A value for `schema`, in Vertex's form (`type: "OBJECT"`) or JSON Schema's; `name` is its property's."""
    return _Maker(prompt, schema).make(schema, name, 0)


class _Maker:
    """One answer. `root` is where references of a JSON Schema point into."""

    def __init__(self, prompt: Prompt, root: Schema) -> None:
        self._prompt = prompt
        self._root = root

    def make(self, schema: Schema, name: str, depth: int) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        kind, nullable = _kind(schema)
        if schema.get("enum"):
            return self._label(schema, kind)
        if depth > _DEPTH_MAX:
            return None if nullable else _EMPTY.get(kind, "")
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case _:
                return self._scalar(schema, name, kind, nullable=nullable)

    def _scalar(self, schema: Schema, name: str, kind: str, *, nullable: bool) -> Any:
        match kind:
            case "integer" | "number":
                return number(schema, self._prompt, name, whole=kind == "integer", nullable=nullable)
            case "boolean":
                return boolean(schema, self._prompt, name)
            case "null":
                return None
            case _:
                return string(schema, self._prompt, name, nullable=nullable)

    def _resolved(self, schema: Schema) -> Schema:
        """The schema that a reference names, or the first alternative that is not null."""
        for _ in range(_DEPTH_MAX):
            options = field(dict(schema), "anyOf", "any_of") or schema.get("oneOf")
            if "$ref" in schema:
                schema = self._target(schema["$ref"])
            elif options:
                schema = next((option for option in options if _kind(option)[0] != "null"), options[0])
            else:
                break
        return schema

    def _target(self, reference: str) -> Schema:
        found: Any = self._root
        for step in reference.removeprefix("#/").split("/"):
            found = found.get(step, {}) if isinstance(found, Mapping) else {}
        return found if isinstance(found, Mapping) else {}

    def _label(self, schema: Schema, kind: str) -> Any:
        labels = [label for label in schema["enum"] if label is not None]
        if not labels:
            return None
        picked = chosen(self._prompt, [str(label) for label in labels], str(schema.get("description", "")))
        label = next(label for label in labels if str(label) == picked)
        return int(label) if kind == "integer" and isinstance(label, str) and label.isdecimal() else label

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        order = field(dict(schema), "propertyOrdering", "property_ordering") or list(properties)
        names = [*(name for name in order if name in properties), *(n for n in properties if n not in order)]
        made = {name: self.make(properties[name], name, depth + 1) for name in names}
        missing = (name for name in schema.get("required") or () if name not in made)
        return made | {name: self.make({"type": "STRING"}, name, depth + 1) for name in missing}

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        items = self._resolved(schema.get("items") or {"type": "STRING"})
        least, limit = _bounds(schema)
        made = self._items(items, name, depth, (least, limit))[:limit]
        while len(made) < least:
            made.append(self.make(items, name, depth + 1))
        return made

    def _items(self, items: Schema, name: str, depth: int, bounds: tuple[int, int]) -> list[Any]:
        least, limit = bounds
        if items.get("enum"):
            return self._labels(items, least)
        if _kind(items)[0] != "string":
            return [self.make(items, name, depth + 1)] if limit else []
        said = phrases(self._prompt, name, limit)
        return [string(items, self._prompt, name, nullable=False, said=phrase) for phrase in said]

    def _labels(self, items: Schema, least: int) -> list[Any]:
        """The labels that the text is about, and as many more as there must be."""
        labels = {str(label): label for label in items["enum"] if label is not None}
        near = [label for label, score in ranked(self._prompt, list(labels)) if score > 0]
        picked = near[:_LABELS_USUAL] or [chosen(self._prompt, list(labels))]
        rest = [label for label in labels if label not in picked]
        return [labels[label] for label in [*picked, *rest[: max(0, least - len(picked))]]]


def _bounds(schema: Schema) -> tuple[int, int]:
    """The least and most items; "exactly three" in the description counts where the schema itself is silent."""
    least, most = field(dict(schema), "minItems", "min_items"), field(dict(schema), "maxItems", "max_items")
    said = _EXACTLY.search(str(schema.get("description", "")))
    if said is not None and least is None and most is None:
        number = _NUMERALS.index(said[1].lower()) if said[1].lower() in _NUMERALS else int(said[1])
        return 0, number
    lowest = int(least or 0)
    return lowest, int(most) if most is not None else max(lowest, _ITEMS_USUAL)


_EMPTY: dict[str, Any] = {"object": {}, "array": [], "integer": 0, "number": 0, "boolean": False}


def _kind(schema: Schema) -> tuple[str, bool]:
    """The type in lower case, and whether null is allowed."""
    said = schema.get("type")
    nullable = bool(schema.get("nullable"))
    if isinstance(said, list):
        nullable = nullable or "null" in [str(each).lower() for each in said]
        said = next((each for each in said if str(each).lower() != "null"), "null")
    if said is None:
        said = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(said).lower(), nullable
