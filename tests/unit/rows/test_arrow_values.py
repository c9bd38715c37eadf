import datetime as dt
import json
import math
import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.arrow_types import as_stored
from batchdrop.rows.arrow_values import from_json, to_json

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, -5, None], pa.int8(), [1, -5, None]),
        ([2**64 - 1], pa.uint64(), [2**64 - 1]),
        ([1.5, math.nan, math.inf, -math.inf, None], pa.float64(), [1.5, None, None, None, None]),
        ([0.5], pa.float16(), [0.5]),
        ([True, None], pa.bool_(), [True, None]),
        (["é", ""], pa.string(), ["é", ""]),
        (["é"], pa.large_string(), ["é"]),
        (["é"], pa.string_view(), ["é"]),
        ([None, None], pa.null(), [None, None]),
        ([b"\x00\xff"], pa.binary(), ["AP8="]),
        ([b"\x00\xff"], pa.binary(2), ["AP8="]),
        ([b"\x00\xff"], pa.large_binary(), ["AP8="]),
        ([Decimal("1.50"), Decimal("-0.01")], pa.decimal128(10, 2), ["1.50", "-0.01"]),
        ([Decimal("1E+30")], pa.decimal256(50, 0), ["1" + "0" * 30]),
        ([dt.date(2026, 11, 1)], pa.date32(), ["2026-11-01"]),
        ([dt.date(2026, 11, 1)], pa.date64(), ["2026-11-01"]),
        ([NOON.replace(tzinfo=None)], pa.timestamp("us"), ["2026-11-01T12:00:00"]),
        ([NOON.replace(microsecond=500000)], pa.timestamp("us", tz="UTC"), ["2026-11-01T12:00:00.5Z"]),
        ([NOON], pa.timestamp("s", tz="America/New_York"), ["2026-11-01T12:00:00Z"]),
        ([1], pa.timestamp("ns", tz="+05:30"), ["1970-01-01T00:00:00.000000001Z"]),
        ([-1], pa.timestamp("ms"), ["1969-12-31T23:59:59.999"]),
        ([dt.time(1, 2, 3)], pa.time32("s"), ["01:02:03"]),
        ([1], pa.time64("ns"), ["00:00:00.000000001"]),
        ([1500], pa.duration("ms"), [1500]),
        ([uuid.UUID(int=5)], pa.uuid(), ["00000000-0000-0000-0000-000000000005"]),
        (["a", "b", "a"], pa.dictionary(pa.int8(), pa.string()), ["a", "b", "a"]),
        ([[1, None], None, []], pa.list_(pa.int64()), [[1, None], None, []]),
        ([[b"\xff"]], pa.large_list(pa.binary()), [["/w=="]]),
        ([[1.0, math.nan]], pa.list_(pa.float32(), 2), [[1.0, None]]),
        ([[1]], pa.list_view(pa.int64()), [[1]]),
        (
            [{"at": NOON, "n": 1}, None],
            pa.struct([("at", pa.timestamp("s", tz="Asia/Tokyo")), ("n", pa.int8())]),
            [{"at": "2026-11-01T12:00:00Z", "n": 1}, None],
        ),
        ([[("k", b"\xff"), ("n", None)]], pa.map_(pa.string(), pa.binary()), [{"k": "/w==", "n": None}]),
        ([[(1, Decimal("0.5"))]], pa.map_(pa.int64(), pa.decimal128(3, 1)), [[[1, "0.5"]]]),
        (
            [[{"m": [("a", [dt.date(2026, 1, 2)])]}]],
            pa.list_(pa.struct([("m", pa.map_(pa.string(), pa.list_(pa.date32())))])),
            [[{"m": {"a": ["2026-01-02"]}}]],
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, pa.DataType) else "",
)
def test_values_become_json(values: list[Any], kind: pa.DataType, expected: list[Any]) -> None:
    found = to_json(pa.array(values, kind))
    assert found == expected
    assert json.loads(json.dumps(found, allow_nan=False)) == expected


def test_json_in_a_column_stays_text() -> None:
    words = pa.array(['{"a": 1}', None]).cast(pa.json_())
    assert to_json(words) == ['{"a": 1}', None]
    assert from_json(to_json(words), pa.json_()).equals(words)


