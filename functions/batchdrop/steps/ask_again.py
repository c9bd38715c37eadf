"""New lots of rows that are worth another try."""

from collections.abc import Container
from datetime import timedelta

import msgspec

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.lots import next_number
from batchdrop.domain.shard import Lot, Shard
from batchdrop.steps.context import Context
from batchdrop.steps.lot_rows import rows_of
from batchdrop.steps.lots import LotFiles


def folder_of(context: Context, shard: Shard) -> str:
    """A folder in `work` for what this run writes of a shard."""
    return f"jobs/{shard.job}/{shard.index:06d}/{context.tokens.fresh()}"


def retry_lots(context: Context, shard: Shard, lot: Lot, rows: Container[RowNumber]) -> tuple[Lot, ...]:
    """Lots of those rows of a lot that are tried once more, after a wait that doubles with each attempt."""
    with LotFiles(context, folder_of(context, shard), next_number(shard), lot.attempt + 1) as files:
        for request, side in rows_of(context, lot):
            if side.row in rows:
                files.add(request, side, lot.signature)
    wait = timedelta(seconds=context.settings.retry_seconds) * 2 ** (lot.attempt - 1)
    due_at = context.clock.now() + wait
    return tuple(msgspec.structs.replace(new, due_at=due_at) for new in files.lots)
