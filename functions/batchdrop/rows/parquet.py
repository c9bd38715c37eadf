"""Parquet inputs: what they are, and where to cut them.

This module imports pyarrow, which takes a fifth of a second and 40 MB: import it only where there is a Parquet file.
"""

import base64
import zlib
from collections.abc import Callable, Sequence
from typing import IO, TypeVar, cast

import pyarrow as pa
import pyarrow.parquet as pq

from batchdrop.domain.errors import Refused
from batchdrop.domain.job import Compression, InputFormat, Layout
from batchdrop.domain.limits import COLUMNS_BYTES, KIB, MIB
from batchdrop.domain.reasons import Code, Reason
from batchdrop.rows.arrow_values import to_json
from batchdrop.rows.head import check_columns
from batchdrop.rows.parquet_pages import SMALLER_PAGES, page_too_large, too_large_page
from batchdrop.rows.parse import MAX_NESTING
from batchdrop.rows.ranged import RangedFile, ReadRange
from batchdrop.rows.unpack import MAGIC_BYTES, compression_of

HOLD_BYTES = 16 * MIB
"""What is held of the file at once, all read-ahead together."""
_FOOTER_BYTES = 16 * MIB
_TAIL_BYTES = 64 * KIB
_END_BYTES = 8
_MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
_CELL_BYTES = 8
"""What a value counts for at least: equal ones take no space, but as many rows take as much time."""
_STREAM_BYTES = range(16 * KIB, 256 * KIB)
"""What Arrow reads of a column at a time."""

_AGAIN = "Write it again without encryption and with a common codec (snappy, zstd, gzip), or write JSONL."

_UPLOAD = "Test your copy; if it is sound, upload it again."

_T = TypeVar("_T")


