"""Reading the files of lots: sidecars, and request lines beside them."""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence

from batchdrop.domain import limits
from batchdrop.domain.shard import Lot
from batchdrop.rows.sidecar import lines_of, read_sidecar
from batchdrop.rows.values import SideRow
from batchdrop.steps.context import Context

_Head = tuple[SideRow, Iterator[SideRow]]
"""The next row of a sidecar, and those behind it."""


def sides_of(context: Context, lots: Sequence[Lot]) -> Iterator[SideRow]:
    """The rows of some lots of a shard, in row order."""
    sidecars = [read_sidecar(chunks) for chunks in abreast(context, [lot.sidecar for lot in lots])]
    return sidecars[0] if len(sidecars) == 1 else _merged(sidecars)


def abreast(context: Context, names: Sequence[str]) -> list[Iterator[bytes]]:
    """Objects of `work` to be read side by side: the more there are, the less is read of each at a time."""
    bucket, share = context.settings.work_bucket, limits.READ_ABREAST_BYTES // max(len(names), 1)
    chunk = min(max(share, limits.LEAST_READ_BYTES), limits.READ_BYTES)
    return [context.objects.read(bucket, name, chunk=chunk) for name in names]


def asked_in(context: Context, lot: Lot) -> Iterator[tuple[bytes, SideRow]]:
    """Request lines of a lot beside the rows that they ask: both objects are in row order."""
    asked = (side for side in sides_of(context, [lot]) if side.twin_of is None)
    return zip(requests_of(context, lot), asked, strict=True)


def rows_of(context: Context, lot: Lot) -> Iterator[tuple[bytes, SideRow]]:
    """The same with twins at their places; they have no request line of their own."""
    requests = requests_of(context, lot)
    for side in sides_of(context, [lot]):
        yield b"" if side.twin_of is not None else next(requests), side


def requests_of(context: Context, lot: Lot) -> Iterator[bytes]:
    """Request lines of a lot, each with its newline."""
    return (line + b"\n" for line in lines_of(context.objects.read(context.settings.work_bucket, lot.requests)))


def _merged(sidecars: Iterable[Iterator[SideRow]]) -> Iterator[SideRow]:
    """Merge by row number. Lots are mostly stretches of a shard, and then a row costs one comparison."""
    heads: list[_Head] = []
    for rows in sidecars:
        _add_head(heads, next(rows, None), rows)
    while heads:
        head, rows = heads.pop(0)
        if not heads:
            yield head
            yield from rows
            return
        until = heads[0][0].row
        side: SideRow | None = head
        while side is not None and side.row <= until:
            yield side
            side = next(rows, None)
        _add_head(heads, side, rows)


def _add_head(heads: list[_Head], side: SideRow | None, rows: Iterator[SideRow]) -> None:
    if side is not None:
        insort(heads, (side, rows), key=lambda head: head[0].row)
