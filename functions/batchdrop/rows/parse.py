"""From a record's bytes to its values, or to what is wrong with it."""

import orjson

from batchdrop.domain.job import Layout
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.csvrules import fields_of
from batchdrop.rows.values import Problem, Stage

MAX_NESTING = 100
"""Deeper records are refused, so that nothing after this needs to fear for its stack."""

_MOST_PARTS = 2_000_000

_OBJECTS = "Write one complete JSON object on each line."
_LINES = "End lines with a line feed: a carriage return alone ends none."


def parse_json(raw: bytes) -> dict[str, object] | Problem:
    """Read one line of JSONL."""
    crowded = too_many_parts(raw)
    if crowded is not None:
        return crowded
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        message = f"Not valid JSON at column {error.colno} of the line: {error.msg.partition(':')[0]}."
        return not_utf8(raw) or read_problem("INVALID_JSON", message, _LINES if b"}\r{" in raw else _OBJECTS)
    if not isinstance(value, dict):
        return read_problem("NOT_AN_OBJECT", "The line is JSON, but no object.", "Write {...} on each line.")
    if len(raw) > MAX_NESTING and raw.count(b"[") + raw.count(b"{") > MAX_NESTING and _deep(value):
        return read_problem("TOO_DEEP", f"The record is nested more than {MAX_NESTING} deep.", "Flatten the record.")
    return value


def parse_csv(raw: bytes, layout: Layout) -> dict[str, object] | Problem:
    """Read one record of a CSV, whose quotes are closed."""
    try:
        record = raw.decode()
    except UnicodeDecodeError:
        return not_utf8(raw) or too_large()
    fields = fields_of(record, layout.delimiter, layout.quote)
    if len(fields) != len(layout.columns):
        return field_count(len(fields), len(layout.columns))
    return dict(zip(layout.columns, fields, strict=True))


def too_many_parts(raw: bytes) -> Problem | None:
    """Say that a record has so many lists and objects that its values would take many times its bytes."""
    if len(raw) <= _MOST_PARTS or raw.count(b"[") + raw.count(b"{") <= _MOST_PARTS:
        return None
    message = f"The record has more than {_MOST_PARTS:,} opening brackets and braces."
    return read_problem("TOO_MANY_PARTS", message, "Flatten the record, or write its data as text.")


def read_problem(code: str, message: str, hint: str) -> Problem:
    """Say why a record could not be read."""
    return Problem(stage=Stage.READ, code=code, message=message, hint=hint)


def not_utf8(raw: bytes) -> Problem | None:
    """Say where a record is not UTF-8, if it is not."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        message = f"Byte {error.start + 1} of the record is not UTF-8."
        hint = "Save the file as UTF-8, for example with iconv -f latin1 -t utf-8."
        return read_problem("INVALID_UTF8", message, hint)
    return None


def field_count(found: int, expected: int) -> Problem:
    """Say that a record of a CSV has more or fewer fields than the header."""
    message = f"The record has {found} fields, the header {expected}."
    hint = 'Put quotes around values that hold the delimiter, and write a quote inside them as "".'
    return read_problem("FIELD_COUNT", message, hint)


def too_large() -> Problem:
    """Say that a record has more bytes than a request may have; how many more is not known, as not all are read."""
    message = f"The record has more than {REQUEST_BYTES:,} bytes, which is all that a request may have."
    hint = "Shorten it, or put its media into a bucket and point to it with a gs:// URI."
    return read_problem("TOO_LARGE", message, hint)


def unclosed(lines: int) -> Problem:
    """Say that a quote swallowed the rest of the file."""
    message = f"A quote that opens in this record is never closed: {lines} lines, to the end of the file, belong to it."
    hint = (
        'Close the quote and write a quote inside a quoted value as "", or write batch.csv_quote: "" into the prompt.'
    )
    return read_problem("BAD_QUOTES", message, hint)


def _deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_NESTING):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
    return bool(level)
