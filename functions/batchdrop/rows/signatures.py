"""Which requests may share a batch: Vertex imports one as a table, where each place has one type.

A signature maps JSON path to type, of those places alone whose type may differ between requests that Vertex takes:
what the API leaves free. Most requests have none, so most signatures are empty.
"""

from hashlib import blake2b

import orjson

from batchdrop.rows.importer import NULL

MAX_PATHS = 400
"""A signature lives in its shard's document; one with more paths is kept there as their hash."""

PLAIN: dict[str, str] = {}
"""The signature of a request without anything that the API leaves free, one object for all of them."""

_HASH = "#"


def signature_of(types: dict[str, str]) -> dict[str, str]:
    """Make the signature of a request, of the types found in it."""
    if not types:
        return PLAIN
    if len(types) <= MAX_PATHS:
        return types
    said = orjson.dumps(types, option=orjson.OPT_SORT_KEYS)
    return {_HASH: blake2b(said, digest_size=16).hexdigest()}


def merge(a: dict[str, str], b: dict[str, str]) -> dict[str, str] | None:
    """Join two signatures; None if a place has two types, or if the join outgrows a document."""
    if not b or a is b or b.items() <= a.items():
        return a
    if not a:
        return b
    if _HASH in a or _HASH in b:
        return None
    joined = a | b
    for path in a.keys() & b.keys():
        kind = _joined(a[path], b[path])
        if kind is None:
            return None
        joined[path] = kind
    return joined if len(joined) <= MAX_PATHS else None


def _joined(one: str, other: str) -> str | None:
    """A null goes with everything but an array."""
    kinds = {one, other} - {NULL}
    if len(kinds) > 1 or (one != other and "array" in kinds):
        return None
    return kinds.pop() if kinds else NULL
