"""What the first bytes of an input tell: its format, its columns, or why it is none of ours."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

import orjson

from batchdrop.domain.errors import Refused
from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.limits import MIB, REQUEST_BYTES
from batchdrop.domain.reasons import Code, Reason
from batchdrop.rows.csvrules import DELIMITERS, QuoteScanner, fields_of
from batchdrop.rows.lines import line_ends, pieces

HEAD_BYTES = MIB
_PEEK_BYTES = 64
_MOST_BYTES = HEAD_BYTES + REQUEST_BYTES
BOM = b"\xef\xbb\xbf"

_AS_UTF8 = "Save the file as UTF-8 and drop it again."
_MAGIC = (
    (b"\x1f\x8b", "gzip", "Unpack it with gunzip and drop the file inside."),
    (b"\x28\xb5\x2f\xfd", "Zstandard", "Unpack it with unzstd and drop the file inside."),
    (b"PAR1", "Parquet", "Write the rows as JSONL or CSV."),
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "Export the sheet as CSV (UTF-8), or unpack the archive."),
    (b"%PDF-", "PDF", "Put documents beside the data and point to them with gs:// URIs from its rows."),
    (b"\xff\xfe\x00\x00", "UTF-32 text", _AS_UTF8),
    (b"\x00\x00\xfe\xff", "UTF-32 text", _AS_UTF8),
    (b"\xff\xfe", "UTF-16 text", _AS_UTF8),
    (b"\xfe\xff", "UTF-16 text", _AS_UTF8),
)


def look(chunks: Iterable[bytes], name: str) -> Layout:
    """Tell from an input's name and first bytes how its rows are written.

    Reads about a MiB, and more only to see the end of a long record: at most 21 MB.

    Raises:
        Refused: it has no rows, or is of a type, or has a header, that we do not take.
    """
    stream = iter(chunks)
    first = _at_least(stream, _PEEK_BYTES)
    for magic, kind, remedy in _MAGIC:
        if first.startswith(magic):
            raise _refused(Code.INPUT_TYPE, name, f"The file is {kind}, whatever its name says.", remedy)
    body = len(BOM) if first.startswith(BOM) else 0
    rest = _capped(chain((first[body:],), stream))
    if name.lower().endswith(".csv"):
        return _look_at_csv(rest, name, body)
    if name.lower().endswith((".jsonl", ".ndjson")):
        if first[body:].lstrip().startswith(b"["):
            hint = "Write one object on each line: jq -c '.[]' old.json > new.jsonl"
            raise _refused(Code.INPUT_TYPE, name, "The file is one JSON array.", hint)
        return Layout(format=_look_at_jsonl(rest, name), body=body)
    raise _refused(Code.INPUT_TYPE, name, "Files of this type hold no rows.", "Drop .jsonl, .ndjson or .csv.")


def _at_least(stream: Iterator[bytes], size: int) -> bytes:
    head = b""
    for chunk in stream:
        head += chunk
        if len(head) >= size:
            break
    return head


def _capped(stream: Iterable[bytes]) -> Iterator[bytes]:
    read = 0
    for chunk in stream:
        yield chunk
        read += len(chunk)
        if read > _MOST_BYTES:
            return


def _refused(code: Code, name: str, message: str, hint: str, line: int | None = None) -> Refused:
    return Refused(Reason(code=code, message=message, hint=hint, where=name, line=line))


def _look_at_jsonl(stream: Iterable[bytes], name: str) -> InputFormat:
    read = 0
    empty = True
    for piece in pieces(stream, line_ends, REQUEST_BYTES):
        text = piece.data.strip()
        if empty and text == b"{":
            hint = "Write each object on one line: jq -c . old.json > new.jsonl"
            raise _refused(Code.INPUT_TYPE, name, "The file's first object runs over several lines.", hint)
        empty = empty and piece.kept and not text
        read += piece.size
        verdict = _format_of(text)
        if verdict is not None:
            return verdict
        if read >= HEAD_BYTES and not empty:
            break
    if empty:
        raise _refused(Code.INPUT_EMPTY, name, "The file has no rows.", "Write one JSON object on each line.")
    return InputFormat.JSONL


def _format_of(text: bytes) -> InputFormat | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    return InputFormat.VERTEX_JSONL if isinstance(value.get("request"), dict) else InputFormat.JSONL


def _look_at_csv(stream: Iterable[bytes], name: str, body: int) -> Layout:
    scanner = QuoteScanner(DELIMITERS)
    lines = 0
    records = pieces(stream, scanner.ends, HEAD_BYTES)
    for piece in records:
        body += piece.size
        if not piece.kept or (scanner.open and not piece.ended):
            hint = "Close the quote that opens in the header."
            raise _refused(
                Code.INPUT_HEADER, name, "The header does not end within a MiB, or not at all.", hint, lines + 1
            )
        if piece.data.strip(b" \r"):
            columns, delimiter = _header(piece.data.removesuffix(b"\r"), name, lines + 1)
            lines += piece.breaks + 1
            if any(not record.kept or record.data.strip(b" \r") for record in records):
                return Layout(format=InputFormat.CSV, columns=columns, delimiter=delimiter, body=body, head_lines=lines)
            break
        lines += 1
    raise _refused(
        Code.INPUT_EMPTY, name, "The file has no rows.", "Write a header line with the columns' names, then rows."
    )


def _header(raw: bytes, name: str, line: int) -> tuple[tuple[str, ...], str]:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        message = f"Byte {error.start + 1} of the header is not UTF-8."
        raise _refused(Code.INPUT_HEADER, name, message, _AS_UTF8, line) from None
    if "\0" in text:
        raise _refused(Code.INPUT_HEADER, name, "The header holds NUL bytes; it may be UTF-16.", _AS_UTF8, line)
    if "\r" in text.replace("\r\n", ""):
        hint = "End lines with a line feed, with or without a carriage return before it."
        raise _refused(Code.INPUT_HEADER, name, "Lines end with a carriage return alone.", hint, line)
    delimiter = _delimiter(text)
    columns = tuple(column.strip() for column in fields_of(text, delimiter))
    _check_columns(columns, name, line)
    return columns, delimiter


def _delimiter(header: str) -> str:
    """The most frequent candidate outside quotes; the earlier one, so the comma before all, wins a tie."""
    data = header.encode()
    spans = list(QuoteScanner(DELIMITERS).spans(data))
    return max(DELIMITERS, key=lambda mark: sum(data.count(mark.encode(), begin, end) for begin, end in spans))


def _check_columns(columns: tuple[str, ...], name: str, line: int) -> None:
    empty = [str(position) for position, column in enumerate(columns, 1) if not column]
    if empty:
        hint = "Give each column a name, and take away a delimiter at the header's end."
        raise _refused(Code.INPUT_HEADER, name, f"Columns without a name: {', '.join(empty)}.", hint, line)
    doubled = [
        f"{column!r} (columns {', '.join(str(at) for at, other in enumerate(columns, 1) if other == column)})"
        for column, count in Counter(columns).items()
        if count > 1
    ]
    if doubled:
        message = f"Column names appear more than once: {'; '.join(doubled)}."
        raise _refused(Code.INPUT_HEADER, name, message, "Give each column a name of its own.", line)
