"""Bringing the answers of a batch to their rows: by key, and where a key came back damaged by what was asked."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import msgspec

from batchdrop.domain.batch import Batch
from batchdrop.domain.ids import JobId, ShardIndex
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.shard import Lot
from batchdrop.rows.answers import Answer, parse_line, with_response
from batchdrop.rows.collate import Pair
from batchdrop.rows.sidecar import views_of
from batchdrop.rows.twins import pairs_of, twins_in
from batchdrop.steps.answer_store import AnswerStore
from batchdrop.steps.asked import Asked
from batchdrop.steps.context import Context
from batchdrop.steps.lot_rows import sides_of

ShardName = tuple[JobId, ShardIndex]

_MOST_DIGITS = 10


class Wanted(msgspec.Struct, frozen=True):
    """A shard whose answers are asked for: how many records it has, and whether responses are kept whole.

    `twins` are its lots, of those that the batch carries, in which rows share answers.
    """

    rows: int
    native: bool
    twins: tuple[Lot, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """How many lines the answer files hold, and how many of them are for no row of the batch."""

    lines: int = 0
    strangers: int = 0


class _Span(msgspec.Struct, frozen=True):
    """The places of a shard's rows. One that is not wanted has none. `twins` tells which rows share an answer."""

    first: int
    rows: int
    native: bool
    twins: "array[int]" = array("Q")


class SortedAnswers:
    """Answers of a batch, ready to be read shard by shard in row order, and as often as needed."""

    def __init__(self, seen: Seen, store: AnswerStore, spans: Mapping[str, _Span]) -> None:
        self.seen = seen
        self._store = store
        self._spans = spans

    def of(self, shard: ShardName) -> Iterator[Pair]:
        """Answers to rows of a shard, in row order."""
        span = self._spans[_prefix(shard)]
        return self._store.between(span.first, span.first + span.rows)


def sort_answers(
    context: Context,
    batch: Batch,
    shards: Mapping[ShardName, Wanted],
    asked: Asked,
) -> SortedAnswers:
    """Sort the answers of a batch to the rows of the shards given; those of its other shards are passed over.

    Raises:
        ObjectGone: an answer file is not there at the generation it was listed with.
    """
    spans = _spans(context, batch, shards)
    store = AnswerStore(context, f"batches/{batch.id}/answers/{context.tokens.fresh()}")
    files = batch.ending.files if batch.ending is not None else ()
    sorter = _Sorter(context, files, spans, store)
    seen = sorter.by_key()
    if sorter.unplaced:
        found = sorter.by_echo(asked.keys_of(frozenset(sorter.unplaced)))
        seen = Seen(seen.lines, seen.strangers - found)
    store.finish()
    return SortedAnswers(seen, store, spans)


class _Sorter:
    """Reads the answer files; `unplaced` has the fingerprints of lines whose key is of no use."""

    def __init__(
        self, context: Context, files: Sequence[ObjectInfo], spans: Mapping[str, _Span], store: AnswerStore
    ) -> None:
        self._context = context
        self._files = files
        self._spans = spans
        self._store = store
        self.unplaced: set[str] = set()

    def by_key(self) -> Seen:
        """Take every line that has a key of the batch."""
        lines = strangers = 0
        place, add = self._place, self._store.add
        for line in self._lines():
            lines += 1
            found = parse_line(line)
            if found is None:
                blank = bytes(line).isspace()
                lines, strangers = lines - blank, strangers + (not blank)
                continue
            key, answer = found
            span, row = place(key)
            if span is None:
                strangers += 1
                self.unplaced.update([answer.fingerprint] if answer.fingerprint else ())
            elif span.rows:
                whole = with_response(answer, line) if span.native else answer
                add(span.first + row, whole)
                if span.twins:
                    self._share(span, row, whole)
        return Seen(lines, strangers)

    def by_echo(self, keys: Mapping[str, str]) -> int:
        """Take the lines whose key is of no use, but whose echo is one row's alone; tells how many."""
        taken = 0
        for line in self._lines() if keys else ():
            found = parse_line(line)
            if found is None or found[1].fingerprint not in keys or self._place(found[0])[0] is not None:
                continue
            answer = msgspec.structs.replace(found[1], rekeyed=True)
            span, row = self._place(keys[answer.fingerprint])
            if span is not None and span.rows:
                whole = with_response(answer, line) if span.native else answer
                self._store.add(span.first + row, whole)
                self._share(span, row, whole)
            taken += span is not None
        return taken

    def _share(self, span: _Span, row: int, answer: Answer) -> None:
        """Give an answer to the twins of its row too: from here on they are rows as all others."""
        for twin in twins_in(span.twins, row):
            self._store.add(span.first + twin, answer)

    def _place(self, key: str) -> tuple[_Span | None, int]:
        """The shard and the row of a key; no shard if no row of the batch has it."""
        prefix, _, row = key.rpartition(".")
        span = self._spans.get(prefix)
        if span is None or not row.isdecimal() or len(row) > _MOST_DIGITS:
            return None, 0
        number = int(row)
        return (span, number) if number < span.rows or not span.rows else (None, 0)

    def _lines(self) -> Iterator[bytes | memoryview]:
        return chain.from_iterable(map(self._lines_in, self._files))

    def _lines_in(self, file: ObjectInfo) -> Iterator[bytes | memoryview]:
        return views_of(self._context.objects.read(file.bucket, file.name, file.generation))


def _spans(context: Context, batch: Batch, shards: Mapping[ShardName, Wanted]) -> dict[str, _Span]:
    spans = {_prefix((lot.job, lot.shard)): _Span(0, 0, native=False) for lot in batch.lots}
    first = 0
    for name in sorted(shards):
        wanted = shards[name]
        twins = pairs_of(sides_of(context, wanted.twins)) if wanted.twins else array("Q")
        spans[_prefix(name)] = _Span(first, wanted.rows, wanted.native, twins)
        first += wanted.rows
    return spans


def _prefix(shard: ShardName) -> str:
    return f"{shard[0]}.{shard[1]}"
