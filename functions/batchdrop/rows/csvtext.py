"""CSV as it is written: RFC 4180, with the input's delimiter, and cells that no spreadsheet runs."""

import re
from collections.abc import Callable, Iterable
from functools import cache

import msgspec

QUOTE = '"'

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  # spreadsheets take them too
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]+)*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?%?")
_encode = msgspec.json.Encoder().encode


def record_of(cells: Iterable[str], delimiter: str, quote: str = QUOTE) -> str:
    """Write a record, without a line end; quotes stand only where they must. An empty `quote` writes none at all."""
    if not quote:
        return delimiter.join(cells)
    awkward = _awkward(delimiter, quote)
    return delimiter.join(quote + cell.replace(quote, quote * 2) + quote if awkward(cell) else cell for cell in cells)


@cache
def _awkward(delimiter: str, quote: str) -> Callable[[str], object]:
    return re.compile(f"[{re.escape(delimiter)}{re.escape(quote)}\r\n]").search


def cell_of(value: object) -> str:
    """Write a value: nothing for null, text as it is, JSON for all else."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return _encode(value).decode()


def neutral(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula: a quote before it makes it text. Numbers stay numbers.

    What starts a formula is OWASP's list (CSV injection).
    """
    if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell
