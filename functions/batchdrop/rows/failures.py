"""How errors are told, and how the records behind them are handed back."""

import msgspec

from batchdrop.domain.job import InputFormat, Layout
from batchdrop.rows.csvtext import record_of
from batchdrop.rows.parse import parse_csv, parse_json
from batchdrop.rows.values import BadRow, Failed, Stage


def failed_header(layout: Layout) -> bytes:
    """Write what comes before the failed records: the header of a CSV, else nothing."""
    if layout.format is not InputFormat.CSV:
        return b""
    return record_of(layout.columns, layout.delimiter, layout.quote).encode() + b"\n"


def failed_line(failed: Failed | BadRow) -> bytes:
    """Write a failed record as it came. One too large to have been kept leaves nothing."""
    raw = _raw_of(failed)
    return raw + b"\n" if raw else b""


class _ErrorLine(msgspec.Struct, frozen=True, kw_only=True):
    line: int
    row: int
    key: str
    stage: Stage
    code: str
    path: str
    message: str
    hint: str
    record: object


def error_line(failed: Failed | BadRow, first_row: int, first_line: int, key: str, layout: Layout) -> bytes:
    """Write a line of `errors.jsonl`.

    Args:
        failed: the row. Its record is written as an object, or as text where it could not be read, or as null.
        first_row: rows of the file before the shard.
        first_line: physical lines of the file before the shard's first, the header's among them.
        key: the row key.
        layout: how the record is written.
    """
    row, line = (failed.row, failed.line) if isinstance(failed, BadRow) else (failed.side.row, failed.side.line)
    problem = failed.problem
    told = _ErrorLine(
        line=first_line + line,
        row=first_row + row + 1,
        key=key,
        stage=problem.stage,
        code=problem.code,
        path=problem.path,
        message=problem.message,
        hint=problem.hint,
        record=_record(failed, layout),
    )
    return msgspec.json.encode(told) + b"\n"


def _record(failed: Failed | BadRow, layout: Layout) -> object:
    raw = _raw_of(failed)
    if failed.problem.stage is Stage.READ:
        return raw.decode(errors="replace") or None
    if layout.format is InputFormat.CSV:
        value = parse_csv(raw, layout)
        return value if isinstance(value, dict) else raw.decode(errors="replace")
    if isinstance(parse_json(raw), dict):
        return msgspec.Raw(raw.replace(b"\r", b" "))
    return raw.decode(errors="replace")


def _raw_of(failed: Failed | BadRow) -> bytes:
    return failed.raw if isinstance(failed, BadRow) else failed.side.text().encode()
