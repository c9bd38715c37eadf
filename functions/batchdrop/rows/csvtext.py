"""CSV as it is written: RFC 4180, with the input's delimiter; cells of answers cannot start a formula."""

import re
from collections.abc import Iterable
from functools import cache

import msgspec

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def record_of(cells: Iterable[str], delimiter: str) -> str:
    """Write a record, without a line end; quotes stand only where they must."""
    awkward = _awkward(delimiter)
    return delimiter.join(_quoted(cell) if awkward.search(cell) else cell for cell in cells)


@cache
def _awkward(delimiter: str) -> re.Pattern[str]:
    return re.compile(f'[{re.escape(delimiter)}"\r\n]')


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def answer_cell(value: object) -> str:
    """Write a value of an answer: nothing for null, JSON for what is nested, and text that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _neutral(value)
    return msgspec.json.encode(value).decode()


def _neutral(text: str) -> str:
    if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text
