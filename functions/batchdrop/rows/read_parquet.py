"""The rows of some row groups of a Parquet file, streamed in record batches.

This module imports pyarrow; import it only where there is a Parquet file.
"""

from collections.abc import Iterator
from itertools import chain

import msgspec
import pyarrow as pa

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.limits import KIB, MIB, REQUEST_BYTES
from batchdrop.domain.shard import RowGroups
from batchdrop.rows.arrow_values import to_json
from batchdrop.rows.makers import object_maker
from batchdrop.rows.parquet import HOLD_BYTES, ParquetInput
from batchdrop.rows.parquet_dictionaries import weigh, with_dictionaries
from batchdrop.rows.parquet_pages import SMALLER_PAGES, page_too_large, start_of, too_large_page
from batchdrop.rows.parse import read_problem, too_large
from batchdrop.rows.values import BadRow, Problem, Row

_BATCH_BYTES = 4 * MIB
_MOST_BYTES = 16 * MIB
"""What a batch may take if each of its rows has the longest texts of all."""
_BATCH_ROWS = 1024
_TRIED_ROWS = 4
_WINDOW_BYTES = range(64 * KIB, 4 * MIB)

_ENCODER = msgspec.json.Encoder()


class GroupRows:
    """Iterates once over the rows of the row groups; a row's `line` is its number in them, from 1.

    Rows of a group that is damaged are bad rows, as many as the footer promises. `rows` and `lines` count what was
    read so far.
    """

    def __init__(self, source: ParquetInput, slice_: RowGroups) -> None:
        self.rows = 0
        self._input = source
        self._groups = range(slice_.first, slice_.end)
        self._held_to = 0
        self._row_bytes = 1
        self._folded = with_dictionaries(source)
        self._columns = tuple(source.file.schema_arrow.names)

    @property
    def lines(self) -> int:
        """Each row stands for a line: errors name it by its number."""
        return self.rows

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read on."""
        return chain.from_iterable(chain.from_iterable(map(self._group, self._groups)))

    def _group(self, group: int) -> Iterator[Iterator[Row | BadRow]]:
        end = self.rows + self._input.metadata.row_group(group).num_rows
        large = too_large_page(self._input.source, self._input.metadata.row_group(group))
        if large is not None:
            yield (self._bad(b"", _page_too_large(*large)) for _ in range(self.rows, end))
            return
        if group >= self._held_to:
            self._held_to = self._come_near(group)
        batches = self._batches(group, self._batch_rows(group))
        while (batch := self._next(batches)) is not None:
            self._row_bytes = max(self._row_bytes, batch.nbytes // max(batch.num_rows, 1))
            yield self._batch(batch)
        yield (self._bad(b"", _damaged(group)) for _ in range(self.rows, end))

    def _batches(self, group: int, rows: int) -> Iterator[pa.RecordBatch]:
        return self._input.file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False)

    def _next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        """The next batch; None at the end, and where the file is damaged."""
        try:
            return next(batches, None)
        except (pa.ArrowException, OSError, ValueError) as error:
            if self._input.source.failure is not None:
                raise self._input.source.failure from error
            return None

    def _come_near(self, group: int) -> int:
        """Fetch a group, and those after it as far as they fit; or let a large one be read in windows, one a column.

        Returns:
            The number of the first group that is not fetched.
        """
        start, end = self._span(group)
        last = group + 1
        while last < self._groups.stop and start <= self._span(last)[0] and self._span(last)[1] - start <= HOLD_BYTES:
            end = max(end, self._span(last)[1])
            last += 1
        if 0 < end - start <= HOLD_BYTES:
            self._input.source.hold(start, end)
        else:
            places = self._input.metadata.num_columns + 1
            window = max(_WINDOW_BYTES.start, min(HOLD_BYTES // places, _WINDOW_BYTES.stop))
            self._input.source.follow(min(places, 2 * HOLD_BYTES // window), window)
        return last

    def _span(self, group: int) -> tuple[int, int]:
        """Where a group's bytes lie, as the footer says."""
        metadata = self._input.metadata.row_group(group)
        columns = [metadata.column(index) for index in range(metadata.num_columns)]
        starts = [start_of(column) for column in columns]
        ends = [start + column.total_compressed_size for start, column in zip(starts, columns, strict=True)]
        return max(min(starts), 0), min(max(ends), self._input.source.size())

    def _batch_rows(self, group: int) -> int:
        """How many rows to take at once: what takes little memory when it is unfolded."""
        metadata = self._input.metadata.row_group(group)
        if metadata.num_rows <= _BATCH_ROWS and metadata.num_rows * metadata.total_byte_size <= _MOST_BYTES:
            return _BATCH_ROWS
        tried = self._next(self._folded.iter_batches(batch_size=_TRIED_ROWS, row_groups=[group], use_threads=False))
        if tried is None:
            return _TRIED_ROWS
        usual, longest = weigh(tried)
        self._row_bytes = max(self._row_bytes, usual, metadata.total_byte_size // metadata.num_rows)
        return max(1, min(_BATCH_BYTES // self._row_bytes, _MOST_BYTES // max(longest, 1), _BATCH_ROWS))

    def _batch(self, batch: pa.RecordBatch) -> Iterator[Row | BadRow]:
        try:
            columns = [to_json(column) for column in batch.columns]
        except (pa.ArrowException, ValueError):
            for index in range(batch.num_rows):
                yield self._by_itself(batch.slice(index, 1))
            return
        make = object_maker(self._columns)
        for cells in zip(*columns, strict=True):
            yield self._good(make(cells))

    def _by_itself(self, record: pa.RecordBatch) -> Row | BadRow:
        """A record of a batch in which a value cannot be read."""
        value: dict[str, object] = dict.fromkeys(self._columns)
        bad: Problem | None = None
        for name, column in zip(self._columns, record.columns, strict=True):
            try:
                value[name] = to_json(column)[0]
            except (pa.ArrowException, ValueError) as error:
                bad = bad or _unreadable(name, is_text=isinstance(error, UnicodeDecodeError))
        return self._good(value) if bad is None else self._bad(_ENCODER.encode(value), bad)

    def _good(self, value: dict[str, object]) -> Row | BadRow:
        raw = _ENCODER.encode(value)
        if len(raw) > REQUEST_BYTES:
            return self._bad(b"", too_large())
        row = RowNumber(self.rows)
        self.rows += 1
        return Row(row=row, line=self.rows, raw=raw, value=value)

    def _bad(self, raw: bytes, problem: Problem) -> BadRow:
        row = RowNumber(self.rows)
        self.rows += 1
        return BadRow(row=row, line=self.rows, raw=raw, problem=problem)


def _page_too_large(column: str, size: int) -> Problem:
    message = page_too_large(column, size)
    return msgspec.structs.replace(read_problem("PAGE_TOO_LARGE", message, SMALLER_PAGES), path=column)


def _damaged(group: int) -> Problem:
    message = f"Row group {group} of the file is damaged: this row of it, and those that follow in it, cannot be read."
    return read_problem("UNREADABLE", message, "Test your copy; if it is sound, upload it again.")


def _unreadable(column: str, *, is_text: bool) -> Problem:
    if is_text:
        hint = "Write the column as UTF-8, or as binary, which comes as base64."
        problem = read_problem("INVALID_UTF8", "A text is not UTF-8.", hint)
    else:
        problem = read_problem("UNREADABLE", "A value cannot be written as JSON.", "Write the column as text.")
    return msgspec.structs.replace(problem, path=column)
