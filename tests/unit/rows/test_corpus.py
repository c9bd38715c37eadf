"""Small nasty files, each with what must become of it, in the manner of JSONTestSuite and csv-spectrum."""

import json
from pathlib import Path
from typing import Any

import pytest

from batchdrop.domain.states import JobState
from tests.fakes.service import FakeService, answered

CORPUS = Path(__file__).parents[2] / "corpus"
JSON_OUTCOMES: dict[str, dict[str, str]] = json.loads((CORPUS / "json_outcomes.json").read_bytes())
CSV_OUTCOMES: dict[str, dict[str, Any]] = json.loads((CORPUS / "csv_outcomes.json").read_bytes())
PROMPT = "---\nmodel: gemini-x\nbatch.max_invalid: 1\nbatch.output: jsonl\n---\nSay hello.\n"
REQUEST = b'{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}'


def run(name: str, data: bytes) -> FakeService:
    service = FakeService(model=lambda line: answered(line, "fine"))
    service.drop("corpus/default.prompt", PROMPT)
    service.drop(f"corpus/{name}", data)
    service.run()
    return service


def as_record(name: str) -> bytes:
    value = (CORPUS / "json" / f"{name}.json").read_bytes()
    return value if name.startswith("line_") else b'{"v":%b}' % value


def as_native(name: str) -> bytes:
    value = (CORPUS / "json" / f"{name}.json").read_bytes()
    return value if name.startswith("line_") else b'{"v":%b,"request":%b}' % (value, REQUEST)


def outcome(good: bytes, line: bytes) -> str:
    """Put a line between two good ones; all three are accounted for, and a failed one comes back as it was."""
    service = run("rows.jsonl", b"%b\n%b\n%b\n" % (good, line, good))
    counts = service.manifest("corpus/rows.jsonl")["counts"]
    errors = service.lines("corpus/rows.jsonl", "errors")
    assert (counts["rows"], counts["results"], counts["errors"]) == (3, 3 - len(errors), len(errors))
    assert [error["line"] for error in errors] in ([], [2])
    assert service.file("corpus/rows.jsonl", "failed") == (line.removesuffix(b"\r") + b"\n" if errors else b"")
    return str(errors[0]["code"]) if errors else "ok"


@pytest.mark.parametrize("name", JSON_OUTCOMES)
def test_a_json_record_is_taken_or_refused_as_it_should_be(name: str) -> None:
    assert outcome(b'{"v":0}', as_record(name)) == JSON_OUTCOMES[name]["record"]


@pytest.mark.parametrize("name", JSON_OUTCOMES)
def test_a_vertex_line_with_a_json_sibling_is_taken_or_refused_as_it_should_be(name: str) -> None:
    assert outcome(b'{"request":%b}' % REQUEST, as_native(name)) == JSON_OUTCOMES[name]["native"]


@pytest.mark.parametrize("name", CSV_OUTCOMES)
def test_a_csv_file_gives_its_rows_or_the_reason_why_not(name: str) -> None:
    service = run("rows.csv", (CORPUS / "csv" / f"{name}.csv").read_bytes())
    manifest = service.manifest("corpus/rows.csv")
    expected = CSV_OUTCOMES[name]
    if "refused" in expected:
        assert (manifest["state"], manifest["reason"]["code"]) == (JobState.REJECTED, expected["refused"])
        return
    lines = service.lines("corpus/rows.csv", "results")
    results = ([line[column] for column in expected["columns"]] for line in lines)
    errors = {error["row"]: error["code"] for error in service.lines("corpus/rows.csv", "errors")}
    rows = [errors.get(row) or next(results) for row in range(1, manifest["counts"]["rows"] + 1)]
    assert (rows, list(results)) == (expected["rows"], [])


@pytest.mark.parametrize(("folder", "outcomes"), [("json", JSON_OUTCOMES), ("csv", CSV_OUTCOMES)])
def test_every_file_has_an_outcome_and_every_outcome_a_file(folder: str, outcomes: dict[str, object]) -> None:
    assert {path.stem for path in (CORPUS / folder).iterdir()} == set(outcomes)
