"""How a CSV is written, found out from its head: delimiter and quotes."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from batchdrop.domain.limits import KIB
from batchdrop.rows.csvrules import DELIMITERS, QUOTE

if TYPE_CHECKING:
    from _csv import Reader

SAMPLE_BYTES = 64 * KIB
_SAMPLE_RECORDS = 100
_APOSTROPHE = "'"
_SEPARATOR = re.compile(rb'"?sep=([\t\x20-\x7e])"?\r?\n', re.IGNORECASE)


class Dialect(msgspec.Struct, frozen=True):
    """How fields are told apart; `quote` is empty where quotes are data."""

    delimiter: str
    quote: str = QUOTE


class _Fit(msgspec.Struct, frozen=True, order=True):
    """How well a dialect suits a sample, the greater the better: columns at all, records as wide as the header."""

    several: bool
    share: float
    width: int


def separator_line(sample: bytes) -> tuple[str | None, int]:
    """The delimiter that a first line `sep=;`, Excel's, names, and the bytes of that line; None and 0 without one."""
    found = _SEPARATOR.match(sample)
    return (None, 0) if found is None else (found[1].decode(), found.end())


def sniff(sample: bytes, delimiter: str | None, quote: str | None, *, whole: bool) -> Dialect:
    """Find out how a CSV is written; what is given stays.

    The delimiter is the one that splits most records like the header, and the header most. Quotes are double ones
    unless single ones, or none, explain records that double ones do not.

    Args:
        sample: the first bytes, from the header or blank lines before it on; no more than SAMPLE_BYTES count.
        delimiter: if it is known.
        quote: if it is known.
        whole: the sample is all there is; else its last record is cut off and does not count.
    """
    text = sample[:SAMPLE_BYTES].decode(errors="replace")
    whole = whole and len(sample) <= SAMPLE_BYTES
    marks = DELIMITERS if delimiter is None else delimiter
    fit, dialect = _best(text, marks, QUOTE if quote is None else quote, whole=whole)
    if quote is not None:
        return dialect
    single_fit, single = _best(text, marks, _APOSTROPHE, whole=whole)
    if _wraps_header(text, single) or (single_fit > fit and _wraps_a_field(text, single.delimiter, _APOSTROPHE)):
        return single
    none_fit, none = _best(text, marks, "", whole=whole)
    if none_fit > fit and QUOTE not in _header(text) and not _wraps_a_field(text, none.delimiter, QUOTE):
        return none
    return dialect


def _best(text: str, delimiters: str, quote: str, *, whole: bool) -> tuple[_Fit, Dialect]:
    """The first of the dialects that suit the sample best."""
    dialects = [Dialect(mark, quote if mark != quote else "") for mark in delimiters]
    return max(((_fit(text, dialect, whole=whole), dialect) for dialect in dialects), key=lambda pair: pair[0])


def _fit(text: str, dialect: Dialect, *, whole: bool) -> _Fit:
    header: list[str] = []
    with suppress(csv.Error):
        header = next(_filled(_reader(text, dialect, strict=False)), [])
    if len(header) <= 1:
        return _Fit(several=False, share=0.0, width=0)
    rows, broken = _rows(text, dialect, whole=whole)
    good = sum(len(row) == len(header) for row in rows)
    return _Fit(several=True, share=good / max(len(rows) + broken, 1), width=len(header))


def _rows(text: str, dialect: Dialect, *, whole: bool) -> tuple[list[list[str]], bool]:
    """The first records behind the header, and whether a quote broke them off: one amid a field, or never closed."""
    reader = _reader(text, dialect, strict=True)
    rows: list[list[str]] = []
    try:
        rows += islice(_filled(reader), 1, _SAMPLE_RECORDS)
    except csv.Error:
        return rows, whole or reader.line_num <= text.count("\n")
    cut_off = not whole and len(rows) < _SAMPLE_RECORDS - 1
    return rows[:-1] if cut_off else rows, False


def _filled(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    return (record for record in reader if len(record) > 1 or "".join(record).strip())


def _reader(text: str, dialect: Dialect, *, strict: bool) -> "Reader":
    lines = io.StringIO(text, newline="\n")
    if dialect.quote:
        return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=strict)
    return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)


def _header(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip("\r")


def _wraps_header(text: str, dialect: Dialect) -> bool:
    mark, end = re.escape(dialect.quote), re.escape(dialect.delimiter)
    return (
        mark != ""
        and re.fullmatch(f"{mark}[^{mark}]+{mark}(?:{end}{mark}[^{mark}]+{mark})*", _header(text)) is not None
    )


def _wraps_a_field(text: str, delimiter: str, quote: str) -> bool:
    mark, end = re.escape(quote), re.escape(delimiter)
    return re.search(rf"(?:^|{end}){mark}[^{mark}\n]*{mark}(?:\r?$|{end})", text, re.MULTILINE) is not None
