"""Cells of a CSV as the values that an input schema speaks of."""

import math
import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

import orjson

Schema = Mapping[str, object]


class Blank(Enum):
    """Stands for a cell that gives no value."""

    BLANK = 0


BLANK: Final = Blank.BLANK

Cast = Callable[[object], object]
"""Gives the value of a cell, BLANK, or the cell's text if it can be read as none of the types."""

_KINDS: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
_WHOLE = re.compile(r"[+-]?[0-9]{1,400}(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def cast_of(schema: Schema) -> Cast | None:
    """How a cell is read for a property, or None where its text is its value.

    An empty cell is no value, unless the property may be the empty text.
    """
    kinds = _kinds(schema)
    if "string" in kinds or not kinds:
        choices = schema.get("enum")
        return _text_or_blank if isinstance(choices, list) and "" not in choices else None
    readers = [reader for kind, reader in _READERS.items() if kind in kinds]

    def cast(cell: object) -> object:
        stripped = str(cell).strip()
        if not stripped:
            return BLANK
        for reader in readers:
            value = reader(stripped)
            if value is not BLANK:
                return value
        return cell

    return cast


def takes_null(schema: Schema) -> bool:
    """Whether a property may be null."""
    choices = schema.get("enum")
    return "null" in _kinds(schema) and not (isinstance(choices, list) and None not in choices)


def _kinds(schema: Schema) -> frozenset[str]:
    """The types that a schema names, or none where it names none."""
    declared = schema.get("type")
    if declared is not None:
        return frozenset(str(kind) for kind in (declared if isinstance(declared, list) else [declared]))
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(choices, list):
        return frozenset(_KINDS.get(type(choice), "string") for choice in choices)
    for key in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(key)
        if isinstance(branches, list):
            found = [_kinds(branch) for branch in branches if isinstance(branch, dict)]
            return frozenset().union(*found) if all(found) else frozenset()
    return frozenset()


def null_is_blank(cell: object) -> object:
    """How a column that cannot be null is read where a cell can."""
    return BLANK if cell is None else cell


def _text_or_blank(cell: object) -> object:
    return cell or BLANK


def _whole(text: str) -> object:
    return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else BLANK


def _number(text: str) -> object:
    if _NUMBER.fullmatch(text) is None:
        return BLANK
    whole = _whole(text) if "." not in text else BLANK
    if whole is not BLANK:
        return whole
    value = float(text)
    return value if math.isfinite(value) else BLANK


def _truth(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), BLANK)


def _json(text: str) -> object:
    """An array or an object is written as JSON in its cell."""
    try:
        return orjson.loads(text) if text[0] in "[{" else BLANK
    except orjson.JSONDecodeError:
        return BLANK


_READERS: dict[str, Callable[[str], object]] = {
    "integer": _whole,
    "number": _number,
    "boolean": _truth,
    "array": _json,
    "object": _json,
}
