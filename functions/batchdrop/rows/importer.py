"""What Vertex's importer asks of JSON that the API leaves free: it makes one table of all rows of a batch.

A single row that breaks a rule fails the whole batch with code 3 (seen live by OpenRouterTeam/docs, 2026-09): no
empty objects, no more than 15 levels, names that a BigQuery column may have, no nulls in arrays, no arrays in
arrays, one type in one place.
"""

import re
from collections.abc import Mapping

from batchdrop.rows.problems import RowProblem, refusal

MAX_DEPTH = 15
"""Objects inside objects, the line itself counted."""

REQUEST_DEPTH = 2
"""Level of the request: the line is an object of its own."""

NULL = "null"
"""The type of a null, which goes with any other type but an array's."""

_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_TAKEN = re.compile(r"(_table_|_file_|_partition|_row_timestamp|__root__|_colidentifier)", re.IGNORECASE)
_LONGEST_SHOWN = 60
_INDEX = re.compile(r"\[[0-9]+\]")
_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


def check_depth(depth: int, path: str) -> None:
    """Refuse what lies too deep.

    Raises:
        RowProblem: an object at this level is one too many.
    """
    if depth > MAX_DEPTH:
        hint = "Flatten the request, most often its schema: Vertex imports all rows of a batch as one table."
        raise refusal("TOO_DEEP", f"Objects are nested more than {MAX_DEPTH} deep.", hint, path)


def check_names(names: Mapping[str, object], path: str) -> None:
    """Refuse names that cannot be columns, or that a table could not tell apart.

    Raises:
        RowProblem: at the first such name.
    """
    for name in names:
        if _COLUMN.fullmatch(name) is None or _TAKEN.match(name) is not None:
            raise _bad_name(shown_path(path, name))
    if len(names) > 1 and len({name.lower() for name in names}) < len(names):
        hint = "Name them apart: Vertex imports all rows of a batch as one table, whose columns have no case."
        raise refusal("SAME_NAME", "Two names differ in nothing but case.", hint, path)


def shown_path(path: str, name: str) -> str:
    """The path of a field, or that of its object if the name is not fit to be shown."""
    return f"{path}.{name}" if len(name) <= _LONGEST_SHOWN and name.isprintable() else path


def _bad_name(path: str) -> RowProblem:
    message = "The name cannot be that of a column."
    hint = "Use letters, digits and _, not beginning with a digit: Vertex imports all rows of a batch as one table."
    return refusal("BAD_NAME", message, hint, path)


class FreeForm:
    """Takes free JSON of one request in; `types` has the type of every place in it, which is its signature."""

    __slots__ = ("types",)

    def __init__(self) -> None:
        self.types: dict[str, str] = {}

    def take(self, value: object, path: str, depth: int) -> None:
        """Check a value that stands at a JSON path; `depth` is the level of the object that holds it.

        Raises:
            RowProblem: the importer would stumble.
        """
        self._take(value, path, _INDEX.sub("[]", path), depth)

    def _take(self, value: object, path: str, place: str, depth: int) -> None:
        kind = NULL if value is None else _TYPES[type(value)]
        known = self.types.setdefault(place, kind)
        if known != kind:
            self.types[place] = _joined(known, kind, path)
        if isinstance(value, dict):
            self._take_object(value, path, place, depth + 1)
        elif isinstance(value, list):
            self._take_array(value, path, place, depth)

    def _take_object(self, value: dict[str, object], path: str, place: str, depth: int) -> None:
        check_depth(depth, path)
        if not value:
            raise empty_object(path)
        check_names(value, path)
        for name, inner in value.items():
            # Columns have no case, so neither have the paths that are compared between rows.
            self._take(inner, f"{path}.{name}", f"{place}.{name.lower()}", depth)

    def _take_array(self, value: list[object], path: str, place: str, depth: int) -> None:
        for index, inner in enumerate(value):
            if inner is None or isinstance(inner, list):
                raise _no_element(inner, f"{path}[{index}]")
            self._take(inner, f"{path}[{index}]", f"{place}[]", depth)


def _no_element(value: object, path: str) -> RowProblem:
    hint = "Take it out: Vertex imports all rows of a batch as one table."
    if value is None:
        return refusal("NULL_IN_ARRAY", "An array holds a null.", hint, path)
    return refusal("ARRAY_IN_ARRAY", "An array holds an array.", hint, path)


def empty_object(path: str) -> RowProblem:
    """The problem of an empty object that cannot be left out."""
    hint = "Give it a field or take it out: Vertex's importer takes no empty objects."
    return refusal("EMPTY_OBJECT", "An object is empty.", hint, path)


def _joined(one: str, other: str, path: str) -> str:
    kinds = {one, other} - {NULL}
    if len(kinds) == 1 and "array" not in kinds:
        return kinds.pop()
    hint = "Give one place one type: Vertex imports all rows of a batch as one table."
    raise refusal("MIXED_TYPES", f"The values in one place are of type {one} and {other}.", hint, path)
