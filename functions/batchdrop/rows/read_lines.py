"""The rows of a stream of whole lines: JSONL."""

from collections.abc import Iterable, Iterator

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.lines import Piece, line_runs
from batchdrop.rows.parse import parse_json, too_large
from batchdrop.rows.values import BadRow, Problem, Row

_BRACE = ord("{")
_QUOTE = ord('"')
"""A text is no object, and a row that is one stands for a record of a CSV."""


class LineRows:
    """Iterates once over the rows; `rows` and `lines` count what was read so far. Not `parsed`, values are empty."""

    def __init__(self, chunks: Iterable[bytes], *, parsed: bool) -> None:
        self.rows = 0
        self.lines = 0
        self._chunks = chunks
        self._parsed = parsed

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read on."""
        for run in line_runs(self._chunks, REQUEST_BYTES):
            if isinstance(run, Piece):
                yield from self._single(run)
            else:
                yield from self._run(run)

    def _run(self, run: bytes) -> Iterator[Row | BadRow]:
        lines = run.replace(b"\r\n", b"\n").split(b"\n") if b"\r" in run else run.split(b"\n")
        lines.pop()
        row, parsed = self.rows, self._parsed
        for line, raw in enumerate(lines, self.lines + 1):
            if raw and (raw[0] == _BRACE or not raw.isspace()):
                value = parse_json(raw) if parsed or raw[0] == _QUOTE else {}
                if isinstance(value, dict):
                    yield Row(row=RowNumber(row), line=line, raw=raw, value=value)
                else:
                    yield BadRow(row=RowNumber(row), line=line, raw=raw, problem=value)
                row += 1
        self.rows = row
        self.lines += len(lines)

    def _single(self, piece: Piece) -> Iterator[Row | BadRow]:
        self.lines += 1
        raw = piece.data.removesuffix(b"\r")
        if piece.kept and (not raw or raw.isspace()):
            return
        value = self._value(raw, piece)
        if isinstance(value, Problem):
            yield BadRow(row=RowNumber(self.rows), line=self.lines, raw=raw, problem=value)
        else:
            yield Row(row=RowNumber(self.rows), line=self.lines, raw=raw, value=value)
        self.rows += 1

    def _value(self, raw: bytes, piece: Piece) -> dict[str, object] | Problem:
        if not piece.kept:
            return too_large()
        return parse_json(raw) if self._parsed or raw[0] == _QUOTE else {}
