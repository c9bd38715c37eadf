"""The one shape that all rows of an import must share, as a table of BigQuery has one type per column.

Rules and messages are those that third parties met in 2026; how deep is deep counts keys from the top of the row.
"""

import re
from typing import Any

from infra.local.vertex.wordset import words

_DEPTH_MAX = 15
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_NAMES_HINT = "For allowed characters, please refer to https://cloud.google.com/bigquery/docs/schemas#column_names"
_REPEATED = words(
    """contents parts tools functionDeclarations function_declarations safetySettings safety_settings stopSequences
    stop_sequences responseModalities response_modalities allowedFunctionNames allowed_function_names enum required
    anyOf any_of propertyOrdering property_ordering"""
)
_IN_SCHEMA = ("responseSchema", "response_schema", "JsonSchema", "json_schema", "parameters")


class ImportRefusedError(Exception):
    """The whole job fails at import; the message says why, in the importer's words."""


class _Column:
    """What is known of one path: its type, and whether it is repeated."""

    __slots__ = ("columns", "kind", "null", "path", "repeated")

    def __init__(self, path: str) -> None:
        self.path = path
        self.columns: dict[str, _Column] = {}
        self.kind: str | None = None
        self.repeated: bool | None = None
        self.null = False


_KINDS = {str: "STRING", bool: "BOOLEAN", int: "NUMBER", float: "NUMBER", dict: "RECORD"}


class RowShape:
    """Grows with each row."""

    def __init__(self) -> None:
        self._row = _Column("")

    def add(self, row: dict[str, Any]) -> None:
        """Take a row in.

        Raises:
            ImportRefusedError: it has what no column can hold, or differs in type from a row before.
        """
        _take_record(self._row, row, 0)

    def filled(self, value: Any, *path: str) -> Any:
        """A value of a row at `path` as its table has it: all columns by name, null or [] where it has none."""
        column = self._row
        for name in path:
            column = column.columns[name]
        return _filled(column, value)


def _filled(column: _Column, value: Any) -> Any:
    if value is None:
        return [] if column.repeated else None
    if column.kind != "RECORD":
        return value
    if isinstance(value, list):
        return [_filled_record(column, item) for item in value]
    return _filled_record(column, value)


def _filled_record(column: _Column, record: dict[str, Any]) -> dict[str, Any]:
    return {name: _filled(child, record.get(name)) for name, child in sorted(column.columns.items())}


def _take_record(column: _Column, record: dict[str, Any], depth: int) -> None:
    if not record:
        raise ImportRefusedError(f"Cannot store struct '{column.path}' with no fields")
    depth += 1
    if depth > _DEPTH_MAX:
        raise ImportRefusedError(
            f"Schema nested too deeply, at least {depth} compared to the maximum allowed level of {_DEPTH_MAX}"
        )
    columns = column.columns
    for name, value in record.items():
        child = columns.get(name)
        if child is None:
            child = columns[name] = _new_column(column, name)
        if value is None:
            _take_null(child, name)
        elif type(value) is list:
            _take_list(child, name, value, depth)
        else:
            if child.repeated:
                raise ImportRefusedError(f"Repeated field must be imported as a JSON array. Field: {child.path}.")
            child.repeated = False
            _take_value(child, value, depth)


def _new_column(parent: _Column, name: str) -> _Column:
    if _NAME.fullmatch(name) is None:
        raise ImportRefusedError(f'Invalid field name "{name}". {_NAMES_HINT}')
    return _Column(f"{parent.path}.{name}" if parent.path else name)


def _take_null(column: _Column, name: str) -> None:
    if column.repeated or (column.repeated is None and name in _REPEATED):
        raise ImportRefusedError(f"Only optional fields can be set to NULL. Field: {name}")
    column.null = True


def _take_list(column: _Column, name: str, values: list[Any], depth: int) -> None:
    if column.repeated is None:
        column.repeated = True
        if name == "type" and any(part in column.path for part in _IN_SCHEMA):
            # Captured where alternatives mix `["string"]` and `"null"`; arrays alone are taken to fail too.
            raise ImportRefusedError(f"Repeated field must be imported as a JSON array. Field: {column.path}.")
    if not column.repeated:
        raise ImportRefusedError(f"Array specified for non-repeated field: {column.path}.")
    if column.null:
        raise ImportRefusedError(f"Only optional fields can be set to NULL. Field: {name}")
    for value in values:
        if value is None or type(value) is list:
            raise ImportRefusedError(f"An array cannot hold nulls or arrays. Field: {column.path}.")
        _take_value(column, value, depth)


def _take_value(column: _Column, value: Any, depth: int) -> None:
    kind = _KINDS[type(value)]
    if column.kind is None:
        column.kind = kind
    elif column.kind != kind:
        raise ImportRefusedError(f"Could not convert value to {column.kind}. Field: {column.path}.")
    if kind == "RECORD":
        _take_record(column, value, depth)
