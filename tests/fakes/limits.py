"""Firestore's limits (docs: firestore/quotas, firestore/native/docs/storage-size), and a check against them."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from batchdrop.cloud.codec import Plain

COMMIT_WRITES = 500
COMMIT_BYTES = 10 * 1024 * 1024
DOCUMENT_BYTES = 1024 * 1024
AGGREGATIONS = 5

_RESERVED = re.compile(r"__.*__", re.DOTALL)
_MAP_BYTES = 32


class OverLimit(Exception):
    """The cloud would refuse this write with INVALID_ARGUMENT, however often it is tried."""


def check_commit(written: Mapping[str, Mapping[str, Plain] | None], writes: int) -> None:
    """Raise OverLimit unless all documents, None for deletions, could be written in one commit."""
    if writes > COMMIT_WRITES:
        raise OverLimit(f"{writes} writes in one commit; {COMMIT_WRITES} are allowed")
    if len(written) < writes:
        raise OverLimit("One commit writes a document twice")
    sizes = {path: _document_size(path, fields) for path, fields in written.items()}
    if sum(sizes.values()) > COMMIT_BYTES:
        raise OverLimit(f"{sum(sizes.values())} bytes in one commit; {COMMIT_BYTES} are allowed")
    for path, size in sizes.items():
        segments = path.split("/")
        if len(segments) % 2 or any(not part or part in {".", ".."} or _RESERVED.fullmatch(part) for part in segments):
            raise OverLimit(f"{path!r} is no path of a document")
        if size > DOCUMENT_BYTES:
            raise OverLimit(f"{path} has {size} bytes; {DOCUMENT_BYTES} are allowed")


def check_sums(fields: Sequence[str]) -> None:
    """Raise unless so many fields can be summed beside a count (docs: query-data/aggregation-queries)."""
    if len(fields) >= AGGREGATIONS:
        raise ValueError(f"{len(fields)} fields to sum; {AGGREGATIONS - 1} are allowed")


def _document_size(path: str, fields: Mapping[str, Plain] | None) -> int:
    name = 16 + sum(len(segment.encode()) + 1 for segment in path.split("/"))
    return name if fields is None else name + _MAP_BYTES + _map_size(fields)


def _map_size(fields: Mapping[str, Plain]) -> int:
    size = 0
    for name, value in fields.items():
        if not name or (name.startswith("__") and _RESERVED.fullmatch(name)):
            raise OverLimit(f"A map has the key {name!r}, which Firestore does not take")
        size += len(name.encode()) + 1 + _size(value)
    return size


def _size(value: Plain) -> int:
    match value:
        case None | bool():
            return 1
        case int() | float() | datetime():
            return 8
        case str():
            return len(value.encode()) + 1
        case list():
            return _array_size(value)
        case dict():
            return _MAP_BYTES + _map_size(value)


def _array_size(values: Sequence[Plain]) -> int:
    if any(isinstance(value, list) for value in values):
        raise OverLimit("An array holds an array, which Firestore does not take")
    return sum(_size(value) for value in values)
