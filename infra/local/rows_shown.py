"""A few rows of a result, short enough for a terminal: what names the row, and what was answered."""

import csv
import json
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]

_COUNTS = frozenset({"finish_reason", "prompt_tokens", "output_tokens"})
_LOOKED_AT = 200


def first_rows(results: Path, originals: Collection[str], count: int, width: int) -> list[str]:
    """Write the first rows of a result as indented lines; `originals` are the names that were in the input."""
    lines: list[str] = []
    for row in islice(read_rows(results), count):
        shown = _native(row) if {"request", "response"} <= row.keys() else _answer(row, originals)
        for number, (name, value) in enumerate(shown.items()):
            mark = "  - " if number == 0 else "    "
            lines.append(mark + textwrap.shorten(f"{name}: {_text(value)}", width - len(mark), placeholder=" ..."))
    return lines


def names_in(path: Path) -> set[str]:
    """Names of the columns of a CSV, or of the keys of the first records of a JSONL file that can be read."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".csv":
            return set(csv.DictReader(file).fieldnames or ())
        return {name for line in islice(file, _LOOKED_AT) for name in _keys(line)}


def _keys(line: str) -> Iterable[str]:
    try:
        record = json.loads(line)
    except ValueError:
        return ()
    return record.keys() if isinstance(record, dict) else ()


def read_rows(path: Path) -> Iterator[Row]:
    """Read the rows of a CSV or JSONL file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file) if path.suffix == ".csv" else map(json.loads, file)


def _answer(row: Row, originals: Collection[str]) -> dict[str, Any]:
    first = dict(islice(row.items(), 1))
    return first | {name: value for name, value in row.items() if name not in originals and name not in _COUNTS}


def _native(row: Row) -> dict[str, Any]:
    """Take the last text asked, and the text answered, out of a Vertex record."""
    asked = _texts(row["request"]["contents"])
    answered = _texts(candidate["content"] for candidate in row["response"]["candidates"])
    return {"asked": asked[-1] if asked else "(no text)", "answered": " ".join(answered)}


def _texts(contents: Iterable[Row]) -> list[str]:
    return [part["text"] for content in contents for part in content["parts"] if "text" in part]


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())
