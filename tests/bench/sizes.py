"""Sizes: rows as `10k`, `200k`, `1M`, or bytes as `50MB`, `5GB`."""

import re

import msgspec

from tests.bench.cases import Case
from tests.bench.data import row_bytes

QUICK = ("10k", "200k")
LARGE = ("50MB", "500MB", "5GB")

_SIZE = re.compile(r"(\d+(?:\.\d+)?)(k|M|MB|GB)?")
_FACTORS = {None: 1, "k": 1_000, "M": 1_000_000, "MB": 1_000_000, "GB": 1_000_000_000}
_LONG_ANSWERS_SHARE = 20


class Size(msgspec.Struct, frozen=True):
    """How much goes through, as it was asked for."""

    text: str
    amount: float
    is_bytes: bool


def parse_size(text: str) -> Size:
    """Read a size.

    Raises:
        ValueError: it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size: write 10k, 1M (rows), 50MB or 5GB")
    number, unit = found.groups()
    return Size(text.strip(), float(number) * _FACTORS[unit], unit in ("MB", "GB"))


def rows_of(case: Case, size: Size) -> int:
    """How many rows a case has at a size: so many, or so many that what the step reads has so many bytes.

    Rows with long answers are fewer, twenty for one.
    """
    if size.is_bytes:
        return max(1, round(size.amount / (case.answer_bytes or row_bytes(case.data))))
    return max(1, round(size.amount / (_LONG_ANSWERS_SHARE if case.answers == "long" else 1)))
