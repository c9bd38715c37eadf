"""Compressed inputs as plain streams, in flat memory whatever they hold."""

import zlib
from collections.abc import Iterable, Iterator
from typing import assert_never

from batchdrop.domain.errors import Refused
from batchdrop.domain.job import Compression
from batchdrop.domain.limits import GB, KIB, MIB, UNPACKED_BYTES, ZSTD_WINDOW_BYTES
from batchdrop.domain.reasons import Code, Reason

PIECE_BYTES = MIB
MAGIC_BYTES = 4

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_GZIP_MEMBER = 16 + zlib.MAX_WBITS
_GZIP_FEED = 128 * KIB
_ZSTD_FEED = 256
"""A block of 4 bytes may unfold to 128 KiB, and all that is fed comes out at once: so at most 8 MiB do."""


def compression_of(head: bytes) -> Compression:
    """Tell from an object's first bytes how it is compressed."""
    if head.startswith(_GZIP):
        return Compression.GZIP
    if head.startswith(_ZSTD) or (head[1:4] == _ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F):  # noqa: PLR2004  # RFC 8878, 3.1.2
        return Compression.ZSTD
    return Compression.NONE


def unpacked(
    chunks: Iterable[bytes], compression: Compression, name: str, most: int = UNPACKED_BYTES
) -> Iterator[bytes]:
    """Stream what a compressed object holds, about a MiB at a time; all its members or frames, one after the other.

    Args:
        chunks: the object's stored bytes.
        compression: what its first bytes told.
        name: the object's, for messages.
        most: it may hold so many bytes.

    Raises:
        Refused: it is damaged or cut off, holds more, or needs more memory to unpack than we give it.
    """
    match compression:
        case Compression.NONE:
            yield from chunks
        case Compression.GZIP:
            yield from _bounded(_gathered(_gunzip(chunks, name)), name, most)
        case Compression.ZSTD:
            yield from _bounded(_gathered(_unzstd(chunks, name)), name, most)
        case _:
            assert_never(compression)


def behind(chunks: Iterable[bytes], start: int) -> Iterator[bytes]:
    """A stream from `start` on. What lies before must be unpacked all the same."""
    position = 0
    for chunk in chunks:
        if position + len(chunk) > start:
            yield chunk[max(start - position, 0) :]
        position += len(chunk)


def _gunzip(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=_GZIP_MEMBER)
    try:
        for data in _fed(chunks, _GZIP_FEED):
            rest = bytes(data)
            while rest:
                if member.eof:
                    rest = rest.lstrip(b"\0")
                    member = zlib.decompressobj(wbits=_GZIP_MEMBER) if rest else member
                    continue
                yield member.decompress(rest, PIECE_BYTES)
                rest = member.unused_data or member.unconsumed_tail
        while piece := member.decompress(b"", PIECE_BYTES):
            yield piece
    except zlib.error as error:
        raise _damaged(name, "gzip", "gzip -t") from error
    if not member.eof:
        raise _cut_off(name, "gzip", "gzip -t")


def _unzstd(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415  # only those who have such a file should pay for it

    engine = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
    frame, begun = engine.decompressobj(), False
    try:
        for data in _fed(chunks, _ZSTD_FEED):
            rest: bytes | memoryview = data
            while len(rest):
                yield frame.decompress(rest)
                rest, begun = frame.unused_data, not frame.eof
                if frame.eof:
                    frame = engine.decompressobj()
    except zstandard.ZstdError as error:
        if "too much memory" in str(error):
            raise _too_wide(name) from error
        raise _damaged(name, "zstd", "zstd -t") from error
    if begun:
        raise _cut_off(name, "zstd", "zstd -t")


def _fed(chunks: Iterable[bytes], size: int) -> Iterator[memoryview]:
    for chunk in chunks:
        view = memoryview(chunk)
        for begin in range(0, len(view), size):
            yield view[begin : begin + size]


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            yield b"".join(held)
            held.clear()
            size = 0
    if size:
        yield b"".join(held)


def _bounded(pieces: Iterable[bytes], name: str, most: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            message = f"The file unpacks to more than {most / GB:g} GB."
            raise _refused(Code.INPUT_TOO_LARGE, name, message, "Split it into several files, each compressed alone.")
        yield piece


def _damaged(name: str, kind: str, check: str) -> Refused:
    hint = f"Test your copy with {check}; if it is sound, upload it again."
    return _refused(Code.INPUT_DAMAGED, name, f"The file is {kind}, but damaged: it cannot be unpacked whole.", hint)


def _cut_off(name: str, kind: str, check: str) -> Refused:
    message = f"The file is {kind}, but ends before its compressed data does: a part of it is missing."
    hint = f"Test your copy with {check}; if it is sound, upload it again."
    return _refused(Code.INPUT_DAMAGED, name, message, hint)


def _too_wide(name: str) -> Refused:
    message = f"The file needs a window of more than {ZSTD_WINDOW_BYTES // MIB} MiB to be unpacked."
    hint = "Compress it with zstd at level 19 or below and without --long."
    return _refused(Code.INPUT_TOO_LARGE, name, message, hint)


def _refused(code: Code, name: str, message: str, hint: str) -> Refused:
    return Refused(Reason(code=code, message=message, hint=hint, where=name))
