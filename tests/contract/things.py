"""A document with a field of every kind, and short ways to store and find it."""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from batchdrop.domain.refs import Document, Query, Ref, Where
from batchdrop.ports import Documents, Put, Snapshot

NOON = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


class Inner(msgspec.Struct, frozen=True, omit_defaults=True):
    amount: int = 0
    note: str | None = None


class Round(msgspec.Struct, frozen=True, tag="round"):
    radius: float


class Square(msgspec.Struct, frozen=True, tag="square"):
    side: float


class Thing(Document, frozen=True, kw_only=True):
    number: int = 0
    real: float = 0.0
    text: str = ""
    flag: bool = False
    colour: Colour = Colour.RED
    moment: datetime | None = None
    tags: tuple[str, ...] = ()
    names: dict[str, str] = {}
    inner: Inner = Inner()
    inners: tuple[Inner, ...] = ()
    shape: Round | Square = Square(1.0)
    big: int | None = None


def at(name: str, collection: str = "things") -> Ref[Thing]:
    return Ref(f"{collection}/{name}", Thing)


def everything(
    *where: Where, group: bool = False, order_by: tuple[str, ...] = (), limit: int | None = None
) -> Query[Thing]:
    return Query(kind=Thing, collection="things", group=group, where=where, order_by=order_by, limit=limit)


def store(documents: Documents, **things: Thing) -> None:
    documents.commit([Put(at(name), thing) for name, thing in things.items()])


def need(documents: Documents, name: str) -> Snapshot[Thing]:
    found = documents.get(at(name))
    assert found is not None
    return found


def names(documents: Documents, query: Query[Thing]) -> list[str]:
    return [snapshot.ref.path.rpartition("/")[2] for snapshot in documents.find(query)]
