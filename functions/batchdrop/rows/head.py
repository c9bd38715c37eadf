"""What the first bytes of an input tell: its format, its columns, or why it is none of ours."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec
import orjson

from batchdrop.domain.errors import Refused
from batchdrop.domain.job import Compression, InputFormat, Layout, Options
from batchdrop.domain.limits import COLUMNS_BYTES, MIB, REQUEST_BYTES
from batchdrop.domain.naming import CSV_SUFFIX, JSON_SUFFIXES, data_suffix
from batchdrop.domain.reasons import Code, Reason
from batchdrop.rows.csvrules import BLANKS, RecordScanner, fields_of
from batchdrop.rows.lines import line_ends, pieces
from batchdrop.rows.sniff import SAMPLE_BYTES, Dialect, separator_line, sniff
from batchdrop.rows.unpack import compression_of, unpacked

HEAD_BYTES = MIB
BOM = b"\xef\xbb\xbf"
_PEEK_BYTES = 64
_MOST_BYTES = HEAD_BYTES + REQUEST_BYTES

_AS_UTF8 = "Save the file as UTF-8 and drop it again."
_MAGIC = (
    (b"PAR1", "Parquet", "Give it a name that ends in .parquet, or in .parquet.gz or .parquet.zst if compressed."),
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "Export the sheet as CSV (UTF-8), or unpack the archive."),
    (b"%PDF-", "PDF", "Put documents beside the data and point to them with gs:// URIs from its rows."),
    (b"BZh", "bzip2", "Unpack it, or compress it with gzip or zstd."),
    (b"\xfd7zXZ\x00", "xz", "Unpack it, or compress it with gzip or zstd."),
    (b"\xff\xfe\x00\x00", "UTF-32 text", _AS_UTF8),
    (b"\x00\x00\xfe\xff", "UTF-32 text", _AS_UTF8),
    (b"\xff\xfe", "UTF-16 text", _AS_UTF8),
    (b"\xfe\xff", "UTF-16 text", _AS_UTF8),
)
_TWICE = "Compress the file once only; gsutil -Z compresses, too, what it uploads."


def look(chunks: Iterable[bytes], name: str, options: Options | None = None) -> Layout:
    """Tell from an input's name and first bytes how its rows are written.

    Reads about a MiB, and more only to see the end of a long record: at most 21 MB, unpacked.

    Args:
        chunks: the stored bytes, compressed if they are.
        name: the object's.
        options: what the prompt says of a CSV's delimiter and quotes; the rest is found out.

    Raises:
        Refused: it has no rows, or is of a type, or has a header, that we do not take.
    """
    stream = iter(chunks)
    first = _at_least(stream, _PEEK_BYTES)
    compression = compression_of(first)
    if compression is not Compression.NONE:
        stream = unpacked(chain((first,), stream), compression, name)
        first = _at_least(stream, _PEEK_BYTES)
        if compression_of(first) is not Compression.NONE:
            raise _refused(Code.INPUT_TYPE, name, "The file is compressed twice.", _TWICE)
    for magic, kind, remedy in _MAGIC:
        if first.startswith(magic):
            raise _refused(Code.INPUT_TYPE, name, f"The file is {kind}, whatever its name says.", remedy)
    layout = _look_at_text(chain((first,), stream), name, options or Options())
    return msgspec.structs.replace(layout, compression=compression)


def check_columns(columns: tuple[str, ...], name: str, line: int | None) -> None:
    """Refuse columns without a name, with the same name, or of more names than a job's document has room for."""
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
    if sum(len(column.encode()) for column in columns) > COLUMNS_BYTES:
        message = f"The names of the {len(columns):,} columns have more than {COLUMNS_BYTES:,} bytes."
        raise _refused(Code.INPUT_HEADER, name, message, "Keep the columns that the prompt needs.", line)


def _look_at_text(stream: Iterator[bytes], name: str, options: Options) -> Layout:
    first = _at_least(stream, _PEEK_BYTES)
    body = len(BOM) if first.startswith(BOM) else 0
    rest = _capped(chain((first[body:],), stream))
    suffix = data_suffix(name)
    if suffix == CSV_SUFFIX:
        return _look_at_csv(rest, name, body, options)
    if suffix in JSON_SUFFIXES:
        if b"\0" in first[:2]:
            raise _refused(Code.INPUT_TYPE, name, "The file holds NUL bytes; it may be UTF-16.", _AS_UTF8)
        if first[body:].lstrip().startswith(b"["):
            hint = "Write one object on each line: jq -c '.[]' old.json > new.jsonl"
            raise _refused(Code.INPUT_TYPE, name, "The file is one JSON array.", hint)
        return Layout(format=_look_at_jsonl(rest, name), body=body)
    hint = "Drop .jsonl, .ndjson, .csv or .parquet, plain or compressed: .gz, .zst."
    raise _refused(Code.INPUT_TYPE, name, "Files of this type hold no rows.", hint)


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


def _look_at_csv(stream: Iterator[bytes], name: str, body: int, options: Options) -> Layout:
    sample = _at_least(stream, SAMPLE_BYTES)
    said, size = separator_line(sample)
    lines = 1 if size else 0
    dialect = sniff(sample[size:], options.csv_delimiter or said, options.csv_quote, whole=len(sample) < SAMPLE_BYTES)
    scanner = RecordScanner(dialect.delimiter, dialect.quote)
    records = pieces(chain((sample[size:],), stream), scanner.ends, HEAD_BYTES)
    body += size
    for piece in records:
        body += piece.size
        if not piece.kept or (scanner.open and not piece.ended):
            message = "The header does not end within a MiB, or not at all."
            raise _refused(Code.INPUT_HEADER, name, message, "Close the quote that opens in the header.", lines + 1)
        if piece.data.strip(BLANKS):
            columns = _columns(piece.data.removesuffix(b"\r"), dialect, name, lines + 1)
            lines += piece.breaks + 1
            if any(not record.kept or record.data.strip(BLANKS) for record in records):
                return Layout(
                    format=InputFormat.CSV,
                    columns=columns,
                    delimiter=dialect.delimiter,
                    quote=dialect.quote,
                    body=body,
                    head_lines=lines,
                )
            break
        lines += 1
    raise _refused(
        Code.INPUT_EMPTY, name, "The file has no rows.", "Write a header line with the columns' names, then rows."
    )


def _columns(raw: bytes, dialect: Dialect, name: str, line: int) -> tuple[str, ...]:
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
    columns = tuple(column.strip() for column in fields_of(text, dialect.delimiter, dialect.quote))
    check_columns(columns, name, line)
    return columns
