"""Writing the files of lots: request lines and sidecar side by side, cut at a lot's limits, types kept apart."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from batchdrop.domain import limits
from batchdrop.domain.ids import LotNumber
from batchdrop.domain.shard import Lot
from batchdrop.ports import ObjectWriter
from batchdrop.rows.problems import refusal
from batchdrop.rows.sidecar import side_line
from batchdrop.rows.signatures import PLAIN, merge
from batchdrop.rows.values import SideRow
from batchdrop.steps.context import Files

JSON_LINES = "application/x-ndjson"
_FEW_OPEN = 2
MOST_OPEN = 32
"""Lots that are written at a time; each more would take memory, and a batch of its own."""

BLOCK_BYTES = 512 * limits.KIB
_BLOCK_ROWS = 4_096
_MOST_BYTES = BLOCK_BYTES + limits.REQUEST_BYTES
"""Request bytes of a block at most."""

Signature = dict[str, str]


def _unseen(_lines: list[bytes]) -> None:
    """Look at no lines."""


class LazyObject:
    """An object that comes to be with its first byte; a shard without invalid rows has no file of them.

    It is complete when the stack ends, or before that with `end`. `buffer` is how many bytes may be held.
    """

    def __init__(self, context: Files, stack: ExitStack, name: str, buffer: int = limits.WRITE_BYTES) -> None:
        self._context = context
        self._stack = stack
        self._name = name
        self._buffer = buffer
        self._own = ExitStack()
        self._writer: ObjectWriter | None = None

    def write(self, data: bytes) -> None:
        """Append bytes."""
        if self._writer is None:
            bucket = self._context.settings.work_bucket
            writer = self._context.objects.write(bucket, self._name, JSON_LINES, self._buffer)
            self._writer = self._stack.enter_context(self._own).enter_context(writer)
        self._writer.write(data)

    def end(self) -> None:
        """Complete it, if it was begun. Nothing may be written after."""
        self._own.close()

    @property
    def name(self) -> str:
        """The object's name, or nothing if nothing was written."""
        return self._name if self._writer is not None else ""


class _OpenLot:
    """A lot that is being written."""

    def __init__(  # noqa: PLR0913  # what its files are made with
        self, context: Files, stack: ExitStack, folder: str, number: LotNumber, *, attempt: int, buffer: int
    ) -> None:
        self.number = number
        self.attempt = attempt
        self.rows = 0
        self.twins = 0
        self.bytes = 0
        self.signature: Signature | None = PLAIN
        self.canary = False
        self.takes_twins = True
        self._requests = LazyObject(context, stack, f"{folder}/lot-{number}.requests.jsonl", buffer)
        self._sidecar = LazyObject(context, stack, f"{folder}/lot-{number}.rows.jsonl", buffer)

    def add(self, rows: int, requests: bytes, sides: bytes) -> None:
        """Write rows and what they ask."""
        if requests:
            self._requests.write(requests)
        self._sidecar.write(sides)
        self.rows += rows
        self.bytes += len(requests)

    def add_twin(self, side: bytes) -> None:
        """Write a row that asks nothing of its own."""
        self._sidecar.write(side)

    def fill(self) -> None:
        """No row will be asked here any more."""
        self._requests.end()

    def end(self) -> None:
        """No twin will come any more either."""
        self.takes_twins = False
        self._sidecar.end()

    def lot(self) -> Lot:
        """The lot as it will stand in its shard."""
        return Lot(
            number=self.number,
            attempt=self.attempt,
            rows=self.rows,
            bytes=self.bytes,
            requests=self._requests.name,
            sidecar=self._sidecar.name,
            signature=self.signature,
            canary=self.canary,
            twins=self.twins,
        )


