import json
from pathlib import Path
from typing import Any

from infra.local.report import differences, report, summary
from infra.local.rows_shown import first_rows, names_in

COUNTS = {"rows": 3, "results": 2, "errors": 1, "not_asked": 0}
MANIFEST: dict[str, Any] = {"state": "PARTIAL", "reason": None, "counts": COUNTS, "files": []}


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


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
    source = tmp_path / "a.csv"
    source.write_text("id,text\n")
    results = write(tmp_path, "out/a.csv/7/results.csv", 'id,text,answer\n1,x,"two\nlines"\n2,x,yes\n3,x,third\n')
    write(tmp_path, "out/a.csv/7/errors.jsonl", "".join(f'{{"code": "{code}"}}\n' for code in "ABA"))
    manifest = MANIFEST | {"files": [{"name": "a.csv/7/results.csv"}, {"name": "a.csv/7/errors.jsonl"}]}
    lines = report(tmp_path / "out", "a.csv", source, manifest)
    assert lines[0] == "a.csv: PARTIAL, 3 rows = 2 results + 1 errors"
    assert f"  {results}" in lines
    assert lines[lines.index("  The first rows:") + 1 :] == [
        "  - id: 1",
        "    answer: two lines",
        "  - id: 2",
        "    answer: yes",
        "  Errors by code: A 2, B 1",
    ]


def test_long_cells_are_cut_to_the_width(tmp_path: Path) -> None:
    row = {"text": "word " * 100, "list": ["x" * 300]}
    lines = first_rows(write(tmp_path, "r.jsonl", json.dumps(row) + "\n"), (), 1, 80)
    assert all(len(line) <= 80 for line in lines)
    assert [line[-4:] for line in lines] == [" ...", " ..."]


def test_a_vertex_record_shows_what_was_asked_and_answered(tmp_path: Path) -> None:
    asked = [{"parts": [{"text": "Look:"}, {"fileData": {}}]}, {"parts": [{"text": "What is it?"}]}]
    candidates = [{"content": {"parts": [{"text": "A"}, {"text": "lamp."}]}}]
    row = {"request": {"contents": asked}, "response": {"candidates": candidates}, "other": 1}
    path = write(tmp_path, "r.jsonl", json.dumps(row) + "\n")
    assert first_rows(path, (), 1, 80) == ["  - asked: What is it?", "    answered: A lamp."]


def test_the_counts_of_a_row_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "r.jsonl", '{"id": 1, "answer": "a", "finish_reason": "STOP", "prompt_tokens": 3}\n')
    assert first_rows(path, {"id"}, 1, 80) == ["  - id: 1", "    answer: a"]


def test_what_was_in_the_input_is_known_from_any_readable_record(tmp_path: Path) -> None:
    assert names_in(write(tmp_path, "a.jsonl", '{"id": 1}\nbroken\n[]\n{"note": 2}\n')) == {"id", "note"}
    assert names_in(write(tmp_path, "a.csv", "\ufeffid,text\n")) == {"id", "text"}


def test_the_reason_is_shown_with_its_remedy(tmp_path: Path) -> None:
    manifest = MANIFEST | {"reason": {"message": "No model.", "hint": "Name one."}}
    assert report(tmp_path, "a", tmp_path / "a", manifest)[1:3] == ["  No model.", "  Name one."]


def test_the_summary_says_where_to_look(tmp_path: Path) -> None:
    assert summary({}, tmp_path) == ["Every job ended as it should."]
    assert str(tmp_path) in summary({"a": ["state is X, expected Y"]}, tmp_path)[-1]
