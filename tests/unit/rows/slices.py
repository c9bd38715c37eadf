"""Reading slices of bytes in memory."""

from collections.abc import Iterator

from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.shard import ByteSlice
from batchdrop.rows.read import SliceReader, read_from, read_to
from batchdrop.rows.values import BadRow, Row

JSONL = Layout(format=InputFormat.JSONL)
NATIVE = Layout(format=InputFormat.VERTEX_JSONL)
CSV = Layout(format=InputFormat.CSV, columns=("a", "b"))
UNQUOTED = Layout(format=InputFormat.CSV, columns=("a", "b"), quote="")
SINGLE = Layout(format=InputFormat.CSV, columns=("a", "b"), delimiter=";", quote="'")
Read = Row | BadRow


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def reader(data: bytes, layout: Layout, piece: ByteSlice, chunk: int = 5) -> SliceReader:
    stored = data[read_from(piece, layout) : read_to(piece, layout)]
    return SliceReader(in_chunks(stored, chunk), layout, piece, len(data))


def read(data: bytes, layout: Layout) -> list[Read]:
    return list(reader(data, layout, ByteSlice(layout.body, len(data))))


def only(data: bytes, layout: Layout) -> Read:
    (row,) = read(data, layout)
    return row


def problem(data: bytes, layout: Layout) -> tuple[str, str]:
    row = only(data, layout)
    assert isinstance(row, BadRow)
    assert row.problem.stage == "read"
    assert row.problem.hint
    return row.problem.code, row.problem.message


def record(row: Read) -> bytes:
    """A row's bytes in the file."""
    return row.record() if isinstance(row, Row) else row.raw


def read_in_slices(data: bytes, layout: Layout, slices: tuple[ByteSlice, ...], chunk: int) -> list[tuple[int, Read]]:
    """All rows with their line in the whole body."""
    found: list[tuple[int, Read]] = []
    lines = 0
    for piece in slices:
        rows = reader(data, layout, piece, chunk)
        here = list(rows)
        assert [row.row for row in here] == list(range(rows.rows))
        found += [(lines + row.line, row) for row in here]
        lines += rows.lines
    body = data[layout.body :]
    assert lines == body.count(b"\n") + (not body.endswith(b"\n") and body != b"")
    return found