class ParquetInput:
    """An open Parquet file. `source` is where its bytes come from.

    Raises:
        Refused: it is none, or is encrypted, damaged, or of a kind that we do not take.
    """

    def __init__(self, read: ReadRange, size: int, name: str) -> None:
        """Read the footer.

        Args:
            read: gives ranges of the file's bytes.
            size: of the whole file.
            name: the object's, for messages.
        """
        self.source = RangedFile(read, size)
        self._name = name
        self._check_frame(size)
        self.metadata = self._arrow(lambda: pq.read_metadata(cast("IO[bytes]", self.source)))
        self.file = self._arrow(self.open)

    def open(self, folded: Sequence[str] = ()) -> pq.ParquetFile:
        """Open the file as Arrow's; texts of the columns `folded` come with their dictionaries, not unfolded."""
        wanted = HOLD_BYTES // max(self.metadata.num_columns, 1)
        ahead = max(_STREAM_BYTES.start, min(wanted, _STREAM_BYTES.stop))
        stream = cast("IO[bytes]", self.source)
        return pq.ParquetFile(
            stream, metadata=self.metadata, buffer_size=ahead, pre_buffer=False, read_dictionary=list(folded)
        )

    @property
    def weights(self) -> list[int]:
        """What each row group adds to a shard, in bytes."""
        groups = map(self.metadata.row_group, range(self.metadata.num_row_groups))
        cell = _CELL_BYTES * self.metadata.num_columns
        return [max(group.total_byte_size, group.num_rows * cell) for group in groups]

    def layout(self) -> Layout:
        """Tell the columns and their types.

        Raises:
            Refused: there are no rows, or the columns are of no use, or the first row cannot be read.
        """
        schema = self._arrow(lambda: self.file.schema_arrow)
        columns = tuple(schema.names)
        if self.metadata.num_rows == 0 or not columns:
            raise self._refused(Code.INPUT_EMPTY, "The file has no rows.", "Write rows, and columns, into it.")
        check_columns(columns, self._name, None)
        if any(_depth(kind) > MAX_NESTING for kind in schema.types):
            message = f"The schema is nested more than {MAX_NESTING} deep."
            raise self._refused(Code.INPUT_HEADER, message, "Flatten the columns.")
        text = _as_text(schema)
        if len(text) > COLUMNS_BYTES:
            message = f"The schema of the {len(columns):,} columns has more than {COLUMNS_BYTES:,} bytes."
            raise self._refused(Code.INPUT_HEADER, message, "Keep the columns that the prompt needs.")
        self._try_a_row()
        return Layout(format=InputFormat.PARQUET, columns=columns, schema=text)

    def _check_frame(self, size: int) -> None:
        head = self.source.read(MAGIC_BYTES)
        if compression_of(head) is not Compression.NONE:
            hint = "Drop the Parquet file itself; it is compressed inside."
            raise self._refused(Code.INPUT_TYPE, "The file is compressed twice.", hint)
        self.source.hold(max(size - _TAIL_BYTES, 0), size)
        self.source.seek(max(size - _END_BYTES, 0))
        end = self.source.read()
        self.source.seek(0)
        if end.endswith(_ENCRYPTED):
            raise self._refused(Code.INPUT_TYPE, "The file is encrypted Parquet.", _AGAIN)
        if not head.startswith(_MAGIC):
            raise self._refused(Code.INPUT_TYPE, "The file is no Parquet, whatever its name says.", "Rename it.")
        if len(end) < _END_BYTES or not end.endswith(_MAGIC):
            message = "The file is Parquet, but cut off: its last bytes are missing."
            raise self._refused(Code.INPUT_DAMAGED, message, _UPLOAD)
        footer = int.from_bytes(end[:4], "little")
        if _FOOTER_BYTES < footer < size:
            message = f"The file's footer has {footer:,} bytes, more than {_FOOTER_BYTES:,}."
            raise self._refused(Code.INPUT_HEADER, message, "Write larger row groups, or fewer columns.")

    def _try_a_row(self) -> None:
        """See whether the file can be read at all, before shards are made of it."""
        sizes = [self.metadata.row_group(group).num_rows for group in range(self.metadata.num_row_groups)]
        group = next(number for number, rows in enumerate(sizes) if rows)
        large = too_large_page(self.source, self.metadata.row_group(group))
        if large is not None:
            raise self._refused(Code.INPUT_TOO_LARGE, page_too_large(*large), SMALLER_PAGES)
        batch = self._arrow(lambda: next(self.file.iter_batches(batch_size=1, row_groups=[group], use_threads=False)))
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            try:
                to_json(column)
            except pa.ArrowNotImplementedError as error:
                message = f"Column {name!r} has the type {column.type}, which is no value of a prompt."
                raise self._refused(Code.INPUT_HEADER, message, "Leave it out, or write it as text.") from error
            except ValueError:
                # That is this row's own trouble, and becomes its error.
                continue

    def _arrow(self, act: Callable[[], _T]) -> _T:
        """Do something with Arrow, whose exceptions mean that the file is not as it should be."""
        try:
            return act()
        except (pa.ArrowException, OSError, ValueError) as error:
            if self.source.failure is not None:
                raise self.source.failure from error
            message = "The file is Parquet, but damaged, encrypted, or written in a way that is not supported."
            raise self._refused(Code.INPUT_DAMAGED, message, _AGAIN) from error

    def _refused(self, code: Code, message: str, hint: str) -> Refused:
        return Refused(Reason(code=code, message=message, hint=hint, where=self._name))


def schema_of(layout: Layout) -> pa.Schema:
    """The Arrow schema of a Parquet input's columns."""
    return pa.ipc.read_schema(pa.py_buffer(zlib.decompress(base64.b64decode(layout.schema))))


def _as_text(schema: pa.Schema) -> str:
    """Names and types; what else a writer noted about them would only fill the job's document."""
    bare = pa.schema([field.remove_metadata() for field in schema])
    return base64.b64encode(zlib.compress(bare.serialize().to_pybytes())).decode()


def _depth(kind: pa.DataType) -> int:
    return 1 + max((_depth(kind.field(index).type) for index in range(kind.num_fields)), default=0)