class LotFiles:
    """A context in which rows are added, each to the lot whose types it merges with; `lots` holds them after.

    `folder` must carry the id of the run, so that two runs never write one object. Rows are handed on by the block, a
    block of one signature, whose request lines `see` is shown. The first `canary` rows stand in lots of their own.
    Full lots take twins of their rows until the end, or only the last `lingering` of them: each holds a buffer. If
    `lean`, buffers are small, as they are from the third open lot on in any case.
    """

    def __init__(  # noqa: PLR0913  # what a set of lots is made with
        self,
        context: Files,
        folder: str,
        first: LotNumber,
        attempt: int = 1,
        *,
        canary: int = 0,
        lingering: int | None = None,
        lean: bool = False,
    ) -> None:
        self._context = context
        self._folder = folder
        self._next = first
        self._attempt = attempt
        self._canary_left = canary
        self._lingering = lingering
        self._lean = lean
        self._stack = ExitStack()
        self._open: list[_OpenLot] = []
        self._full: list[_OpenLot] = []
        self._by_number: dict[LotNumber, _OpenLot] = {}
        self._lot: _OpenLot | None = None
        self._number = first
        self._signature: Signature | None = PLAIN
        self._lines: list[bytes] = []
        self._sides: list[bytes] = []
        self._bytes = 0
        self._room = 0
        self._twins = 0
        self.lots: tuple[Lot, ...] = ()
        self.see: Callable[[list[bytes]], None] = _unseen

    def __enter__(self) -> Self:
        """Begin without any file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Complete all files; if the block raised, those that are not complete come to nothing."""
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._hand_on()
        written = sorted([*self._full, *self._open], key=lambda lot: lot.number)
        self.lots = tuple(lot.lot() for lot in written)

    def add(self, line: bytes, side: SideRow, signature: Signature | None) -> LotNumber:
        """Add a row, of its request line, to the first open lot that takes its types, or to a new one: that is told.

        Raises:
            RowProblem: rows of too many kinds of types are apart already.
        """
        return self.put(line, side_line(side), signature)

    def put(self, line: bytes, side: bytes, signature: Signature | None) -> LotNumber:
        """Add a row whose sidecar's line is made.

        Raises:
            RowProblem: as above.
        """
        if not self._room or (signature is not self._signature and signature != self._signature):
            self._turn_to(signature)
        self._lines.append(line)
        self._sides.append(side)
        self._bytes += len(line) + len(side)
        self._room -= 1
        if self._bytes > BLOCK_BYTES:
            self._hand_on()
        return self._number

    def put_twin(self, number: LotNumber, side: bytes) -> bool:
        """Add a row that shares the answer of one in that lot.

        False if it must be asked: there are too many such, or that lot takes no more.
        """
        lot = self._by_number[number]
        if self._twins >= limits.SHARD_TWINS or not lot.takes_twins:
            return False
        self._twins += 1
        lot.twins += 1
        if lot is self._lot:
            # Behind the rows that wait to be handed on: a sidecar is in row order.
            self._sides.append(side)
            self._bytes += len(side)
            if self._bytes > BLOCK_BYTES:
                self._hand_on()
        else:
            lot.add_twin(side)
        return True

    def _turn_to(self, signature: Signature | None) -> None:
        """Place rows of a signature; the next rows mostly have the same, and need no look."""
        self._hand_on()
        lot = self._place(signature)
        if lot.rows >= self._context.settings.lot_rows or lot.bytes + _MOST_BYTES > limits.LOT_BYTES:
            self._open.remove(lot)
            self._fill([lot])
            lot = self._new_lot(signature)
        self._lot, self._number, self._signature = lot, lot.number, signature
        self._room = min(_BLOCK_ROWS, self._context.settings.lot_rows - lot.rows, self._canary_left or _BLOCK_ROWS)

    def _hand_on(self) -> None:
        if self._lot is not None and self._sides:
            self.see(self._lines)
            self._lot.add(len(self._lines), b"".join(self._lines), b"".join(self._sides))
            if self._canary_left:
                self._sent_ahead(len(self._lines))
        self._lines.clear()
        self._sides.clear()
        self._bytes = self._room = 0

    def _sent_ahead(self, rows: int) -> None:
        """Count rows of the canary; behind the last, all lots begin anew."""
        self._canary_left -= rows
        for lot in self._open:
            lot.canary = True
        if not self._canary_left:
            self._fill(self._open)
            self._open = []

    def _fill(self, lots: list[_OpenLot]) -> None:
        for lot in lots:
            lot.fill()
        self._full += lots
        for lot in self._full[: -self._lingering] if self._lingering else ():
            lot.end()

    def _place(self, signature: Signature | None) -> _OpenLot:
        for lot in self._open:
            if lot.signature is None or signature is None:
                if lot.signature is signature:
                    return lot
            elif (merged := merge(lot.signature, signature)) is not None:
                lot.signature = merged
                return lot
        if len(self._open) >= MOST_OPEN:
            hint = "Give one place one type in all rows, or spread the rows over several files."
            message = f"The rows before have {MOST_OPEN} other combinations of types, none of which goes with this one."
            raise refusal("TOO_MANY_TYPES", message, hint, "request")
        return self._new_lot(signature)

    def _new_lot(self, signature: Signature | None) -> _OpenLot:
        lean = self._lean or len(self._open) >= _FEW_OPEN
        buffer = limits.LEAN_WRITE_BYTES if lean else limits.WRITE_BYTES
        lot = _OpenLot(self._context, self._stack, self._folder, self._next, attempt=self._attempt, buffer=buffer)
        lot.signature = signature
        self._next = LotNumber(self._next + 1)
        self._open.append(lot)
        self._by_number[lot.number] = lot
        return lot
