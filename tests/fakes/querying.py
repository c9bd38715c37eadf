"""What Firestore's queries find, over plain values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import assert_never

from batchdrop.cloud.codec import Plain, plain
from batchdrop.domain.refs import D, Op, Query, Where

Fields = Mapping[str, Plain]
_MISSING = object()


def select(query: Query[D], stored: Mapping[str, Mapping[str, Fields]]) -> list[str]:
    """Paths of what a query finds, in its order. `stored` has documents by collection, then by path."""
    asked = [documents for collection, documents in stored.items() if _is_asked(query, collection)]
    found = {path: fields for documents in asked for path, fields in documents.items() if _matches(query, fields)}
    orders = _orders(query)
    paths = sorted(found, key=lambda path: ([_order(_field(found[path], name)) for name in orders], path.split("/")))
    return paths if query.limit is None else paths[: query.limit]


def _field(fields: Fields, path: str) -> object:
    """A field by its path, `outer.inner`; _MISSING if it is not there."""
    value: object = fields
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return _MISSING
        value = value[name]
    return value


def totals(found: Iterable[Fields], names: Sequence[str]) -> dict[str, int]:
    """Count and sum as Firestore does: only what stores all the fields; what is no number adds nothing."""
    rows = [[_field(fields, name) for name in names] for fields in found]
    rows = [row for row in rows if _MISSING not in row]
    return {"count": len(rows)} | {name: _sum(row[index] for row in rows) for index, name in enumerate(names)}


def _sum(values: Iterable[object]) -> int:
    return sum(int(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool))


def _is_asked(query: Query[D], collection: str) -> bool:
    return collection.rpartition("/")[2] == query.collection if query.group else collection == query.collection


def _matches(query: Query[D], fields: Fields) -> bool:
    ordered = all(_field(fields, name) is not _MISSING for name in query.order_by)
    return ordered and all(_holds(where, _field(fields, where.field)) for where in query.where)


def _holds(where: Where, value: object) -> bool:
    match where.op:
        case Op.EQUAL:
            return _same(value, where.value)
        case Op.AT_MOST:
            return _kind(value) == _kind(where.value) and _order(value) <= _order(plain(where.value))
        case Op.CONTAINS:
            return isinstance(value, list | tuple) and any(_same(each, where.value) for each in value)
        case _:
            assert_never(where.op)


def _same(value: object, other: object) -> bool:
    return _kind(value) == _kind(other) and value == other


def _orders(query: Query[D]) -> list[str]:
    """Fields of order: those asked for, then those of inequalities, then (not here) the path."""
    unequal = [where.field for where in query.where if where.op is Op.AT_MOST]
    return [*query.order_by, *(name for name in dict.fromkeys(unequal) if name not in query.order_by)]


def _kind(value: object) -> int:
    """Rank of a value's type among others' (docs: firestore/native/docs/concepts/data-types)."""
    match value:
        case None:
            return 0
        case bool():
            return 1
        case int() | float():
            return 2
        case datetime():
            return 3
        case str():
            return 4
        case _:
            return 5


def _order(value: object) -> tuple[int, object]:
    match value:
        case str():
            return _kind(value), value.encode()
        case None | bool() | int() | float() | datetime():
            return _kind(value), value
        case _:
            raise NotImplementedError("No query orders by arrays or maps")
