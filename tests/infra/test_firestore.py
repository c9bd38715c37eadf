"""The queries the code makes, held against the indexes; what is stored, against what is exempt and what expires."""

import ast
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import msgspec
import pytest

import batchdrop.domain
import batchdrop.steps
from batchdrop.domain.refs import Document, Op, Query
from tests.infra.observed import Observed
from tests.infra.plan import Plan
from tests.infra.terraform import ROOT

pytestmark = pytest.mark.timeout(900)

Asked = Query[Any]


class Index(msgspec.Struct, frozen=True):
    """An index, as a query needs it: equalities in any order, then sort fields, then the rest in any order."""

    collection: str
    scope: str
    equal: frozenset[str]
    contains: frozenset[str]
    sort: tuple[str, ...] = ()
    rest: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        return len(self.equal) + len(self.contains) + len(self.sort) + len(self.rest)

    def fits(self, collection: str, scope: str, fields: list[tuple[str, bool]]) -> bool:
        """Whether a composite index of these fields, each with whether it is of arrays, serves."""
        first = fields[: len(self.equal) + len(self.contains)]
        then = [path for path, _ in fields[len(first) :]]
        return (
            (collection, scope, len(fields)) == (self.collection, self.scope, self.size)
            and {path for path, array in first if not array} == self.equal
            and {path for path, array in first if array} == self.contains
            and tuple(then[: len(self.sort)]) == self.sort
            and set(then[len(self.sort) :]) == self.rest
        )


def query_makers() -> Iterator[tuple[str, Callable[..., Asked]]]:
    for module in pkgutil.iter_modules(batchdrop.domain.__path__, "batchdrop.domain."):
        for name, made in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            if typing.get_origin(typing.get_type_hints(made).get("return")) is Query:
                yield name, made


def example(kind: Any) -> Any:
    kind = getattr(kind, "__supertype__", kind)
    if kind is datetime:
        return datetime(2026, 11, 1, tzinfo=UTC)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    return {str: "x", int: 1}[kind]


def queries() -> dict[str, Asked]:
    made = {}
    for name, maker in query_makers():
        hints = {given: hint for given, hint in typing.get_type_hints(maker).items() if given != "return"}
        made[name] = maker(**{given: example(hint) for given, hint in hints.items()})
    return made


def sums() -> Iterator[tuple[str, list[str]]]:
    """Each `totals(query(...), [fields])` in steps/: the query's maker, and the fields."""
    for path in sorted((ROOT / "functions/batchdrop/steps").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "totals":
                asked, fields = node.args
                assert isinstance(asked, ast.Call), f"{path.name} sums over a query that it does not name in the call"
                assert isinstance(asked.func, ast.Name)
                yield asked.func.id, ast.literal_eval(fields)


def index_for(query: Asked, summed: list[str]) -> Index:
    fields = {op: frozenset(where.field for where in query.where if where.op is op) for op in Op}
    return Index(
        collection=query.collection.split("/")[-1],
        scope="COLLECTION_GROUP" if query.group else "COLLECTION",
        equal=fields[Op.EQUAL],
        contains=fields[Op.CONTAINS],
        sort=query.order_by,
        rest=(fields[Op.AT_MOST] | frozenset(summed)) - set(query.order_by),
    )


def needed() -> set[Index]:
    asked = queries()
    plain = {index_for(query, []) for query in asked.values()}
    return {index for index in plain | {index_for(asked[name], fields) for name, fields in sums()} if index.size > 0}


def test_there_are_queries() -> None:
    assert {"waiting_shards", "overdue_turns", "batches_in"} <= queries().keys()
    assert ("shards_in_any_order", ["rows", "invalid"]) in list(sums())


def test_each_field_asked_for_alone_has_its_index_and_no_other_has(plan: Plan) -> None:
    wanted = {
        (index.collection, *index.equal, *index.contains, *index.sort, *index.rest, bool(index.contains), index.scope)
        for index in needed()
        if index.size == 1
    }
    made = {
        (field["collection"], field["field"], entry["array_config"] == "CONTAINS", entry["query_scope"])
        for field in plan.of("google_firestore_field").values()
        for config in field["index_config"]
        for entry in config["indexes"]
    }
    assert made == wanted


def test_each_query_of_several_fields_has_its_composite_index_and_no_index_is_without_its_query(plan: Plan) -> None:
    wanted = {index for index in needed() if index.size > 1}
    made = {
        address: (
            index["collection"],
            index["query_scope"],
            [(field["field_path"], field["array_config"] == "CONTAINS") for field in index["fields"]],
        )
        for address, index in plan.of("google_firestore_index").items()
    }
    served = {address: [index for index in wanted if index.fits(*of)] for address, of in made.items()}
    assert [address for address, serves in served.items() if not serves] == []
    assert wanted == {index for serves in served.values() for index in serves}


def test_every_collection_is_exempt_from_the_indexes_that_nobody_asks_for(observed: Observed, plan: Plan) -> None:
    fields = plan.of("google_firestore_field").values()
    exempt = {field["collection"] for field in fields if field["field"] == "*"}
    assert exempt == observed.collections
    assert [field for field in fields if field["field"] == "*" and field["index_config"] != [{"indexes": []}]] == []


def test_what_has_a_day_to_expire_does_expire(plan: Plan) -> None:
    collections = {query.kind: query.collection.split("/")[-1] for query in queries().values()}
    dated = [kind for kind in Document.__subclasses__() if "expire_at" in kind.__struct_fields__]
    expiring = {
        (field["collection"], field["field"])
        for field in plan.of("google_firestore_field").values()
        if field["ttl_config"]
    }
    assert expiring == {(collections[kind], "expire_at") for kind in dated}


def test_steps_make_no_query_of_their_own() -> None:
    for path in sorted((ROOT / "functions/batchdrop/steps").glob("*.py")):
        assert "Query(" not in path.read_text(), f"{path.name}: queries are built in domain/, where tests find them"
