"""The two range headers: which part of an upload a request carries, which part of an object is asked for."""

import re
from typing import TypeAlias

import msgspec

from infra.local.storage.errors import invalid, range_not_satisfiable

_CONTENT_RANGE = re.compile(r"bytes (?:(\*)|(\d+)-(\d+|\*))/(\d+|\*)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Whole(msgspec.Struct, frozen=True):
    """The request carries everything that is still to come."""


class Status(msgspec.Struct, frozen=True):
    """The request carries nothing: it asks how far the upload is, or says how long it was."""

    total: int | None


class Piece(msgspec.Struct, frozen=True):
    """The request carries the bytes from `start` up to but not including `stop`, if that is known."""

    start: int
    stop: int | None
    total: int | None

    @property
    def is_last(self) -> bool:
        """Whether the upload ends with this piece."""
        return self.total is not None and (self.stop is None or self.stop == self.total)


Part: TypeAlias = Whole | Status | Piece


def content_range(header: str | None) -> Part:
    """Read the `Content-Range` of an upload request; 400 if it makes no sense."""
    if header is None:
        return Whole()
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise invalid("The Content-Range header is not valid.")
    star, first, last, size = match.groups()
    total = None if size == "*" else int(size)
    if star:
        return Status(total)
    start, stop = int(first), None if last == "*" else int(last) + 1
    if stop is not None and (stop <= start or (total is not None and stop > total)):
        raise invalid("The Content-Range header is not valid.")
    return Piece(start, stop, total)


def byte_range(header: str | None, size: int) -> range | None:
    """The bytes that a `Range` header selects; None for all, also if the header is not understood."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    else:
        start, stop = max(size - int(last), 0), size
    if start >= stop:
        raise range_not_satisfiable(size)
    return range(start, stop)
