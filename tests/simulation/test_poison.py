"""A hundred thousand rows, some of which Vertex cannot import, through the whole pipeline."""

import json
import random
from datetime import timedelta

from batchdrop.domain.vertex import VertexState
from tests.fakes.service import SUCCEEDED, End, FakeService, Line

ROWS = 100_000
POISON = frozenset(random.Random(7).sample(range(ROWS), 16))
PROMPT = "---\nmodel: gemini-3.5-flash-lite\nbatch.max_submissions: 64\n---\nDescribe {{name}} now.\n"


def test_with_few_submissions_every_row_is_answered_or_a_named_suspect_and_none_is_lost() -> None:
    service = FakeService()
    service.ends = ends
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", "".join(f'{{"name":"P{number}"}}\n' for number in range(ROWS)))
    service.run()
    service.run_on(timedelta(minutes=30), ticks=10)
    manifest = service.manifest("a.jsonl")
    answered = [int(row["name"][1:]) for row in service.lines("a.jsonl", "results")]
    errors = service.lines("a.jsonl", "errors")
    failed = [int(error["record"]["name"][1:]) for error in errors]
    assert answered == sorted(answered)
    assert sorted(answered + failed) == list(range(ROWS))
    assert set(failed) >= POISON
    assert len(answered) > len(failed)
    assert {error["code"] for error in errors} <= {"IMPORT_SUSPECT", "BATCH_FAILED_3"}
    assert manifest["submissions"] <= 64
    assert len(service.file("a.jsonl", "failed").splitlines()) == len(failed)


def ends(requests: list[Line]) -> End:
    names = (json.dumps(line["request"]["contents"]).split(" P", 1)[1].split(" ", 1)[0] for line in requests)
    poisoned = any(int(name) in POISON for name in names)
    return (VertexState.FAILED, 3, "Failed to import data.") if poisoned else SUCCEEDED
