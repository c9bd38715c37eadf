"""Values of Arrow columns as values of JSON, and back.

Integers, finite numbers, truth values, texts and null stay what they are; lists stay lists and structs become objects.
What JSON has no word for becomes text: dates and times in ISO 8601 (moments in UTC, with a Z), decimals in digits,
bytes in base64, UUIDs as such. A duration becomes the count of its unit, a map an object if its keys are texts, else a
list of pairs. NaN and the infinities become null, for good.
"""

import base64
import datetime as dt
import math
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa
from pyarrow import types

from batchdrop.rows.arrow_types import as_stored, moments_in_utc, times_as_text

Fix = Callable[[Any], Any]
"""From a value to another. Never sees null."""

_LISTS = (pa.ListType, pa.LargeListType, pa.FixedSizeListType, pa.ListViewType)
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # Arrow counts moments of no time zone, too, from here
_SECOND = dt.timedelta(seconds=1)
_DIGITS = 9
_FRACTIONS: int = 10**_DIGITS


def to_json(column: "pa.Array[Any]") -> list[Any]:
    """The values of a column as JSON.

    Raises:
        ValueError: a value cannot be one: a text that is no UTF-8, a moment beyond the year 9999.
        pa.ArrowNotImplementedError: no value of this type can be one.
    """
    kind = moments_in_utc(column.type)
    fix = _to_json(kind)
    for wanted in (kind, times_as_text(kind)):
        if not wanted.equals(column.type):
            column = column.cast(wanted)
    try:
        return _fixed(column.to_pylist(), fix)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def from_json(values: Iterable[object], kind: pa.DataType) -> "pa.Array[Any]":
    """Make a column of a type, of values that `to_json` gave for one of the same type.

    Raises:
        ValueError: a value cannot be of this type.
    """
    column: pa.Array[Any]
    if isinstance(kind, pa.DictionaryType):
        column = from_json(values, kind.value_type).dictionary_encode()
    else:
        column = pa.array(_fixed(list(values), _from_json(kind)), as_stored(kind))
    return column if column.type.equals(kind) else column.cast(kind)


def _fixed(values: list[Any], fix: Fix | None) -> list[Any]:
    return values if fix is None else [None if value is None else fix(value) for value in values]


def _to_json(kind: pa.DataType) -> Fix | None:
    if isinstance(kind, pa.MapType):
        key, item = _to_json(kind.key_type), _to_json(kind.item_type)
        is_text = types.is_string(kind.key_type) or types.is_large_string(kind.key_type)
        return partial(_object if is_text else _pairs, key or _same, item or _same)
    return _inside(kind, _to_json) if types.is_nested(kind) else _leaf_to_json(kind)


def _from_json(kind: pa.DataType) -> Fix | None:
    if isinstance(kind, pa.MapType):
        return partial(_entries, _from_json(kind.key_type) or _same, _from_json(kind.item_type) or _same)
    return _inside(kind, _from_json) if types.is_nested(kind) else _leaf_from_json(kind)


def _inside(kind: pa.DataType, fix_of: Callable[[pa.DataType], Fix | None]) -> Fix | None:
    """What mends the values in a list or a struct."""
    if isinstance(kind, pa.StructType):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        fixes = {field.name: fix for field in fields if (fix := fix_of(field.type)) is not None}
        return partial(_struct, fixes) if fixes else None
    if not isinstance(kind, _LISTS):
        raise _impossible(kind)
    fix = fix_of(kind.value_type)
    return partial(_list, fix) if fix is not None else None


def _leaf_to_json(kind: pa.DataType) -> Fix | None:
    for is_kind, fix in _TO_JSON:
        if is_kind(kind):
            return fix
    if not any(is_kind(kind) for is_kind in _JSON):
        raise _impossible(kind)
    return None


def _leaf_from_json(kind: pa.DataType) -> Fix | None:
    if isinstance(kind, pa.DictionaryType):
        return _from_json(kind.value_type)
    if isinstance(kind, pa.TimestampType | pa.Time32Type | pa.Time64Type):
        return partial(_moment if isinstance(kind, pa.TimestampType) else _time_of_day, _UNITS[kind.unit])
    for is_kind, fix in _FROM_JSON:
        if is_kind(kind):
            return fix
    return None


def _impossible(kind: pa.DataType) -> pa.ArrowNotImplementedError:
    return pa.ArrowNotImplementedError(f"{kind} has no counterpart in JSON")


def _same(value: object) -> object:
    return value


def _list(fix: Fix, value: list[Any]) -> list[Any]:
    return _fixed(value, fix)


def _struct(fixes: dict[str, Fix], value: dict[str, Any]) -> dict[str, Any]:
    return {name: inner if inner is None or name not in fixes else fixes[name](inner) for name, inner in value.items()}


def _object(_key: Fix, item: Fix, value: list[tuple[Any, Any]]) -> dict[str, Any]:
    return {key: None if inner is None else item(inner) for key, inner in value}


def _pairs(key: Fix, item: Fix, value: list[tuple[Any, Any]]) -> list[list[Any]]:
    return [[key(name), None if inner is None else item(inner)] for name, inner in value]


def _entries(key: Fix, item: Fix, value: dict[str, Any] | list[list[Any]]) -> list[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else value
    return [(key(name), None if inner is None else item(inner)) for name, inner in pairs]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _digits(value: Decimal) -> str:
    return f"{value:f}"


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _iso(text: str) -> str:
    """From Arrow's text of a moment. A year that ISO 8601 and Python do not know is none."""
    if text[4:5] != "-" or not "0001" <= text[:4] <= "9999":
        raise ValueError("a moment is outside the years 1 to 9999")
    return _short(text.replace(" ", "T", 1))


def _short(text: str) -> str:
    """Without zeros at the fraction's end."""
    if "." not in text:
        return text
    zone = "Z" if text.endswith("Z") else ""
    return text.removesuffix("Z").rstrip("0").rstrip(".") + zone


def _moment(unit: int, text: str) -> int:
    seconds = (dt.datetime.fromisoformat(text[:19]) - _EPOCH) // _SECOND
    return seconds * unit + _fraction(unit, text)


def _time_of_day(unit: int, text: str) -> int:
    time = dt.time.fromisoformat(text[:8])
    return (time.hour * 3600 + time.minute * 60 + time.second) * unit + _fraction(unit, text)


def _fraction(unit: int, text: str) -> int:
    digits = text.partition(".")[2].removesuffix("Z")
    return int(digits.ljust(_DIGITS, "0")) * unit // _FRACTIONS


def _is_binary(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
    )


def _uuid_bytes(value: str) -> bytes:
    return uuid.UUID(value).bytes


def _is_uuid(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.UuidType)


_Is = Callable[[pa.DataType], bool]
_JSON: tuple[_Is, ...] = (
    types.is_null,
    types.is_boolean,
    types.is_integer,
    types.is_string,
    types.is_large_string,
    types.is_string_view,
    types.is_duration,
)
_TO_JSON: tuple[tuple[_Is, Fix], ...] = (
    (types.is_floating, _finite),
    (types.is_timestamp, _iso),
    (types.is_date, dt.date.isoformat),
    (types.is_time, _short),
    (types.is_decimal, _digits),
    (_is_binary, _base64),
    (_is_uuid, str),
)
_FROM_JSON: tuple[tuple[_Is, Fix], ...] = (
    (types.is_floating, float),
    (types.is_date, dt.date.fromisoformat),
    (types.is_decimal, Decimal),
    (_is_binary, base64.b64decode),
    (_is_uuid, _uuid_bytes),
)
