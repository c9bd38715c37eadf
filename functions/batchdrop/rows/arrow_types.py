"""Arrow types turned into others, however deep they are nested."""

from collections.abc import Callable

import pyarrow as pa
from pyarrow import types

Change = Callable[[pa.DataType], pa.DataType]


def as_stored(kind: pa.DataType) -> pa.DataType:
    """The type with plain values for those of a dictionary, and with what extension types are stored as."""
    return _changed(kind, _stored)


def moments_in_utc(kind: pa.DataType) -> pa.DataType:
    """The type as it is stored, but with UUIDs as such, and with moments of any time zone as those of UTC."""
    return _changed(kind, _utc)


def times_as_text(kind: pa.DataType) -> pa.DataType:
    """The type with text for moments and times of day, and counts for durations: Python's know no nanoseconds."""
    return _changed(kind, _text)


def _changed(kind: pa.DataType, leaf: Change) -> pa.DataType:
    if isinstance(kind, pa.FixedSizeListType):
        return pa.list_(_field(kind.value_field, leaf), kind.list_size)
    if isinstance(kind, pa.LargeListType):
        return pa.large_list(_field(kind.value_field, leaf))
    if isinstance(kind, pa.ListType):
        return pa.list_(_field(kind.value_field, leaf))
    if isinstance(kind, pa.ListViewType):
        return pa.list_view(_field(kind.value_field, leaf))
    if isinstance(kind, pa.StructType):
        return pa.struct([_field(kind.field(index), leaf) for index in range(kind.num_fields)])
    if isinstance(kind, pa.MapType):
        return pa.map_(_changed(kind.key_type, leaf), _changed(kind.item_type, leaf))
    return leaf(kind)


def _field(field: "pa.Field[pa.DataType]", leaf: Change) -> "pa.Field[pa.DataType]":
    return field.with_type(_changed(field.type, leaf))


def _stored(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.DictionaryType):
        return as_stored(kind.value_type)
    return as_stored(kind.storage_type) if isinstance(kind, pa.BaseExtensionType) else kind


def _utc(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.TimestampType) and kind.tz is not None:
        return pa.timestamp(kind.unit, "UTC")
    return kind if isinstance(kind, pa.UuidType) else _stored(kind)


def _text(kind: pa.DataType) -> pa.DataType:
    if types.is_timestamp(kind) or types.is_time(kind):
        return pa.string()
    return pa.int64() if types.is_duration(kind) else kind
