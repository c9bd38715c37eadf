"""Files as people really make them: each ends in a state, with a message that says what to do."""

import json
from typing import Any

import msgspec
import pytest

from infra.local.stack import Stack

PROMPT = b"---\nmodel: gemini-3.5-flash-lite\n---\nDescribe {{name}}.\n"
LARGE = "x" * 20_500_000


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A file, its prompt, and how its job ends. `says` is part of the reason's or the first error's message or hint."""

    data: bytes
    state: str
    name: str = "a.csv"
    prompt: bytes = PROMPT
    results: int = 0
    errors: int = 0
    code: str = ""
    says: str = ""


CASES = {
    "empty": Case(data=b"", state="REJECTED", code="INPUT_EMPTY", says="header line"),
    "header only": Case(data=b"id,name\n", state="REJECTED", code="INPUT_EMPTY"),
    "blank lines only": Case(data=b"\n\n\n", name="a.jsonl", state="REJECTED", code="INPUT_EMPTY"),
    "byte order mark": Case(data=b"\xef\xbb\xbfname,id\nChair,1\n", state="SUCCEEDED", results=1),
    "crlf": Case(data=b"name,id\r\nChair,1\r\nTable,2\r\n", state="SUCCEEDED", results=2),
    "blank lines": Case(data=b"name,id\n\nChair,1\n\n\nTable,2\n\n", state="SUCCEEDED", results=2),
    "no last newline": Case(data=b"name,id\nChair,1", state="SUCCEEDED", results=1),
    "quoted newlines": Case(data=b'name,id\n"Chair\nwith\r\narms",1\nTable,2\n', state="SUCCEEDED", results=2),
    "latin-1": Case(
        data="name,id\nStühle,1\nTable,2\n".encode("latin-1"),
        state="PARTIAL",
        results=1,
        errors=1,
        code="INVALID_UTF8",
        says="UTF-8",
    ),
    "a field of 20 MB": Case(
        data=f"name,id\nChair,1\n{LARGE},2\nTable,3\n".encode(), state="PARTIAL", results=2, errors=1, code="TOO_LARGE"
    ),
    "duplicate headers": Case(data=b"name,id,name\nA,1,B\n", state="REJECTED", code="INPUT_HEADER", says="name"),
    "a broken line": Case(
        data=b'{"name":"Chair"}\n{"name":"Tab\n{"name":"Lamp"}\n',
        name="a.jsonl",
        state="PARTIAL",
        results=2,
        errors=1,
        code="INVALID_JSON",
    ),
    "too few fields": Case(data=b"name,id\nChair\nTable,2\n", state="PARTIAL", results=1, errors=1, code="FIELD_COUNT"),
    "a json array": Case(data=b'[{"name":"Chair"}]', name="a.jsonl", state="REJECTED", code="INPUT_TYPE", says="jq"),
    "utf-16": Case(data="name,id\nChair,1\n".encode("utf-16"), state="REJECTED", code="INPUT_TYPE", says="UTF-8"),
    "a yaml mistake": Case(
        data=b"name\nChair\n",
        prompt=b"---\nmodel: [x\n---\n{{name}}\n",
        state="REJECTED",
        code="PROMPT_INVALID",
    ),
    "a missing column": Case(data=b"title\nChair\n", state="REJECTED", code="COLUMN_MISSING", says="name"),
    "another type": Case(data=b"PK", name="a.xlsx", state="REJECTED", code="INPUT_TYPE", says=".csv"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_file_ends_in_its_state_with_what_to_do(stack: Stack, prefix: str, case: Case) -> None:
    stack.upload(case.prompt, f"{prefix}default.prompt")
    stack.upload(case.data, f"{prefix}{case.name}")
    manifest = stack.wait_for(f"{prefix}{case.name}")
    counts = manifest["counts"]
    assert (manifest["state"], counts["results"], counts["errors"]) == (case.state, case.results, case.errors)
    assert counts["rows"] == counts["results"] + counts["errors"] + counts["not_asked"]
    if case.code:
        trouble = manifest["reason"] or first_error(stack, manifest)
        assert trouble["code"] == case.code
        assert trouble["hint"]
        assert case.says in trouble["message"] + trouble["hint"]


def first_error(stack: Stack, manifest: dict[str, Any]) -> dict[str, Any]:
    name = next(file["name"] for file in manifest["files"] if file["name"].endswith("errors.jsonl"))
    found: dict[str, Any] = json.loads(stack.output(name).splitlines()[0])
    return found


def test_errors_name_the_line_in_the_whole_file_whatever_the_shards(stack: Stack, prefix: str) -> None:
    good = '{"name":"a rather long name of a chair, so that there are several shards"}\n'
    lines = [good] * 100
    for broken in (17, 50, 98):
        lines[broken] = "{broken\n"
    stack.upload(PROMPT, f"{prefix}default.prompt")
    stack.upload("".join(lines).encode(), f"{prefix}a.jsonl")
    manifest = stack.wait_for(f"{prefix}a.jsonl")
    name = next(file["name"] for file in manifest["files"] if file["name"].endswith("errors.jsonl"))
    assert [json.loads(line)["line"] for line in stack.output(name).splitlines()] == [18, 51, 99]


def test_a_pdf_is_passed_over_and_the_log_says_why(stack: Stack, prefix: str) -> None:
    stack.upload(PROMPT, f"{prefix}default.prompt")
    stack.upload(b"%PDF-1.7", f"{prefix}report.pdf")
    stack.upload(b"name\nChair\n", f"{prefix}a.csv")
    stack.wait_for(f"{prefix}a.csv")
    lines = [json.loads(line) for line in (stack.logs / "intake.log").read_text().splitlines() if line.startswith("{")]
    told = [line for line in lines if line.get("object") == f"{prefix}report.pdf"]
    assert [(line["message"], line["why"]) for line in told] == [
        ("input.ignored", "a media file, for rows to point to")
    ]
