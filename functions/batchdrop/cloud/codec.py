"""Documents as Firestore stores them: plain maps, arrays, numbers, strings, booleans, nulls and timestamps."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import msgspec

from batchdrop.domain.refs import D, Document

Plain = str | int | float | bool | datetime | dict[str, "Plain"] | list["Plain"] | None

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def encode(document: Document) -> dict[str, Plain]:
    """Turn a document into a new map of plain values: all its fields, defaults and nulls too."""
    fields: dict[str, object] = msgspec.to_builtins(document, builtin_types=(datetime,))
    return {name: plain(value) for name, value in fields.items()}


def decode(kind: type[D], stored: Mapping[str, object]) -> D:
    """Make a document of what is stored. Fields that this version does not know are passed over.

    Raises:
        msgspec.ValidationError: what is stored is no document of this kind.
    """
    return msgspec.convert({name: plain(value) for name, value in stored.items()}, kind)


def plain(value: object) -> Plain:
    """Copy a value; datetimes of any class become plain ones in UTC, because msgspec takes no other class."""
    if value.__class__ in _AS_THEY_ARE:
        return cast("Plain", value)
    match value:
        case datetime():
            return _utc(value)
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case str() | int() | float() | None:
            return value
        case _:
            raise TypeError(f"Documents hold no {type(value).__name__}; see batchdrop.cloud.codec for what they do")


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("Documents hold aware datetimes only; a naive one says nothing about when")
    utc = value.astimezone(UTC)
    return datetime.combine(utc.date(), utc.time(), UTC)