@pytest.mark.parametrize(
    "column",
    [
        pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")),
        pa.array([2**62], pa.int64()).cast(pa.timestamp("us")),
        pa.array([-(10**17)], pa.int64()).cast(pa.timestamp("us")),
        pa.array([12_345_678], pa.int32()).cast(pa.date32()),
    ],
    ids=["no UTF-8", "far future", "before the year 1", "a date too far"],
)
def test_a_value_that_cannot_be_json_is_told(column: "pa.Array[Any]") -> None:
    with pytest.raises(ValueError, match=r"."):
        to_json(column)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        pa.array([[(1, 2, 3)]], pa.list_(pa.month_day_nano_interval())),
    ],
)
def test_a_type_that_cannot_be_json_is_told(column: "pa.Array[Any]") -> None:
    with pytest.raises(pa.ArrowNotImplementedError):
        to_json(column)


LEAVES: dict[pa.DataType, st.SearchStrategy[object]] = {
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(st.characters(codec="utf-8"), max_size=9),
    pa.binary(): st.binary(max_size=9),
    pa.decimal128(12, 3): st.integers(-(10**11), 10**11).map(lambda number: Decimal(number).scaleb(-3)),
    pa.date32(): st.dates(),
    pa.timestamp("ns"): st.integers(-(2**62), 2**62),
    pa.timestamp("us", tz="Europe/Berlin"): st.integers(-62_000_000_000_000_000, 250_000_000_000_000_000),
    pa.time64("ns"): st.integers(0, 86_400 * 10**9 - 1),
    pa.time32("ms"): st.integers(0, 86_400_000 - 1),
    pa.duration("us"): st.integers(-(2**62), 2**62),
    pa.uuid(): st.binary(min_size=16, max_size=16),
}


def columns() -> st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[object]]]:
    """Types with values for them, nested at most twice."""
    leaves = st.sampled_from(list(LEAVES.items()))
    return st.recursive(leaves, _nested, max_leaves=3)


def _nested(
    inner: st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[object]]],
) -> st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[object]]]:
    def as_list(pair: tuple[pa.DataType, Any]) -> tuple[pa.DataType, Any]:
        return pa.list_(pair[0]), st.lists(st.none() | pair[1], max_size=3)

    def as_struct(pair: tuple[pa.DataType, Any]) -> tuple[pa.DataType, Any]:
        return pa.struct([("a", pair[0]), ("b", pa.string())]), st.fixed_dictionaries(
            {"a": st.none() | pair[1], "b": st.none() | st.just("x")}
        )

    def as_map(pair: tuple[pa.DataType, Any]) -> tuple[pa.DataType, Any]:
        entries = st.dictionaries(st.text("abc", max_size=2), st.none() | pair[1], max_size=3)
        return pa.map_(pa.string(), pair[0]), entries.map(lambda found: list(found.items()))

    return inner.map(as_list) | inner.map(as_struct) | inner.map(as_map)


@given(columns().flatmap(lambda pair: st.tuples(st.just(pair[0]), st.lists(st.none() | pair[1], max_size=4))))
def test_what_became_json_comes_back_as_it_was(column: tuple[pa.DataType, list[object]]) -> None:
    kind, values = column
    before = pa.array(values, as_stored(kind)).cast(kind)
    told = json.loads(json.dumps(to_json(before), allow_nan=False))
    assert from_json(told, kind).equals(before)


def test_encoded_columns_come_back_encoded() -> None:
    words = pa.dictionary(pa.int32(), pa.string())
    days = pa.dictionary(pa.int32(), pa.date32())
    small = pa.dictionary(pa.int8(), pa.string())
    assert from_json(["a", None, "a"], words).equals(pa.array(["a", None, "a"], words))
    assert from_json(["a"], small).equals(pa.array(["a"], small))
    assert from_json(["2026-11-01"], days).to_pylist() == [dt.date(2026, 11, 1)]
    assert from_json([["a"], None], pa.list_(words)).type.equals(pa.list_(words))
