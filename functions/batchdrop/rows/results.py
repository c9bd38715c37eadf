"""How results are written as lines: JSONL and CSV."""

from collections.abc import Callable
from typing import assert_never

import msgspec

from batchdrop.domain.job import InputFormat, Layout, OutputFormat
from batchdrop.rows.csvtext import QUOTE, cell_of, neutral, record_of
from batchdrop.rows.records import cells_of, json_of, members_of
from batchdrop.rows.result_columns import free
from batchdrop.rows.values import Answered, Output

_encode = msgspec.json.Encoder().encode
_FEW = 10_000
_NUMBERS = [b"%d" % number for number in range(_FEW)]
"""Counts of tokens, written: looking them up takes a third of the time."""


class ResultFormat(msgspec.Struct, frozen=True, kw_only=True):
    """How the results of one job are written.

    `columns` are those of the records, where a table has them: without any it shows each record whole. `answer` are
    the answer's; none of them is a name in any record. `raw_csv` leaves cells alone that could be formulas.
    """

    layout: Layout
    output: OutputFormat
    columns: tuple[str, ...]
    answer: tuple[str, ...]
    raw_csv: bool = False


class Lines:
    """Writes results as lines. `line` takes an answered row and its number in the file, from 0."""

    def __init__(self, how: ResultFormat) -> None:
        self.header = _csv_header(how) if how.output is OutputFormat.CSV else b""
        """What comes before all results, with its line end."""
        self.line = _line_writer(how)


def _line_writer(how: ResultFormat) -> Callable[[Answered, int], bytes]:
    match how.output:
        case OutputFormat.CSV:
            return _csv_line(how)
        case OutputFormat.JSONL:
            return _json_line(how)
        case OutputFormat.PARQUET:
            raise AssertionError("Parquet has no lines")
        case _:
            assert_never(how.output)


def answer_values(output: Output) -> tuple[object, ...]:
    """Values in the order of the answer's columns. Thoughts are tokens of the output: they are billed so."""
    usage = output.usage
    counts = (usage.prompt, usage.output + usage.thoughts) if usage.rows else (None, None)
    answer = (output.text,) if output.fields is None else output.fields.values()
    return (*answer, output.finish_reason or None, *counts)


def _json_line(how: ResultFormat) -> Callable[[Answered, int], bytes]:
    match how.layout.format:
        case InputFormat.VERTEX_JSONL:
            return _native_line
        case InputFormat.JSONL | InputFormat.PARQUET:
            return _json_of_json(how)
        case InputFormat.CSV:
            return _json_of_csv(how)
        case _:
            assert_never(how.layout.format)


def _json_of_json(how: ResultFormat) -> Callable[[Answered, int], bytes]:
    """The record as it was written, with the answer's members at its end."""
    own = list(how.answer[:-3])
    text, reason, prompt, output = (_encode(name) + b":" for name in (own[0], *how.answer[-3:]))
    reason, prompt, output = b"," + reason, b"," + prompt, b"," + output
    stopped = reason + b'"STOP"' + prompt

    def line(answered: Answered, _: int) -> bytes:
        found = answered.output
        fields, usage, end = found.fields, found.usage, found.finish_reason
        if fields is None:
            answer = text + _encode(found.text)
        else:
            answer = _encode(fields if list(fields) == own else dict(zip(own, fields.values(), strict=True)))[1:-1]
        why = stopped if end == "STOP" else reason + _encode(end or None) + prompt
        taken, given = usage.prompt, usage.output + usage.thoughts
        if taken < _FEW and given < _FEW and usage.rows:
            counts = _NUMBERS[taken], _NUMBERS[given]
        else:
            counts = (b"%d" % taken, b"%d" % given) if usage.rows else (b"null", b"null")
        record, comma = _open(json_of(answered.side))
        return b"".join((record, comma, answer, why, counts[0], output, counts[1], b"}\n"))

    return line


def _json_of_csv(how: ResultFormat) -> Callable[[Answered, int], bytes]:
    names = (*how.layout.columns, *how.answer)
    cells = cells_of(how.layout, how.layout.columns)

    def line(answered: Answered, _: int) -> bytes:
        values = (*cells(answered.side), *answer_values(answered.output))
        return _encode(dict(zip(names, values, strict=True))) + b"\n"

    return line


def _native_line(answered: Answered, _: int) -> bytes:
    """The line as it was, with its answer; what an earlier run left in it must not pass for this one's."""
    record = json_of(answered.side)
    response = bytes(answered.output.response)
    if b'"response"' not in record and b'"status"' not in record and b"\\u" not in record:
        return b'%b%b"response":%b}\n' % (*_open(record), response)
    members: dict[str, object] = {name: raw for name, raw in members_of(record).items() if name != "response"}
    if "status" in members:
        members["status"] = ""
    members["response"] = answered.output.response
    return _encode(members) + b"\n"


def _open(record: bytes) -> tuple[bytes, bytes]:
    """An object up to where more members may follow, and what stands before them."""
    last = record[-2]
    if record[-1] != _CLOSING or last <= _BLANK:
        record = record.rstrip()[:-1].rstrip() + b"}"
        last = record[-2]
    return record[:-1], b"" if last == _OPENING else b","


_BLANK, _OPENING, _CLOSING = b" {}"


def _csv_line(how: ResultFormat) -> Callable[[Answered, int], bytes]:
    delimiter = how.layout.delimiter
    safe = _as_it_is if how.raw_csv else neutral
    originals = cells_of(how.layout, how.columns) if how.columns else None

    def line(answered: Answered, row_in_file: int) -> bytes:
        side = answered.side
        record = [str(row_in_file + 1), json_of(side).decode()] if originals is None else originals(side)
        answer = map(cell_of, answer_values(answered.output))
        return f"{record_of(map(safe, (*record, *answer)), delimiter)}\n".encode()

    return line


def _csv_header(how: ResultFormat) -> bytes:
    originals = how.columns or whole_columns(how.answer)
    safe = _as_it_is if how.raw_csv else neutral
    return f"{record_of(map(safe, (*originals, *how.answer)), how.layout.delimiter, QUOTE)}\n".encode()


def whole_columns(answer: tuple[str, ...]) -> tuple[str, ...]:
    """Name the columns of a table that shows each record whole: its number from 1, and its text."""
    return tuple(free("input", name, answer) if name in answer else name for name in ("row", "record"))


def _as_it_is(cell: str) -> str:
    return cell
