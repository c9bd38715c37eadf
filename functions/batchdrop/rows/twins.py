"""Rows that ask the same: the first of them is sent, and its answer is the others' too."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from batchdrop.domain.ids import LotNumber, RowKey, RowNumber
from batchdrop.domain.job import Options
from batchdrop.rows.mould import BEGIN
from batchdrop.rows.prompt import Prompt
from batchdrop.rows.values import SideRow

_GENERATION = 32_768
"""Requests that are remembered for certain; twice as many at most, which take some 10 MB."""
_ENOUGH = 8_192
"""After so many requests, none of which shared its answer or might have, no more are looked at."""
_LOT_BITS = 20
_ROW_BITS = 32
_TEMPERATURE = b'"temperature"'
_NOUGHT = re.compile(rb'"temperature"\s*:\s*-?0(?:\.0*)?\s*[,}]').match
_BEGIN = len(BEGIN)


class Place(NamedTuple):
    """Where a request was made: its row, and the lot that asks it."""

    row: RowNumber
    lot: LotNumber


class Twins:
    """Remembers the latest different requests, each with its place.

    A request is known by a hash of 64 bits of all its bytes. Should two requests ever share one, the fingerprints of
    their texts tell them apart when the answer comes. `gave_up`: none of the first so many was a twin of another, or
    could be, so it does not pay to look at more.
    """

    def __init__(self, *, every: bool, patient: bool) -> None:
        """Look at every request, or only at those with a temperature of 0; if `patient`, to the end."""
        self.gave_up = False
        self._every = every
        self._patient = patient
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._left_to_chance = 0

    def known_by(self, key: RowKey, line: bytes) -> int:
        """What a request line is known by; 0 if its answer must not be shared."""
        if self._every or ((at := line.find(_TEMPERATURE)) >= 0 and _NOUGHT(line, at)):
            return hash(line[_BEGIN + len(key) :])
        self._left_to_chance += 1
        if self._left_to_chance > _ENOUGH and not self._young:
            self.gave_up = not self._patient
        return 0

    def first(self, known_by: int, line: bytes) -> Place | None:
        """Where the same request was made before."""
        found = self._young.get(known_by)
        if found is None:
            found = self._old.get(known_by)
            if found is None:
                return None
            self._keep(known_by, found)
        if not (self._every or is_settled(line)):
            return None
        self._patient = True
        return Place(RowNumber(found >> _LOT_BITS), LotNumber(found & ~(-1 << _LOT_BITS)))

    def note(self, known_by: int, row: RowNumber, lot: LotNumber) -> None:
        """Remember where a request is made."""
        if lot >> _LOT_BITS == 0:
            self._keep(known_by, row << _LOT_BITS | lot)

    def _keep(self, known_by: int, place: int) -> None:
        if len(self._young) >= _ENOUGH:
            self.gave_up = not self._patient
        if len(self._young) >= _GENERATION:
            self._old, self._young = self._young, {}
        self._young[known_by] = place


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


def twins_of(options: Options, prompt: Prompt | None) -> Twins | None:
    """What a job remembers of its requests; None if each of them is sent. `prompt` is None where rows are requests."""
    wanted = options.dedupe
    if wanted is None and prompt is not None:
        wanted = _is_cold(prompt.rest)
    if wanted is False:
        return None
    return Twins(every=wanted is True, patient=options.dedupe is True)


def is_settled(line: bytes) -> bool:
    """Tell whether a request line asks for an answer without chance."""
    return _is_cold(orjson.loads(line)["request"])


def _is_cold(request: dict[str, Any]) -> bool:
    config = request.get("generationConfig") or request.get("generation_config") or {}
    return bool(config.get("temperature") == 0)
