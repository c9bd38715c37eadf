"""Unpacking a compressed input: streamed once into plain slices in `work`, which shards are made of."""

from collections.abc import Callable, Iterator

import msgspec

from batchdrop.domain.job import Job, Unpacked
from batchdrop.domain.shard import StoredSlice
from batchdrop.rows.cuts import cut_stream
from batchdrop.rows.unpack import behind, unpacked
from batchdrop.steps.context import Files

PLAIN = "application/octet-stream"


def unpack(context: Files, job: Job, is_late: Callable[[], bool]) -> Unpacked:
    """Unpack on from where the job's cursor stands, into objects that carry this run's own token.

    Stops behind a slice when it is late; at least one slice is made. What it returns is for the job's next commit:
    only then do the slices count.

    Raises:
        Refused: the input is damaged, or too large.
        ObjectGone: the input was deleted.
    """
    so_far = job.cursor.unpacked or Unpacked()
    folder = plain_folder(context, job)
    parts = _parts(context, job, so_far.position)
    slices: list[StoredSlice] = []
    done = False
    while not done and not (slices and is_late()):
        stored = _store(context, f"{folder}/{len(slices):06d}", parts)
        if stored is None:
            done = True
        else:
            slices.append(stored)
    lists = so_far.lists if not slices else (*so_far.lists, _list(context, f"{folder}/slices.jsonl", slices))
    position = _start(job, so_far.position) + sum(stored.size for stored in slices)
    return Unpacked(lists=lists, slices=so_far.slices + len(slices), position=position, done=done)


def plain_folder(context: Files, job: Job) -> str:
    """Where in `work` a run puts what it unpacks."""
    return f"jobs/{job.id}/plain/{context.tokens.fresh()}"


def _start(job: Job, position: int) -> int:
    return max(position, job.layout.body if job.layout is not None else 0)


def _parts(context: Files, job: Job, position: int) -> Iterator[bytes | None]:
    """Slices from `position` of the unpacked stream on, in parts. All that lies before must be unpacked again."""
    info, layout = job.input, job.layout
    if layout is None:
        raise AssertionError("unpacked before the head was read")
    start = _start(job, position)
    stream = unpacked(context.objects.read(info.bucket, info.name, info.generation), layout.compression, info.name)
    return cut_stream(behind(stream, start), layout, start, context.settings.shard_bytes)


def _store(context: Files, name: str, parts: Iterator[bytes | None]) -> StoredSlice | None:
    """Write the next slice; None if there is none."""
    first = next(parts, None)
    if first is None:
        return None
    size = 0
    with context.objects.write(context.settings.work_bucket, name, PLAIN) as writer:
        part: bytes | None = first
        while part is not None:
            writer.write(part)
            size += len(part)
            part = next(parts, None)
    return StoredSlice(name, size)


def _list(context: Files, name: str, slices: list[StoredSlice]) -> str:
    with context.objects.write(context.settings.work_bucket, name, PLAIN) as writer:
        for stored in slices:
            writer.write(msgspec.json.encode(stored) + b"\n")
    return name
