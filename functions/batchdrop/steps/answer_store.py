"""Answers on their way into row order, in bounded memory. A place is a number that orders all rows of a batch.

What fits the budget is sorted in memory. Beyond it, sorted runs are written to `work`, one after the other, and later
the same range of rows is read of each run: ranges are cut so that each fits the budget again, whatever the answers'
sizes. So an answer is written and read once at any size, and never is more than one object open for writing.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import accumulate, chain, repeat
from operator import sub
from typing import cast

import msgspec

from batchdrop.domain.ids import RowNumber
from batchdrop.rows.answers import Answer
from batchdrop.rows.collate import Pair
from batchdrop.steps.context import Context
from batchdrop.steps.lots import BLOCK_BYTES, LazyObject

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode
_PER_ANSWER = 112
"""What an answer takes besides its bytes: an object, its places in lists, a number in the order."""
_NO_PLACE = 2**62


class _Run(msgspec.Struct, frozen=True):
    """A sorted stretch of the answers, one behind the other in an object of `work`.

    Answer `i` is for `places[i]` and lies from `offsets[i]` to before `offsets[i + 1]`.
    """

    name: str
    places: "array[int]"
    offsets: "array[int]"

    def before(self, place: int) -> int:
        """Bytes of answers for lower places."""
        return self.offsets[bisect_left(self.places, place)]


class _Shelf:
    """Answers in memory, as they came, and the order that their places give."""

    def __init__(self, places: "array[int]", answers: list[bytes]) -> None:
        self._places = places
        self._answers = answers
        self._order = sorted(range(len(places)), key=places.__getitem__)

    def between(self, first: int, end: int) -> Iterator[Pair]:
        """As that of the store. No step is taken in Python: this is done for every answer."""
        place_of = self._places.__getitem__
        begin = bisect_left(self._order, first, key=place_of)
        stop = bisect_left(self._order, end, key=place_of)
        order = self._order[begin:stop]
        rows = map(sub, map(place_of, order), repeat(first))
        answers = map(_decode, map(self._answers.__getitem__, order))
        return zip(cast("Iterator[RowNumber]", rows), answers, strict=True)

    def write(self, target: LazyObject) -> _Run:
        """Write all answers in order. No step is taken in Python for each, as above."""
        places = array("q", map(self._places.__getitem__, self._order))
        answers = list(map(self._answers.__getitem__, self._order))
        offsets = array("q", accumulate(map(len, answers), initial=0))
        begin = 0
        while begin < len(answers):
            end = max(begin + 1, bisect_right(offsets, offsets[begin] + BLOCK_BYTES) - 1)
            target.write(b"".join(answers[begin:end]))
            begin = end
        return _Run(target.name, places, offsets)


def _taken_apart(chunks: Iterable[bytes], sizes: Iterable[int]) -> Iterator[bytes]:
    """Cut a stream into pieces of these sizes."""
    source, held, at = iter(chunks), b"", 0
    for size in sizes:
        while len(held) - at < size:
            held, at = held[at:] + next(source), 0
        yield held[at : at + size]
        at += size


class AnswerStore:
    """Takes answers in any order; after `finish` gives them in order of their places, any stretch and often.

    `folder` is where runs go, and must carry the id of the run of the step.
    """

    def __init__(self, context: Context, folder: str) -> None:
        self._context = context
        self._folder = folder
        self._memory = context.settings.answer_bytes
        self._room = self._memory
        self._places = array("q")
        self._answers: list[bytes] = []
        self._runs: list[_Run] = []
        self._starts: list[int] = []
        self._shelf = _Shelf(array("q"), [])
        self._range = -1

    def add(self, place: int, answer: Answer) -> None:
        """Take an answer."""
        packed = _encode(answer)
        self._answers.append(packed)
        self._places.append(place)
        self._room -= len(packed) + _PER_ANSWER
        if self._room < 0:
            self._spill()

    def finish(self) -> None:
        """Bring what was added into order."""
        if not self._runs:
            self._shelf = _Shelf(self._places, self._answers)
            return
        self._spill()
        self._starts = _cut(self._runs, self._memory)

    def between(self, first: int, end: int) -> Iterator[Pair]:
        """Answers whose place is `first` or above, and below `end`; their rows count from there."""
        if not self._runs:
            return self._shelf.between(first, end)
        ranges = range(max(bisect_right(self._starts, first) - 1, 0), bisect_left(self._starts, end))
        return chain.from_iterable(self._load(number).between(first, end) for number in ranges)

    def _spill(self) -> None:
        with ExitStack() as stack:
            target = LazyObject(self._context, stack, f"{self._folder}/run-{len(self._runs)}")
            run = _Shelf(self._places, self._answers).write(target)
        self._runs += [run] if run.name else []
        self._room, self._places, self._answers = self._memory, array("q"), []

    def _load(self, number: int) -> _Shelf:
        """Read a range; it stays in memory until the next, for shards smaller than that."""
        if self._range != number:
            self._shelf = _Shelf(array("q"), [])
            first, end = [*self._starts, _NO_PLACE][number : number + 2]
            places, answers = array("q"), list[bytes]()
            for run in self._runs:
                begin, stop = bisect_left(run.places, first), bisect_left(run.places, end)
                places.extend(run.places[begin:stop])
                sizes = map(sub, run.offsets[begin + 1 : stop + 1], run.offsets[begin:stop])
                answers += _taken_apart(self._read(run, first, end), sizes)
            self._shelf = _Shelf(places, answers)
            self._range = number
        return self._shelf

    def _read(self, run: _Run, first: int, end: int) -> Iterator[bytes]:
        start, stop = run.before(first), run.before(end)
        if start < stop:
            yield from self._context.objects.read(self._context.settings.work_bucket, run.name, None, start, stop)


def _cut(runs: list[_Run], memory: int) -> list[int]:
    """First places of ranges, none of which takes more than `memory` unless a single place does."""
    starts = [0]
    end = 1 + max(run.places[-1] for run in runs)
    while (start := _end_of_range(runs, starts[-1], end, memory)) < end:
        starts.append(start)
    return starts


def _end_of_range(runs: list[_Run], first: int, end: int, memory: int) -> int:
    most = memory + _size_before(runs, first)
    fits, too_far = first + 1, end + 1
    while too_far - fits > 1:
        middle = (fits + too_far) // 2
        if _size_before(runs, middle) <= most:
            fits = middle
        else:
            too_far = middle
    return fits


def _size_before(runs: list[_Run], place: int) -> int:
    return sum(run.before(place) + _PER_ANSWER * bisect_left(run.places, place) for run in runs)
