"""What a finished job left: told to a person, and compared with what it should have left."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.local.paths import shown
from infra.local.results import inside
from infra.local.rows_shown import first_rows, names_in, read_rows

_ROWS_SHOWN = 2
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


def report(folder: Path, name: str, source: Path, manifest: Manifest) -> list[str]:
    """Tell of a job: state and counts, files, the first rows, the errors by code.

    `folder` is a copy of the output bucket, `source` the file that was dropped.
    """
    counts = manifest["counts"]
    files = {Path(file["name"]).name: inside(folder, file["name"]) for file in manifest["files"]}
    lines = [f"{name}: {manifest['state']}, {counts['rows']} rows = {_sum(counts)}"]
    if manifest.get("reason"):
        lines += ["  " + manifest["reason"]["message"], "  " + manifest["reason"]["hint"]]
    lines += [f"  {shown(path)}" for path in (inside(folder, f"{name}/manifest.json"), *files.values())]
    for title, path in files.items():
        if title.startswith("results."):
            lines += ["  The first rows:", *first_rows(path, names_in(source), _ROWS_SHOWN, _width())]
        if title == "errors.jsonl":
            lines.append(f"  Errors by code: {_codes(path)}")
    return lines


def _sum(counts: Mapping[str, int]) -> str:
    parts = [f"{counts['results']} results", f"{counts['errors']} errors"]
    return " + ".join(parts + ([f"{counts['not_asked']} not asked"] if counts["not_asked"] else []))


def _codes(errors: Path) -> str:
    counted = Counter(row["code"] for row in read_rows(errors))
    return ", ".join(f"{code} {count}" for code, count in counted.most_common())


def _width() -> int:
    return min(max(shutil.get_terminal_size((100, 24)).columns, _NARROW), _WIDE) - 1


def summary(wrong: Mapping[str, Sequence[str]], logs: Path) -> list[str]:
    """Say at the end whether all is as it should be, and if not what differs and where to look."""
    if not wrong:
        return ["Every job ended as it should."]
    lines = [
        f"{len(wrong)} jobs did not end as they should:" if len(wrong) > 1 else "One job did not end as it should:"
    ]
    lines += [f"  {name}: {'; '.join(what)}" for name, what in wrong.items()]
    return [*lines, f"The logs of all processes are in {shown(logs)}; eventarc.log has every event and its answers."]
