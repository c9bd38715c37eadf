"""Schemas of requests with their `$ref` written out: the importer takes no name that begins with a dollar."""

from batchdrop.rows.problems import refusal

MOST_PARTS = 5_000
"""References to references multiply; a schema with more parts than this is none that Vertex would take."""

_MOST_LEVELS = 64
_MAPS = frozenset({"properties", "patternProperties", "pattern_properties", "defs", "definitions"})


def written_out(schema: object, path: str) -> object:
    """Put what each `$ref` refers to in its place, and leave out `$defs`, `$schema` and their like.

    Raises:
        RowProblem: a reference leads nowhere or to itself, or the schema grows beyond all measure.
    """
    return _Writer(schema, path).value(schema, (), 0) if _has_dollar(schema, 0) else schema


def _has_dollar(value: object, level: int) -> bool:
    """Whether there is anything to do; what is too deep to be looked at is left to the writer to refuse."""
    if level > _MOST_LEVELS:
        return True
    if isinstance(value, dict):
        return any(name.startswith("$") or _has_dollar(inner, level + 1) for name, inner in value.items())
    return isinstance(value, list) and any(_has_dollar(inner, level + 1) for inner in value)


class _Writer:
    def __init__(self, root: object, path: str) -> None:
        self._root = root
        self._path = path
        self._parts = 0

    def value(self, value: object, seen: tuple[str, ...], level: int) -> object:
        self._parts += 1
        if self._parts > MOST_PARTS or level > _MOST_LEVELS:
            hint = "Make it smaller; references are written out wherever they stand."
            raise refusal(
                "SCHEMA_TOO_LARGE", "The schema, with its references written out, is too large.", hint, self._path
            )
        if isinstance(value, list):
            return [self.value(inner, seen, level + 1) for inner in value]
        return self._schema(value, seen, level) if isinstance(value, dict) else value

    def _schema(self, schema: dict[str, object], seen: tuple[str, ...], level: int) -> object:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in seen:
                hint = "Write it out to the depth that you need: a table has no recursion."
                raise refusal("RECURSIVE_SCHEMA", "A reference of the schema leads to itself.", hint, self._path)
            beside = {name: inner for name, inner in schema.items() if name != "$ref"}
            return self.value(self._referred(reference) | beside, (*seen, reference), level + 1)
        return {
            name: self._names(inner, seen, level + 1) if name in _MAPS else self.value(inner, seen, level + 1)
            for name, inner in schema.items()
            if not name.startswith("$") and name != "definitions"
        }

    def _names(self, value: object, seen: tuple[str, ...], level: int) -> object:
        """A map by names, which are no keywords."""
        if not isinstance(value, dict):
            return value
        return {name: self.value(inner, seen, level + 1) for name, inner in value.items()}

    def _referred(self, reference: str) -> dict[str, object]:
        found = self._root
        for part in filter(None, reference.removeprefix("#").split("/")):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        if not reference.startswith("#") or not isinstance(found, dict):
            hint = "Refer to #/$defs/name in the same schema."
            raise refusal("BAD_REFERENCE", "A reference of the schema leads nowhere.", hint, self._path)
        return found
