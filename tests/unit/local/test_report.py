import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.report import differences, report, summary

COUNTS = {"rows": 3, "results": 2, "errors": 1, "not_asked": 0}
MANIFEST: dict[str, Any] = {"state": "PARTIAL", "reason": None, "counts": COUNTS, "files": []}


def test_a_manifest_as_expected_has_no_differences() -> None:
    assert differences({"state": "PARTIAL", "rows": 3, "results": 2, "errors": 1}, MANIFEST) == []


def test_each_difference_is_told() -> None:
    assert differences({"state": "SUCCEEDED", "rows": 3, "errors": 0}, MANIFEST) == [
        "state is PARTIAL, expected SUCCEEDED",
        "errors is 1, expected 0",
    ]


def test_a_missing_manifest_is_a_difference() -> None:
    assert differences({}, None) == ["it has no manifest"]


def test_a_report_shows_counts_files_first_rows_and_error_codes(tmp_path: Path) -> None:
    names = ("a.csv/7/results.csv", "a.csv/7/errors.jsonl")
    folder = tmp_path / "a.csv" / "7"
    folder.mkdir(parents=True)
    (folder / "results.csv").write_text('id,answer\n1,"two\nlines"\n2,yes\n3,third\n')
    (folder / "errors.jsonl").write_text("".join(json.dumps({"code": code}) + "\n" for code in ("A", "B", "A")))
    manifest = MANIFEST | {"files": [{"name": name} for name in names]}
    lines = report(tmp_path, "a.csv", manifest)
    assert lines[0] == "a.csv: PARTIAL, 3 rows = 2 results + 1 errors"
    assert any(str(folder / "results.csv") in line for line in lines)
    assert "    answer: two lines" in lines
    assert "    answer: yes" in lines
    assert not any("third" in line for line in lines)
    assert "  error codes   A 2, B 1" in lines


def test_long_cells_are_cut_to_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "a" / "7"
    folder.mkdir(parents=True)
    (folder / "results.jsonl").write_text(json.dumps({"text": "word " * 100, "list": ["x" * 300]}) + "\n")
    lines = report(tmp_path, "a", MANIFEST | {"files": [{"name": "a/7/results.jsonl"}]})
    assert all(len(line) < 80 for line in lines if line.startswith("    "))
    assert any(line.endswith(" ...") for line in lines)


def test_the_reason_is_shown_with_its_remedy(tmp_path: Path) -> None:
    manifest = MANIFEST | {"reason": {"message": "No model.", "hint": "Name one."}}
    assert report(tmp_path, "a", manifest)[1:3] == ["    No model.", "    Name one."]


def test_the_summary_says_where_to_look(tmp_path: Path) -> None:
    assert summary({}, tmp_path) == ["Every job ended as it should."]
    assert str(tmp_path) in summary({"a": ["state is X, expected Y"]}, tmp_path)[-1]
