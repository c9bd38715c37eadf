"""Looking at an input, and cutting it into the slices of shards."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, assert_never

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.job import Compression, InputFormat, Job, Layout, Options, Unpacked
from batchdrop.domain.naming import PARQUET_SUFFIX, data_suffix
from batchdrop.domain.shard import Slice, StoredSlice
from batchdrop.rows.cuts import cut_csv, cut_groups, cut_jsonl
from batchdrop.rows.head import look
from batchdrop.rows.sidecar import lines_of
from batchdrop.steps.context import Files

if TYPE_CHECKING:
    from batchdrop.rows.parquet import ParquetInput

_STORED = msgspec.json.Decoder(StoredSlice)


class Wave(msgspec.Struct, frozen=True):
    """The next slices of an input; `position` is the cursor's behind them, `done` that they are the last."""

    slices: tuple[Slice, ...]
    position: int
    done: bool


def look_at(context: Files, job: Job, options: Options) -> Layout:
    """Tell how an input's rows are written. A compressed Parquet file must be unpacked before.

    Raises:
        Refused: it cannot be worked with.
        ObjectGone: it was deleted.
    """
    info = job.input
    if data_suffix(info.name) == PARQUET_SUFFIX:
        return open_parquet(context, job).layout()
    return look(context.objects.read(info.bucket, info.name, info.generation), info.name, options)


def open_parquet(context: Files, job: Job) -> "ParquetInput":
    """Open a Parquet input for reading ranges of it.

    Raises:
        Refused: it is none that we take.
        ObjectGone: it was deleted.
    """
    from batchdrop.rows.parquet import ParquetInput  # noqa: PLC0415  # pyarrow is for Parquet files only

    info, plain = job.input, job.cursor.plain
    if plain is None:
        bucket, name, generation, size = info.bucket, info.name, info.generation, info.size
    else:
        bucket, name, generation, size = context.settings.work_bucket, plain.name, None, plain.size

    def read(start: int, end: int) -> Iterator[bytes]:
        return context.objects.read(bucket, name, generation, start, end)

    return ParquetInput(read, size, info.name)


def next_wave(context: Files, job: Job) -> Wave:
    """Cut the next slices, at most as many as one commit takes. A compressed input must be unpacked before.

    Raises:
        ObjectGone: it was deleted.
    """
    layout = job.layout
    if layout is None:
        raise AssertionError("cut before the head was read")
    if layout.compression is not Compression.NONE:
        return _stored_wave(context, job)
    match layout.format:
        case InputFormat.PARQUET:
            return _group_wave(context, job)
        case InputFormat.CSV | InputFormat.JSONL | InputFormat.VERTEX_JSONL:
            return _byte_wave(context, job, layout)
        case _:
            assert_never(layout.format)


def _byte_wave(context: Files, job: Job, layout: Layout) -> Wave:
    info = job.input
    start, shard_bytes = max(job.cursor.position, layout.body), context.settings.shard_bytes
    if layout.format is InputFormat.CSV:
        chunks = context.objects.read(info.bucket, info.name, info.generation, start)
        slices = cut_csv(chunks, layout, info.size, start, shard_bytes, limits.WAVE_SHARDS)
    else:
        slices = cut_jsonl(layout, info.size, start, shard_bytes, limits.WAVE_SHARDS)
    position = slices[-1].end
    return Wave(slices, position, position >= info.size)


def _group_wave(context: Files, job: Job) -> Wave:
    weights = open_parquet(context, job).weights
    slices = cut_groups(weights, job.cursor.position, context.settings.shard_bytes, limits.WAVE_SHARDS)
    position = slices[-1].end
    return Wave(slices, position, position >= len(weights))


def _stored_wave(context: Files, job: Job) -> Wave:
    unpacked, start = job.cursor.unpacked, job.cursor.position
    if unpacked is None or not unpacked.done:
        raise AssertionError("cut before the input was unpacked")
    slices = tuple(islice(_stored(context, unpacked), start, start + limits.WAVE_SHARDS))
    position = start + len(slices)
    return Wave(slices, position, position >= unpacked.slices)


def _stored(context: Files, unpacked: Unpacked) -> Iterator[StoredSlice]:
    for name in unpacked.lists:
        yield from map(_STORED.decode, lines_of(context.objects.read(context.settings.work_bucket, name)))
