"""Unpacking a Parquet file that is compressed as a whole: it can only be read, from its end, when it is plain."""

from collections.abc import Callable, Iterator

from batchdrop.domain.job import Compression, Job, PlainFile
from batchdrop.domain.naming import PARQUET_SUFFIX, data_suffix
from batchdrop.rows.unpack import MAGIC_BYTES, behind, compression_of, unpacked
from batchdrop.steps.compose import compose_all
from batchdrop.steps.context import Files
from batchdrop.steps.unpack import PLAIN, plain_folder


def packing(context: Files, job: Job) -> Compression:
    """Tell how a Parquet file is compressed that shows nothing before it is unpacked; NONE for any other input.

    Raises:
        ObjectGone: the input was deleted.
    """
    plain = job.cursor.plain
    if data_suffix(job.input.name) != PARQUET_SUFFIX or (plain is not None and plain.name):
        return Compression.NONE
    info = job.input
    head = b"".join(context.objects.read(info.bucket, info.name, info.generation, 0, min(MAGIC_BYTES, info.size)))
    return compression_of(head)


def unpack_parquet(context: Files, job: Job, packed: Compression, is_late: Callable[[], bool]) -> PlainFile:
    """Unpack on from where the job's cursor stands, into an object that carries this run's own token.

    Stops when it is late, behind something new. What it returns is for the job's next commit: only then does it count.

    Raises:
        Refused: the input is damaged, or too large.
        ObjectGone: the input was deleted.
    """
    info, so_far = job.input, job.cursor.plain or PlainFile()
    folder = plain_folder(context, job)
    chunks = context.objects.read(info.bucket, info.name, info.generation)
    stream = behind(unpacked(chunks, packed, info.name), so_far.size)
    size, done = _store(context, f"{folder}/part", stream, is_late)
    parts = (*so_far.parts, f"{folder}/part")
    name = _whole(context, f"{folder}/whole", parts) if done else ""
    return PlainFile(parts=parts, size=so_far.size + size, name=name)


def _store(context: Files, name: str, stream: Iterator[bytes], is_late: Callable[[], bool]) -> tuple[int, bool]:
    """Write on until it is late; tells the bytes, and whether that was all."""
    size = 0
    with context.objects.write(context.settings.work_bucket, name, PLAIN) as writer:
        for chunk in stream:
            writer.write(chunk)
            size += len(chunk)
            if is_late():
                return size, False
    return size, True


def _whole(context: Files, name: str, parts: tuple[str, ...]) -> str:
    if len(parts) == 1:
        return parts[0]
    return compose_all(context, name, parts, PLAIN).name
