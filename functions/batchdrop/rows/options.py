"""What a prompt's `batch.*` says about the job."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import msgspec

from batchdrop.domain.job import Options, OutputFormat, OverBudget, UnknownFields
from batchdrop.domain.limits import LOT_ROWS
from batchdrop.rows.frontmatter import FrontMatter, Path, did_you_mean

PREFIX = "batch"
MOST_ATTEMPTS = 10
MOST_SUBMISSIONS = 5_000
PRIORITIES = range(11)

_LABEL_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MOST_LABELS = 64

_SIGN = re.compile(r"[\t -/:-@\[-`{-~]")
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}
_QUOTES = {"double": '"', "single": "'", "none": "", "": ""}
_LEAST_DOLLARS = Decimal("0.000001")
_MOST_DOLLARS = 10**9


class _WrongValue(Exception):
    """Says what the value should be, and which one may have been meant."""

    def __init__(self, wanted: str, suggestion: str = "") -> None:
        """Make the hint."""
        super().__init__(f"Write {wanted}. {suggestion}".strip())


def batch_options(front: FrontMatter) -> Options:
    """Read `batch.*`, dotted as Dotprompt asks of extensions, or nested under `batch`.

    Raises:
        Refused: a key is unknown, or a value is not what it takes.
    """
    found: dict[str, Any] = {}
    for path, key, value in _entries(front):
        reader = _READERS.get(key)
        if reader is None:
            hint = did_you_mean(f"{PREFIX}.{key}", [f"{PREFIX}.{name}" for name in _READERS])
            known = ", ".join(f"{PREFIX}.{name}" for name in _READERS)
            raise front.refused(path, f"{PREFIX}.{key} is unknown.", hint or f"Known are: {known}.")
        try:
            found[key] = reader(value)
        except _WrongValue as wrong:
            raise front.refused(path, f"{PREFIX}.{key} has a value it cannot have.", str(wrong)) from None
    if found.get("csv_delimiter") == found.get("csv_quote", ""):
        path = next(path for path, key, _ in _entries(front) if key == "csv_quote")
        raise front.refused(path, f"{PREFIX}.csv_quote is the delimiter too.", "Write two different signs.")
    return msgspec.convert(found, Options)


def _entries(front: FrontMatter) -> list[tuple[Path, str, object]]:
    entries: list[tuple[Path, str, object]] = []
    for key, value in front.fields.items():
        if key == PREFIX:
            if not isinstance(value, dict):
                raise front.refused((key,), "batch is no mapping.", "Write batch.max_attempts: 3, for example.")
            entries += [((key, inner), inner, entry) for inner, entry in value.items()]
        elif key.startswith(f"{PREFIX}."):
            entries.append(((key,), key.removeprefix(f"{PREFIX}."), value))
    return entries


def _one_of(known: type[StrEnum]) -> Callable[[object], str]:
    words = [str(word) for word in known]

    def read(value: object) -> str:
        if isinstance(value, str) and value.lower() in words:
            return value.lower()
        suggestion = did_you_mean(value, words) if isinstance(value, str) else ""
        raise _WrongValue(f"{', '.join(words[:-1])} or {words[-1]}", suggestion)

    return read


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _WrongValue("a share from 0 to 1, 0.1 for a tenth")
    return float(value)


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _WrongValue(f"a whole number from {low} to {high}")
        return value

    return read


def _money(value: object) -> str:
    try:
        amount = Decimal(str(value)) if isinstance(value, int | float | str) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not amount.is_finite() or not _LEAST_DOLLARS <= amount <= _MOST_DOLLARS:
        raise _WrongValue("an amount of US dollars above 0, like 12.50")
    return f"{amount:f}"


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongValue("true or false")
    return value


def _delimiter(value: object) -> str:
    return _sign(value, _DELIMITERS, "\"'", "comma, semicolon, tab, pipe or space")


def _quote(value: object) -> str:
    return _sign(value, _QUOTES, ",;| ", "double or single, or none where quotes are data")


def _sign(value: object, names: dict[str, str], never: str, wanted: str) -> str:
    if isinstance(value, str) and value.lower() in names:
        return names[value.lower()]
    if not isinstance(value, str) or not _SIGN.fullmatch(value) or value in never:
        raise _WrongValue(f"one sign in quotes, or its name: {wanted}")
    return value


def _labels(value: object) -> dict[str, str]:
    labels = {key: str(text) for key, text in value.items()} if isinstance(value, dict) else {}
    sound = all(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(text) for key, text in labels.items())
    if not isinstance(value, dict) or not sound or len(labels) > _MOST_LABELS:
        raise _WrongValue("at most 64 labels, 63 long, of small letters, digits and _; a key begins with a letter")
    return labels


_READERS: dict[str, Callable[[object], object]] = {
    "output": _one_of(OutputFormat),
    "max_invalid": _share,
    "max_attempts": _whole(1, MOST_ATTEMPTS),
    "max_submissions": _whole(1, MOST_SUBMISSIONS),
    "max_cost_usd": _money,
    "over_budget": _one_of(OverBudget),
    "canary_rows": _whole(0, LOT_ROWS),
    "canary_max_errors": _share,
    "dedupe": _truth,
    "allow_truncated": _truth,
    "priority": _whole(PRIORITIES.start, PRIORITIES.stop - 1),
    "labels": _labels,
    "unknown_fields": _one_of(UnknownFields),
    "raw_csv": _truth,
    "csv_delimiter": _delimiter,
    "csv_quote": _quote,
}
