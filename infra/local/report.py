"""What a finished job left: told to a person, and compared with what it should have left."""

import csv
import json
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from infra.local.paths import shown
from infra.local.results import inside

_ROWS_SHOWN = 2
_INDENT = "    "
_NARROW, _WIDE = 60, 160

Manifest = Mapping[str, Any]


def differences(expected: Mapping[str, str | int], manifest: Manifest | None) -> list[str]:
    """Say in what a job's manifest differs from what was expected of `state` and counts."""
    if manifest is None:
        return ["it has no manifest"]
    actual = {"state": manifest["state"], **manifest["counts"]}
    return [
        f"{field} is {actual.get(field)}, expected {value}"
        for field, value in expected.items()
        if actual.get(field) != value
    ]


def report(folder: Path, name: str, manifest: Manifest) -> list[str]:
    """Tell of a job: state and counts, files, the first rows, the errors by code. `folder` is a copy of the output."""
    counts = manifest["counts"]
    files = {Path(file["name"]).name: inside(folder, file["name"]) for file in manifest["files"]}
    lines = [f"{name}: {manifest['state']}, {counts['rows']} rows = {_sum(counts)}"]
    if manifest.get("reason"):
        lines += [_INDENT + manifest["reason"]["message"], _INDENT + manifest["reason"]["hint"]]
    listed = {**files, "manifest.json": inside(folder, f"{name}/manifest.json")}
    lines += [f"  {title:<14}{shown(path)}" for title, path in listed.items()]
    for title, path in files.items():
        if title.startswith("results."):
            lines += ["  first rows", *_first_rows(path)]
        if title == "errors.jsonl":
            lines.append(f"  error codes   {_codes(path)}")
    return lines


def _sum(counts: Mapping[str, int]) -> str:
    parts = [f"{counts['results']} results", f"{counts['errors']} errors"]
    return " + ".join(parts + ([f"{counts['not_asked']} not asked"] if counts["not_asked"] else []))


def _codes(errors: Path) -> str:
    with errors.open(encoding="utf-8") as lines:
        counted = Counter(json.loads(line)["code"] for line in lines)
    return ", ".join(f"{code} {count}" for code, count in counted.most_common())


def _first_rows(results: Path) -> Iterator[str]:
    width = min(max(shutil.get_terminal_size((100, 24)).columns, _NARROW), _WIDE) - 1
    for row in islice(_rows(results), _ROWS_SHOWN):
        cells = [f"{name}: {_one_line(value)}" for name, value in row.items() if value not in ("", None)]
        yield from (_INDENT + textwrap.shorten(cell, width - len(_INDENT), placeholder=" ...") for cell in cells)
        yield ""


def _rows(results: Path) -> Iterator[Mapping[str, Any]]:
    with results.open(encoding="utf-8-sig", newline="") as file:
        if results.suffix == ".csv":
            yield from csv.DictReader(file)
        else:
            yield from map(json.loads, file)


def _one_line(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())


def summary(wrong: Mapping[str, Sequence[str]], logs: Path) -> list[str]:
    """Say at the end whether all is as it should be, and if not what differs and where to look."""
    if not wrong:
        return ["Every job ended as it should."]
    lines = [
        f"{len(wrong)} jobs did not end as they should:" if len(wrong) > 1 else "One job did not end as it should:"
    ]
    lines += [f"  {name}: {'; '.join(what)}" for name, what in wrong.items()]
    return [*lines, f"The logs of all processes are in {shown(logs)}; eventarc.log has every event and its answers."]
