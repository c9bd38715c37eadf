"""The records of an input, taken apart for results: as cells of a table, or as members of an object."""

from collections.abc import Callable, Mapping

import msgspec

from batchdrop.domain.job import InputFormat, Layout
from batchdrop.rows.csvrules import fields_of
from batchdrop.rows.values import SideRow

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode
_NULL = msgspec.Raw(b"null")
_CARRIAGE_RETURN = ord("\r")
"""Bytes are asked for a number many times as fast as for other bytes."""


def json_of(side: SideRow) -> bytes:
    """The record of a JSON input on one line: to some readers of JSONL a carriage return is a line end."""
    raw = bytes(side.raw)
    return raw.replace(b"\r", b" ") if _CARRIAGE_RETURN in raw else raw


def members_of(record: bytes) -> Mapping[str, msgspec.Raw]:
    """Take an object apart without touching its values: numbers stay as they were written."""
    return _members(record)


def cells_of(layout: Layout, columns: tuple[str, ...]) -> Callable[[SideRow], list[str]]:
    """How to take a record apart into the cells of some columns; a value that it lacks is an empty cell."""
    if layout.format is InputFormat.CSV:
        delimiter, quote = layout.delimiter, layout.quote
        return lambda side: fields_of(side.text(), delimiter, quote)

    def cells(side: SideRow) -> list[str]:
        members = _members(json_of(side))
        return [cell_of_json(members.get(name, _NULL)) for name in columns]

    return cells


def cell_of_json(raw: msgspec.Raw) -> str:
    """Text as it is, nothing for null, and all else as it was written."""
    value = bytes(raw)
    if value.startswith(b'"'):
        return _text(value)
    return "" if value == b"null" else value.decode()
