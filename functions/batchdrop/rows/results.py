"""How results, errors and failed records are written."""

from collections.abc import Collection
from typing import assert_never

import msgspec

from batchdrop.domain.job import InputFormat, Layout, OutputFormat
from batchdrop.rows.conform import Schema, properties_of
from batchdrop.rows.csvrules import fields_of
from batchdrop.rows.csvtext import answer_cell, record_of
from batchdrop.rows.read import parse_csv, parse_json
from batchdrop.rows.values import Answered, BadRow, Failed, Output, Stage

_OUTPUT = ("output",)
_COUNTS = ("finish_reason", "prompt_tokens", "output_tokens")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def answer_columns(output_schema: Schema | None, taken: tuple[str, ...]) -> tuple[str, ...]:
    """Name the columns of an answer: one per property of an object schema, else `output`; then the counts.

    A name that is taken becomes `answer_name`, or if that is taken too `answer_2_name`, and so on.
    """
    wanted = (*(properties_of(output_schema) or _OUTPUT), *_COUNTS)
    columns: list[str] = []
    for name in wanted:
        used = {*taken, *columns}
        columns.append(_free("answer", name, used | set(wanted)) if name in used else name)
    return tuple(columns)


def _free(prefix: str, name: str, used: Collection[str]) -> str:
    found, number = f"{prefix}_{name}", 2
    while found in used:
        found, number = f"{prefix}_{number}_{name}", number + 1
    return found


class ResultFormat(msgspec.Struct, frozen=True, kw_only=True):
    """How the results of one job are written; `columns` are the answer's."""

    layout: Layout
    output: OutputFormat
    columns: tuple[str, ...]
    native: bool

    def header(self) -> bytes:
        r"""Write the header of a CSV with its line end; nothing for JSONL."""
        match self.output:
            case OutputFormat.JSONL:
                return b""
            case OutputFormat.CSV:
                return self._csv((*self._originals(), *self.columns))
            case _:
                assert_never(self.output)

    def result(self, answered: Answered, row_in_file: int) -> bytes:
        """Write one result with its line end. `row_in_file` counts from 0; a CSV made of JSONL shows it, from 1."""
        match self.output:
            case OutputFormat.JSONL if self.native:
                return _native_line(answered)
            case OutputFormat.JSONL:
                return self._json_line(answered)
            case OutputFormat.CSV:
                return self._csv_line(answered, row_in_file)
            case _:
                assert_never(self.output)

    def _json_line(self, answered: Answered) -> bytes:
        value = self._original(answered.side.text())
        names = self.columns
        if not value.keys().isdisjoint(names):
            used = value.keys() | set(names)
            names = tuple(_free("answer", name, used) if name in value else name for name in names)
        return _line(value | dict(zip(names, _values(answered.output), strict=True)))

    def _original(self, raw: str) -> dict[str, object]:
        if self.layout.format is InputFormat.CSV:
            return dict(zip(self.layout.columns, fields_of(raw, self.layout.delimiter), strict=True))
        return _verbatim(raw)

    def _csv_line(self, answered: Answered, row_in_file: int) -> bytes:
        answer = map(answer_cell, _values(answered.output))
        raw = answered.side.text()
        if self.layout.format is not InputFormat.CSV:
            return self._csv((str(row_in_file + 1), _one_line(raw), *answer))
        if '"' in raw or "\r" in raw:
            return self._csv((*fields_of(raw, self.layout.delimiter), *answer))
        delimiter = self.layout.delimiter
        return f"{raw}{delimiter}{record_of(answer, delimiter)}\n".encode()

    def _csv(self, cells: tuple[str, ...]) -> bytes:
        return f"{record_of(cells, self.layout.delimiter)}\n".encode()

    def _originals(self) -> tuple[str, ...]:
        if self.layout.format is InputFormat.CSV:
            return self.layout.columns
        return tuple(_free("input", name, self.columns) if name in self.columns else name for name in ("row", "record"))


def result_format(
    job_layout: Layout,
    output: OutputFormat,
    answer_columns: tuple[str, ...],
    native: bool,  # noqa: FBT001  # the order that the steps call it in
) -> ResultFormat:
    """Say how a job's results are written. A native job has no answer columns of its own; as CSV it gets the usual."""
    columns = answer_columns or (*_OUTPUT, *_COUNTS)
    return ResultFormat(layout=job_layout, output=output, columns=columns, native=native)


def _values(output: Output) -> tuple[object, ...]:
    """Values in the order of `answer_columns`. Thoughts are tokens of the output: they are billed so."""
    usage = output.usage
    counts = (usage.prompt, usage.output + usage.thoughts) if usage.rows else (None, None)
    answer = (output.text,) if output.fields is None else output.fields.values()
    return (*answer, output.finish_reason or None, *counts)


def _native_line(answered: Answered) -> bytes:
    """The line as it was, with its answer; what an earlier run left in it must not pass for this one's."""
    value = _verbatim(answered.side.text())
    value.pop("response", None)
    if "status" in value:
        value["status"] = ""
    value["response"] = answered.output.response
    return _line(value)


def _verbatim(raw: str) -> dict[str, object]:
    """Take an object apart without touching its values: numbers stay as they were written."""
    return {**_OBJECT.decode(_one_line(raw))}


def _one_line(raw: str) -> str:
    """A carriage return is blank space in JSON, but a line end to some readers of JSONL."""
    return raw.replace("\r", " ")


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def failed_header(layout: Layout) -> bytes:
    """Write what comes before the failed records: the header of a CSV, else nothing."""
    if layout.format is not InputFormat.CSV:
        return b""
    return record_of(layout.columns, layout.delimiter).encode() + b"\n"


def failed_record(raw: bytes, layout: Layout) -> bytes:  # noqa: ARG001  # formats that are no lines will need it
    """Write a failed record as it came. One too large to have been kept leaves nothing."""
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
    return _line(
        _ErrorLine(
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
    )


def _record(failed: Failed | BadRow, layout: Layout) -> object:
    raw = failed.raw if isinstance(failed, BadRow) else failed.side.text().encode()
    if failed.problem.stage is Stage.READ:
        return raw.decode(errors="replace") or None
    if layout.format is InputFormat.CSV:
        value = parse_csv(raw, layout)
        return value if isinstance(value, dict) else raw.decode(errors="replace")
    if isinstance(parse_json(raw), dict):
        return msgspec.Raw(raw.replace(b"\r", b" "))
    return raw.decode(errors="replace")
