"""Listing: pages of objects and of common prefixes, in UTF-8 order, with tokens that survive changes."""

import base64
import sys

import msgspec

from infra.local.storage.catalog import Catalog
from infra.local.storage.errors import invalid
from infra.local.storage.model import MAX_PAGE, BucketName, Generation, ObjectName, StoredObject

_SURROGATES = range(0xD800, 0xE000)


class Query(msgspec.Struct, frozen=True):
    """What to list. `start` is inclusive and `end` exclusive; `noncurrent` lists every generation."""

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str | None = None
    noncurrent: bool = False
    limit: int = MAX_PAGE
    token: str | None = None


class Page(msgspec.Struct, frozen=True):
    """A page; items and prefixes count alike against the limit."""

    items: list[StoredObject]
    prefixes: list[str]
    token: str | None


def page(catalog: Catalog, bucket: BucketName, query: Query) -> Page:
    """One page of the bucket."""
    items: list[StoredObject] = []
    prefixes: list[str] = []
    cursor = _first(query)
    end = _end(query)
    while True:
        room = query.limit - len(items) - len(prefixes)
        rows = catalog.scan(bucket, cursor, end, room + 1, noncurrent=query.noncurrent)
        for index, row in enumerate(rows):
            if index == room:
                return Page(items, prefixes, _write_token(row))
            common = _common_prefix(row.name, query)
            if common is not None:
                prefixes.append(common)
                break
            items.append(row)
        else:
            return Page(items, prefixes, None)
        following = successor(prefixes[-1])
        if following is None:
            return Page(items, prefixes, None)
        cursor = (ObjectName(following), Generation(0))


def successor(prefix: str) -> str | None:
    """The smallest name after every name with that prefix; None if there is none."""
    for length in range(len(prefix), 0, -1):
        last = ord(prefix[length - 1])
        if last < sys.maxunicode:
            following = _SURROGATES.stop if last + 1 in _SURROGATES else last + 1
            return prefix[: length - 1] + chr(following)
    return None


def _first(query: Query) -> tuple[ObjectName, Generation]:
    if query.token is not None:
        return _read_token(query.token)
    return ObjectName(max(query.prefix, query.start)), Generation(0)


def _end(query: Query) -> str | None:
    bounds = [bound for bound in (query.end, successor(query.prefix)) if bound]
    return min(bounds) if bounds else None


def _common_prefix(name: str, query: Query) -> str | None:
    if not query.delimiter:
        return None
    cut = name.find(query.delimiter, len(query.prefix))
    return None if cut < 0 else name[: cut + len(query.delimiter)]


def _write_token(row: StoredObject) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((row.name, row.generation))).decode()


def _read_token(token: str) -> tuple[ObjectName, Generation]:
    try:
        name, generation = msgspec.json.decode(base64.urlsafe_b64decode(token), type=tuple[str, int])
    except (ValueError, msgspec.DecodeError) as error:
        raise invalid("Invalid page token.") from error
    return ObjectName(name), Generation(generation)
