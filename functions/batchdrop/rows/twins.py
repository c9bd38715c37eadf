"""Rows that ask the same: the first of them is sent, and its answer is the others' too."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

import orjson

from batchdrop.domain.ids import RowKey, RowNumber
from batchdrop.domain.job import Options
from batchdrop.rows.mould import BEGIN
from batchdrop.rows.prompt import Prompt
from batchdrop.rows.values import SideRow

_GENERATION = 32_768
"""Requests that are remembered for certain; twice as many at most, which take some 13 MB."""
_ROW_BITS = 32
_TEMPERATURE = b'"temperature"'

T = TypeVar("T")


class Twins(Generic[T]):
    """Remembers the latest different requests, each with the row that made it and where that is kept.

    A request is known by a hash of 64 bits of all its bytes. Should two requests ever share one, the fingerprints of
    their texts tell them apart when the answer comes.
    """

    def __init__(self, *, every: bool) -> None:
        """Look at every request, or only at those with a temperature of 0."""
        self._every = every
        self._young: dict[int, tuple[RowNumber, T]] = {}
        self._old: dict[int, tuple[RowNumber, T]] = {}

    def look(self, key: RowKey, line: bytes) -> tuple[int, tuple[RowNumber, T] | None]:
        """Tell what a request line is known by, 0 if it must not be shared; and who made the same request before."""
        if not self._every and _TEMPERATURE not in line:
            return 0, None
        known_by = hash(line[len(BEGIN) + len(key) :])
        first = self._young.get(known_by)
        if first is None:
            first = self._old.get(known_by)
            if first is None:
                return known_by, None
            self.note(known_by, first)
        return (known_by, first) if self._every or is_settled(line) else (0, None)

    def note(self, known_by: int, first: tuple[RowNumber, T]) -> None:
        """Remember who made a request."""
        if len(self._young) >= _GENERATION:
            self._old, self._young = self._young, {}
        self._young[known_by] = first


def pairs_of(sides: Iterable[SideRow]) -> "array[int]":
    """What is to be known of the twins among some rows, to find those of a row: eight bytes each."""
    pairs = array("Q", (side.twin_of << _ROW_BITS | side.row for side in sides if side.twin_of is not None))
    return array("Q", sorted(pairs))


def twins_in(pairs: "array[int]", row: int) -> Iterator[int]:
    """The twins of a row, in order."""
    for place in range(bisect_left(pairs, row << _ROW_BITS), len(pairs)):
        first, twin = divmod(pairs[place], 1 << _ROW_BITS)
        if first != row:
            return
        yield twin


def twins_of(options: Options, prompt: Prompt | None) -> Twins[Any] | None:
    """What a job remembers of its requests; None if each of them is sent. `prompt` is None where rows are requests."""
    wanted = options.dedupe
    if wanted is None and prompt is not None:
        wanted = _is_cold(prompt.rest)
    return None if wanted is False else Twins(every=wanted is True)


def is_settled(line: bytes) -> bool:
    """Tell whether a request line asks for an answer without chance."""
    return _is_cold(orjson.loads(line)["request"])


def _is_cold(request: dict[str, Any]) -> bool:
    config = request.get("generationConfig") or request.get("generation_config") or {}
    return bool(config.get("temperature") == 0)
