"""Single values of a request: texts, numbers and names of enums, in the spellings that Google's JSON allows."""

import math
import re

from batchdrop.rows.problems import RowProblem, refusal
from batchdrop.rows.request_spec import Kind, ValueSpec
from batchdrop.rows.suggestions import did_you_mean

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")
_BASE64 = bytes(
    byte not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_" for byte in range(256)
)
_MOST_PADDING = 2
_IS_A = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}


def wrong_type(value: object, wanted: str, path: str) -> RowProblem:
    """The problem of a value of another type than the definition has."""
    return refusal("WRONG_TYPE", f"This is {_IS_A.get(type(value), 'null')}, not {wanted}.", f"Write {wanted}.", path)


def plain_text(spec: ValueSpec, value: object, path: str) -> str:
    """Take a text.

    Raises:
        RowProblem: it is none, or not what its field holds.
    """
    if not isinstance(value, str):
        raise wrong_type(value, "a text", path)
    if spec.pattern is not None and spec.pattern.match(value) is None:
        raise refusal("BAD_TEXT", "The text has not the form of its field.", "Write a duration as 1.5s.", path)
    if spec.kind is Kind.BYTES and not is_base64(value):
        raise refusal("BAD_BASE64", "The data is not base64.", "Encode the bytes as base64, without line breaks.", path)
    return value


def is_base64(text: str) -> bool:
    """Whether a text is base64 of either alphabet, padded or not."""
    digits = text.rstrip("=")
    if not text.isascii() or len(digits) % 4 == 1 or len(text) - len(digits) > _MOST_PADDING:
        return False
    return b"\1" not in digits.encode().translate(_BASE64)


def number(spec: ValueSpec, value: object, path: str) -> int | float:
    """Take a number, or a text of one.

    Raises:
        RowProblem: it is none, or out of range.
    """
    whole = spec.kind is Kind.WHOLE
    if isinstance(value, str):
        value = _read(value, whole=whole)
    if isinstance(value, float) and whole and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise wrong_type(value, "a whole number" if whole else "a number", path)
    low, high = spec.bounds
    if not low <= value <= high:
        raise refusal("OUT_OF_RANGE", "The number is out of range.", f"Write one from {low} to {high}.", path)
    return value


def _read(text: str, *, whole: bool) -> int | float | str:
    if whole and _WHOLE.fullmatch(text):
        return int(text)
    if not whole and _DECIMAL.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def choice(spec: ValueSpec, value: object, path: str, *, strict: bool) -> str:
    """Take the name of an enum, whichever its case. Unknown ones pass unless `strict`.

    Raises:
        RowProblem: it is no name that is known.
    """
    if not isinstance(value, str):
        raise wrong_type(value, "the name of a choice", path)
    name = value.upper().replace("-", "_")
    if name in spec.choices:
        return name
    if not strict:
        return value
    known = ", ".join(name for name in spec.choices if not name.endswith("UNSPECIFIED"))
    raise refusal(
        "UNKNOWN_VALUE",
        "The value is no name that is known here.",
        f"{did_you_mean(name, spec.choices)}Known: {known}.",
        path,
    )
