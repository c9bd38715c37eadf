"""Bytes from the network into a sink: large writes, on a thread, while the next bytes arrive."""

import asyncio
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool

from infra.local.storage.blobs import CHUNK, Sink


async def receive(chunks: AsyncIterator[bytes], sink: Sink) -> None:
    """Write everything; what arrived is in the sink even if the client goes away in the middle."""
    batch: list[bytes] = []
    size = 0
    writing: asyncio.Task[None] | None = None
    try:
        async for chunk in chunks:
            batch.append(chunk)
            size += len(chunk)
            if size >= CHUNK:
                if writing is not None:
                    await writing
                writing = asyncio.create_task(run_in_threadpool(sink.write, batch))
                batch, size = [], 0
    finally:
        if writing is not None:
            await writing
        await run_in_threadpool(_finish, sink, batch)


async def window(chunks: AsyncIterator[bytes], start: int, stop: int | None) -> AsyncIterator[bytes]:
    """The bytes of the stream from `start` up to but not including `stop`; all is read."""
    position = 0
    async for chunk in chunks:
        part = chunk[max(start - position, 0) : None if stop is None else max(stop - position, 0)]
        position += len(chunk)
        if part:
            yield part


def _finish(sink: Sink, batch: list[bytes]) -> None:
    sink.write(batch)
    sink.flush()
