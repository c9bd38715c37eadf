"""Where documents live, and the queries that are made of them.

Every query the service makes is built here, so that a test can hold them against the indexes in infra/.
"""

from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all documents. `rev` is fresh at each write: equal contents must not pass for one write."""

    rev: str = ""


D = TypeVar("D", bound=Document)
D_co = TypeVar("D_co", bound=Document, covariant=True)


class Ref(msgspec.Struct, Generic[D_co], frozen=True):
    """Path of a document, `collection/id` or `collection/id/collection/id`, and its type."""

    path: str
    kind: type[D_co]


class Op(StrEnum):
    """Comparisons that queries use."""

    EQUAL = "=="
    AT_MOST = "<="
    CONTAINS = "array_contains"


class Where(msgspec.Struct, frozen=True):
    """One condition of a query."""

    field: str
    op: Op
    value: str | int | float | bool | datetime


class Query(msgspec.Struct, Generic[D], frozen=True, kw_only=True):
    """A question to one collection, or with `group` to all collections of that last name."""

    kind: type[D]
    collection: str
    group: bool = False
    where: tuple[Where, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int | None = None
