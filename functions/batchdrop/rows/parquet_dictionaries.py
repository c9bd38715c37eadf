"""What rows of a Parquet file weigh when they are unfolded, those included whose texts are stored once for many rows.

This module imports pyarrow; import it only where there is a Parquet file.
"""

from typing import Any, NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from batchdrop.rows.parquet import ParquetInput


class Weight(NamedTuple):
    """Bytes of a row: as those of a batch are, and as one would be that had the longest texts of its dictionaries."""

    usual: int
    longest: int


def with_dictionaries(source: ParquetInput) -> pq.ParquetFile:
    """Open a file for batches that bring the dictionaries of their texts along, instead of unfolding them.

    Texts in lists and structs are unfolded all the same.
    """
    return source.open([field.name for field in source.file.schema_arrow if _is_text(field.type)])


def weigh(batch: pa.RecordBatch) -> Weight:
    """Weigh the rows of a batch of such a file."""
    usual = longest = 0
    for column in batch.columns:
        if isinstance(column, pa.DictionaryArray) and _is_text(column.type.value_type):
            sizes = pc.binary_length(cast("Any", column.dictionary))
            usual += pc.sum(sizes.take(column.indices)).as_py() or 0
            longest += pc.max(sizes).as_py() or 0
        else:
            usual += column.nbytes
    return Weight(usual // max(batch.num_rows, 1), longest)


def _is_text(kind: pa.DataType) -> bool:
    return any(is_kind(kind) for is_kind in (types.is_string, types.is_binary, types.is_large_string))
