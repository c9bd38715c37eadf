"""Sorting a batch's answers by lot, in bounded memory.

Answers come in any order and in several files. What fits the budget is sorted in memory; what does not is
distributed by row range into `work` in one pass, then sorted range by range.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from operator import itemgetter

import msgspec

from batchdrop.domain.batch import Batch
from batchdrop.domain.ids import JobId, RowNumber, ShardIndex, split_row_key
from batchdrop.domain.objects import ObjectInfo
from batchdrop.rows.answers import Answer, UnreadableAnswer, parse_answer
from batchdrop.rows.sidecar import lines_of
from batchdrop.steps.context import Context
from batchdrop.steps.lots import LazyObject

MEMORY_BYTES = 48 * 2**20
"""Answer bytes that are sorted in memory at once."""

ShardName = tuple[JobId, ShardIndex]
Rows = Iterator[tuple[RowNumber, Answer]]


class Seen(msgspec.Struct, frozen=True):
    """How many lines the answer files hold, and how many of them name no row of the batch."""

    lines: int = 0
    strangers: int = 0


class SortedAnswers:
    """Answers of a batch, ready to be read lot by lot in row order."""

    def __init__(self, seen: Seen, ranges: Mapping[ShardName, "list[_Range]"]) -> None:
        self.seen = seen
        self._ranges = ranges

    def of(self, shard: ShardName) -> Rows:
        """Answers to rows of a shard, in row order."""
        for piece in self._ranges.get(shard, []):
            yield from piece.load()


def sort_answers(
    context: Context, batch: Batch, files: Iterable[ObjectInfo], rows: Mapping[ShardName, int]
) -> SortedAnswers:
    """Sort the answers of a batch. `rows` tells how many records each of its shards has.

    Raises:
        ObjectGone: an answer file is not there at the generation it was listed with.
    """
    files = list(files)
    total = sum(file.size for file in files)
    pieces = max(1, -(-total // MEMORY_BYTES))
    if pieces == 1:
        return _in_memory(context, files, rows)
    return _distributed(context, batch, files, rows, pieces)


class _Range:
    """Answers to a range of one shard's rows, in memory or in an object that is read when they are asked for."""

    def __init__(self, shard: ShardName) -> None:
        self.shard = shard
        self._answers: list[tuple[RowNumber, Answer]] = []

    def add(self, row: RowNumber, answer: Answer) -> None:
        self._answers.append((row, answer))

    def load(self) -> Rows:
        return _by_row(self._answers)


class _StoredRange(_Range):
    """A range whose answers lie in `work`."""

    def __init__(self, context: Context, shard: ShardName, lines: LazyObject) -> None:
        super().__init__(shard)
        self._context = context
        self.lines = lines

    def load(self) -> Rows:
        if not self.lines.name:
            return iter(())
        chunks = self._context.objects.read(self._context.settings.work_bucket, self.lines.name)
        return _by_row(_keyed(chunks))


def _in_memory(context: Context, files: list[ObjectInfo], rows: Mapping[ShardName, int]) -> SortedAnswers:
    ranges = {shard: _Range(shard) for shard in rows}
    lines = strangers = 0
    for line in _lines(context, files):
        lines += 1
        answer = parse_answer(line)
        place = _place(answer, rows)
        if place is None or isinstance(answer, UnreadableAnswer):
            strangers += 1
            continue
        ranges[place[0]].add(place[1], answer)
    return SortedAnswers(Seen(lines, strangers), {shard: [found] for shard, found in ranges.items()})


def _distributed(
    context: Context, batch: Batch, files: list[ObjectInfo], rows: Mapping[ShardName, int], pieces: int
) -> SortedAnswers:
    folder = f"batches/{batch.id}/answers/{context.tokens.fresh()}"
    starts = _starts(rows, pieces)
    lines = strangers = 0
    with ExitStack() as stack:
        ranges = {
            shard: [
                _StoredRange(
                    context, shard, LazyObject(context, stack, f"{folder}/{shard[0]}-{shard[1]}-{start}.jsonl")
                )
                for start in found
            ]
            for shard, found in starts.items()
        }
        for line in _lines(context, files):
            lines += 1
            place = _place(parse_answer(line), rows)
            if place is None:
                strangers += 1
                continue
            shard, row = place
            ranges[shard][bisect_right(starts[shard], row) - 1].lines.write(line + b"\n")
    return SortedAnswers(Seen(lines, strangers), {shard: list(found) for shard, found in ranges.items()})


def _starts(rows: Mapping[ShardName, int], pieces: int) -> dict[ShardName, list[int]]:
    """First rows of each shard's ranges, so that together there are about `pieces`, at least one a shard."""
    a_piece = max(1, -(-sum(rows.values()) // pieces))
    return {shard: list(range(0, max(count, 1), a_piece)) for shard, count in rows.items()}


def _lines(context: Context, files: list[ObjectInfo]) -> Iterator[bytes]:
    for file in files:
        yield from lines_of(context.objects.read(file.bucket, file.name, file.generation))


def _place(answer: Answer | UnreadableAnswer, rows: Mapping[ShardName, int]) -> tuple[ShardName, RowNumber] | None:
    found = None if isinstance(answer, UnreadableAnswer) else split_row_key(answer.key)
    if found is None:
        return None
    job, shard, row = found
    return ((job, shard), row) if row < rows.get((job, shard), 0) else None


def _keyed(chunks: Iterable[bytes]) -> list[tuple[RowNumber, Answer]]:
    keyed = []
    for line in lines_of(chunks):
        answer = parse_answer(line)
        found = None if isinstance(answer, UnreadableAnswer) else split_row_key(answer.key)
        if found is not None and not isinstance(answer, UnreadableAnswer):
            keyed.append((found[2], answer))
    return keyed


def _by_row(keyed: Iterable[tuple[RowNumber, Answer]]) -> Rows:
    return iter(sorted(keyed, key=itemgetter(0)))
