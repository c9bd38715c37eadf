"""Reading the rows of a shard, whatever its slice is made of."""

from collections.abc import Iterator
from typing import Protocol, assert_never

import msgspec

from batchdrop.domain.job import Job, Layout
from batchdrop.domain.shard import ByteSlice, RowGroups, Shard, StoredSlice
from batchdrop.rows.read import SliceReader, read_from, read_to
from batchdrop.rows.values import BadRow, Row
from batchdrop.steps.context import Files
from batchdrop.steps.inputs import open_parquet


class Rows(Protocol):
    """The rows of a slice, once. `rows` and `lines` count what was read so far, bad rows and blank lines included."""

    @property
    def rows(self) -> int:
        """Rows."""

    @property
    def lines(self) -> int:
        """Physical lines, or rows where rows are no lines."""

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read on."""


def rows_of(context: Files, job: Job, shard: Shard) -> Rows:
    """Read the rows of a shard. Nothing is read before the first is asked for, but the footer of a Parquet file.

    Iterating may raise ObjectGone, and Transient if bytes are missing.
    """
    layout = job.layout
    if layout is None:
        raise AssertionError("a planned job has a layout")
    match shard.slice:
        case ByteSlice():
            return _of_input(context, job, layout, shard.slice)
        case StoredSlice():
            return _of_work(context, layout, shard.slice)
        case RowGroups():
            from batchdrop.rows.read_parquet import GroupRows  # noqa: PLC0415  # pyarrow is for Parquet files only

            return GroupRows(open_parquet(context, job), shard.slice)
        case _:
            assert_never(shard.slice)


def _of_input(context: Files, job: Job, layout: Layout, slice_: ByteSlice) -> Rows:
    source = job.input
    start, end = read_from(slice_, layout), read_to(slice_, layout)
    chunks = context.objects.read(source.bucket, source.name, source.generation, start, end)
    return SliceReader(chunks, layout, slice_, source.size)


def _of_work(context: Files, layout: Layout, slice_: StoredSlice) -> Rows:
    """A stored slice is a file of records without any head."""
    chunks = context.objects.read(context.settings.work_bucket, slice_.name)
    body = msgspec.structs.replace(layout, body=0)
    return SliceReader(chunks, body, ByteSlice(0, slice_.size), slice_.size)
