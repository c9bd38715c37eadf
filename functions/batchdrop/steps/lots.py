"""Writing the files of lots: request lines and sidecar side by side, cut at a lot's limits, types kept apart."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from batchdrop.domain import limits
from batchdrop.domain.ids import LotNumber
from batchdrop.domain.shard import Lot
from batchdrop.ports import ObjectWriter
from batchdrop.rows.requests import merge
from batchdrop.rows.sidecar import side_line
from batchdrop.rows.values import SideRow
from batchdrop.steps.context import Context

JSON_LINES = "application/x-ndjson"


class LazyObject:
    """An object that comes to be with its first byte; a shard without invalid rows has no file of them."""

    def __init__(self, context: Context, stack: ExitStack, name: str) -> None:
        self._context = context
        self._stack = stack
        self._name = name
        self._writer: ObjectWriter | None = None

    def write(self, data: bytes) -> None:
        """Append bytes."""
        if self._writer is None:
            bucket = self._context.settings.work_bucket
            self._writer = self._stack.enter_context(self._context.objects.write(bucket, self._name, JSON_LINES))
        self._writer.write(data)

    @property
    def name(self) -> str:
        """The object's name, or nothing if nothing was written."""
        return self._name if self._writer is not None else ""


class _OpenLot:
    """A lot that is being written."""

    def __init__(self, context: Context, stack: ExitStack, folder: str, number: LotNumber, attempt: int) -> None:
        self.number = number
        self.attempt = attempt
        self.rows = 0
        self.bytes = 0
        self.signature: dict[str, str] | None = {}
        self._requests = LazyObject(context, stack, f"{folder}/lot-{number}.requests.jsonl")
        self._sidecar = LazyObject(context, stack, f"{folder}/lot-{number}.rows.jsonl")

    def add(self, request: bytes, side: SideRow, signature: dict[str, str] | None) -> None:
        self._requests.write(request)
        self._sidecar.write(side_line(side))
        self.rows += 1
        self.bytes += len(request)
        self.signature = signature

    def lot(self) -> Lot:
        return Lot(
            number=self.number,
            attempt=self.attempt,
            rows=self.rows,
            bytes=self.bytes,
            requests=self._requests.name,
            sidecar=self._sidecar.name,
            signature=self.signature,
        )


class LotFiles:
    """A context in which rows are added, each to the lot whose types it merges with; `lots` holds them after.

    `folder` must carry the id of the run, so that two runs never write one object.
    """

    def __init__(self, context: Context, folder: str, first: LotNumber, attempt: int = 1) -> None:
        self._context = context
        self._folder = folder
        self._next = first
        self._attempt = attempt
        self._stack = ExitStack()
        self._open: list[_OpenLot] = []
        self._full: list[_OpenLot] = []
        self.lots: tuple[Lot, ...] = ()

    def __enter__(self) -> Self:
        """Begin without any file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Complete all files, or none of them if the block raised."""
        self._stack.__exit__(kind, error, trace)
        written = sorted([*self._full, *self._open], key=lambda lot: lot.number)
        self.lots = tuple(lot.lot() for lot in written)

    def add(self, request: bytes, side: SideRow, signature: dict[str, str] | None) -> None:
        """Add a row to the first open lot that takes its types, or to a new one."""
        lot, merged = self._place(signature)
        if self._is_full(lot, len(request)):
            self._open.remove(lot)
            self._full.append(lot)
            lot, merged = self._new_lot(), signature
        lot.add(request, side, merged)

    def _place(self, signature: dict[str, str] | None) -> tuple[_OpenLot, dict[str, str] | None]:
        for lot in self._open:
            merged = _together(lot.signature, signature)
            if merged is not None or lot.signature == signature:
                return lot, merged
        return self._new_lot(), signature

    def _is_full(self, lot: _OpenLot, more: int) -> bool:
        rows_full = lot.rows >= self._context.settings.lot_rows
        return rows_full or (lot.rows > 0 and lot.bytes + more > limits.LOT_BYTES)

    def _new_lot(self) -> _OpenLot:
        lot = _OpenLot(self._context, self._stack, self._folder, self._next, self._attempt)
        self._next = LotNumber(self._next + 1)
        self._open.append(lot)
        return lot


def _together(one: dict[str, str] | None, other: dict[str, str] | None) -> dict[str, str] | None:
    return None if one is None or other is None else merge(one, other)
