"""What staging keeps of each row: sidecars of the rows that are asked, and the list of those that are not.

One JSON value a line. In the list of bad rows `raw` is base64, for bytes that are no UTF-8 come back as they were.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from batchdrop.domain.limits import KIB
from batchdrop.rows.values import BadRow, SideRow

_ENCODER = msgspec.json.Encoder()
_SIDE = msgspec.json.Decoder(SideRow)
_BLOCK_BYTES = 8 * KIB
"""What is decoded in one call: enough that the call costs nothing, little enough for sidecars read side by side."""
_BAD = msgspec.json.Decoder(BadRow)


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split a stream at its newlines, without them; blank lines are left out, a missing last newline is fine.

    Holds one line and one chunk at a time.
    """
    begun: list[bytes] = []
    for chunk in chunks:
        lines = chunk.split(b"\n")
        begun.append(lines[0])
        if len(lines) == 1:
            continue
        lines[0] = b"".join(begun)
        begun = [lines.pop()]
        for line in lines:
            if line and not line.isspace():
                yield line
    last = b"".join(begun)
    if last and not last.isspace():
        yield last


def views_of(chunks: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """Split a stream as `lines_of` does, but without copying: a line is a view, to be used before the next.

    Lines of blanks alone are not left out.
    """
    begun: list[bytes] = []
    for chunk in chunks:
        end = chunk.find(b"\n")
        if end < 0:
            begun.append(chunk)
            continue
        begun.append(chunk[:end])
        if first := b"".join(begun):
            yield first
        view, start, end = memoryview(chunk), end + 1, chunk.find(b"\n", end + 1)
        while end >= 0:
            if start < end:
                yield view[start:end]
            start, end = end + 1, chunk.find(b"\n", end + 1)
        begun = [chunk[start:]]
    if last := b"".join(begun):
        yield last


def side_line(side: SideRow) -> bytes:
    r"""Write a row's line of a sidecar, `[row, line, fingerprint, raw]\n`, or of a twin `[…, raw, twin_of]\n`."""
    entry = (side.row, side.line, side.fingerprint, side.raw)
    return _ENCODER.encode(entry if side.twin_of is None else (*entry, side.twin_of)) + b"\n"


def side_bytes(row: int, line: int, fingerprint: str, raw: bytes) -> bytes:
    """Write the same of its parts; `raw` is JSON on one line."""
    return b"".join((f'[{row},{line},"{fingerprint}",'.encode(), raw, b"]\n"))


def twin_bytes(row: int, line: int, fingerprint: str, raw: bytes, twin_of: int) -> bytes:
    """Write the same of a twin."""
    return b'[%d,%d,"%b",%b,%d]\n' % (row, line, fingerprint.encode(), raw, twin_of)


def read_sidecar(chunks: Iterable[bytes]) -> Iterator[SideRow]:
    """Read a sidecar, row by row. A row's `raw` is a view: copy it to keep it."""
    return chain.from_iterable(map(_SIDE.decode_lines, _blocks_of(chunks)))


def _blocks_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream into blocks of whole lines, each as large as it should be unless a single line is longer."""
    begun: list[bytes] = []
    for chunk in chunks:
        start = 0
        while end := chunk.rfind(b"\n", start, start + _BLOCK_BYTES) + 1 or chunk.find(b"\n", start) + 1:
            yield b"".join((*begun, chunk[start:end]))
            begun.clear()
            start = end
        begun.append(chunk[start:])
    yield b"".join(begun)


def invalid_line(bad: BadRow) -> bytes:
    """Write a bad row's line of the list of invalid rows."""
    return _ENCODER.encode(bad) + b"\n"


def read_invalid(chunks: Iterable[bytes]) -> Iterator[BadRow]:
    """Read a list of invalid rows, row by row."""
    return map(_BAD.decode, lines_of(chunks))
