"""Rows of a lot on their way into other lots, their twins behind them."""

from batchdrop.domain.ids import LotNumber, RowNumber
from batchdrop.domain.shard import Lot
from batchdrop.rows.sidecar import side_line
from batchdrop.rows.values import SideRow
from batchdrop.steps.lots import LotFiles


class Recut:
    """Knows where rows of a lot went, if it has twins that have to follow."""

    def __init__(self, lot: Lot) -> None:
        self._lot = lot
        self._went: dict[RowNumber, tuple[LotFiles, LotNumber]] = {}

    def add(self, files: LotFiles, line: bytes, side: SideRow) -> None:
        """Write a row into one of those files."""
        new = files.add(line, side, self._lot.signature)
        if self._lot.twins:
            self._went[side.row] = (files, new)

    def follow(self, side: SideRow, first: RowNumber) -> None:
        """Write a twin beside the row that asks for it, if that one went anywhere."""
        if first in self._went:
            files, new = self._went[first]
            if not files.put_twin(new, side_line(side)):
                raise AssertionError("a lot that is cut has no more twins than its shard may have")
