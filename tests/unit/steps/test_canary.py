"""Rows that are asked before all others: when the rest follows, and what becomes of it if not."""

import json
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from batchdrop.domain.shard import Ready
from batchdrop.domain.states import JobState
from batchdrop.domain.vertex import VertexState
from tests.fakes.service import SETTINGS, SUCCEEDED, End, FakeService, Line, Model, answered, echo

PROMPT = """---
model: gemini-3.5-flash-lite
batch.canary_rows: 4
---
Describe {{name}}.
"""
SCHEMA_PROMPT = PROMPT.replace("batch.", "output: {schema: {label: string}}\nbatch.", 1)
BUSY = 'Resource Exhausted: {"error": {"code": 429}}'
SMALL = 97
"""Bytes of a shard that some such records fit into."""


def records(*names: str) -> str:
    return "".join(f'{{"name":"{name}"}}\n' for name in names)


def numbered(count: int) -> tuple[str, ...]:
    return tuple(f"P{number:03}" for number in range(count))


def named(line: Line) -> str:
    text: str = line["request"]["contents"][-1]["parts"][-1]["text"]
    return text.split()[1].strip(".")


class Asked:
    """A model that remembers the rows it was asked, in order."""

    def __init__(self, fate: Model = echo) -> None:
        self.rows: list[str] = []
        self._fate = fate

    def __call__(self, line: Line) -> Line | None:
        self.rows.append(named(line))
        return self._fate(line)


def service_with(model: Model, shard_bytes: int = SETTINGS.shard_bytes, prompt: str = PROMPT) -> FakeService:
    service = FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=shard_bytes), model)
    service.drop("default.prompt", prompt)
    return service


def refused(*names: str) -> Model:
    return lambda line: answered(line, "", "SAFETY") if named(line) in names else echo(line)


def counts(service: FakeService) -> dict[str, int]:
    found = service.manifest("a.jsonl")["counts"]
    return {name: found[name] for name in ("rows", "results", "errors", "not_asked")}


def names(service: FakeService, stem: str) -> list[str]:
    lines = service.lines("a.jsonl", stem)
    return [line.get("name") or line["record"]["name"] for line in lines]


def test_nothing_but_the_canary_is_asked_before_it_is_answered() -> None:
    service = service_with(asked := Asked(), SMALL)
    info = service.drop("a.jsonl", records(*numbered(20)))
    service.deliver()
    assert service.job(info).state is JobState.CANARY
    assert [shard.ready for shard in service.shards(info)] == [Ready.CANARY, *[Ready.NONE] * 3]
    service.vertex()
    assert asked.rows == list(numbered(4))
    service.run()
    assert service.submissions() == 2
    assert sorted(asked.rows) == list(numbered(20))
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"
    assert service.manifest("a.jsonl")["canary"]["verdict"] == "PASSED"


def test_a_canary_changes_nothing_of_the_results() -> None:
    outputs = []
    for prompt in (PROMPT, PROMPT.replace("canary_rows: 4", "canary_rows: 0")):
        service = service_with(echo, SMALL, prompt)
        service.drop("a.jsonl", records(*numbered(20)))
        service.run()
        outputs.append(service.file("a.jsonl", "results"))
    assert outputs[0] == outputs[1]


def test_a_canary_that_fails_stops_the_job_before_the_rest_is_asked() -> None:
    service = service_with(asked := Asked(refused("P001", "P002")), SMALL)
    info = service.drop("a.jsonl", records(*numbered(20)))
    service.run()
    manifest = service.manifest("a.jsonl")
    assert asked.rows == list(numbered(4))
    assert manifest["state"] == "FAILED"
    assert counts(service) == {"rows": 20, "results": 2, "errors": 2, "not_asked": 16}
    assert names(service, "results") == ["P000", "P003"]
    assert names(service, "errors") == names(service, "failed") == ["P001", "P002"]
    assert manifest["reason"]["code"] == "CANARY_FAILED"
    assert "Of 4 canary rows 2 failed, 2 of them refused" in manifest["reason"]["message"]
    assert (manifest["canary"]["refused"], manifest["canary"]["verdict"]) == (2, "FAILED")
    assert service.turns() == []
    assert service.job(info).expire_at is not None


def test_answers_that_do_not_fit_the_schema_stop_the_job_before_their_rows_are_asked_again() -> None:
    service = service_with(asked := Asked(), prompt=SCHEMA_PROMPT)
    service.drop("a.jsonl", records(*numbered(9)))
    service.run()
    assert asked.rows == list(numbered(4))
    assert counts(service) == {"rows": 9, "results": 0, "errors": 4, "not_asked": 5}
    assert {error["code"] for error in service.lines("a.jsonl", "errors")} == {"CANARY_FAILED"}


def test_a_canary_waits_for_rows_that_are_asked_again_if_they_can_turn_it() -> None:
    def model(line: Line) -> Line:
        first = asked.rows.count(named(line)) == 1
        return line | {"status": BUSY, "response": {}} if first and named(line) == "P002" else echo(line)

    asked = Asked(model)
    service = service_with(asked)
    info = service.drop("a.jsonl", records(*numbered(9)))
    service.run()
    assert service.job(info).state is JobState.CANARY
    service.run_on(timedelta(minutes=10), ticks=3)
    assert asked.rows == [*numbered(4), "P002", *numbered(9)[4:]]
    assert counts(service) == {"rows": 9, "results": 9, "errors": 0, "not_asked": 0}


def test_rows_that_are_asked_again_are_not_waited_for_if_they_cannot_turn_it() -> None:
    def model(line: Line) -> Line:
        return line | {"status": BUSY, "response": {}} if named(line) == "P002" else echo(line)

    service = service_with(model, prompt=PROMPT.replace("rows: 4", "rows: 10"))
    info = service.drop("a.jsonl", records(*numbered(15)))
    service.run()
    assert service.job(info).state is JobState.RUNNING
    assert service.submissions() == 2


@pytest.mark.parametrize("rows", [2, 4])
def test_a_job_without_other_rows_than_its_canary_has_none(rows: int) -> None:
    service = service_with(refused("P000"))
    service.drop("a.jsonl", records(*numbered(rows)))
    service.run()
    assert service.manifest("a.jsonl")["state"] == "PARTIAL"
    assert service.manifest("a.jsonl")["canary"] is None
    assert counts(service) == {"rows": rows, "results": rows - 1, "errors": 1, "not_asked": 0}


def test_invalid_rows_are_no_canaries() -> None:
    service = service_with(asked := Asked())
    service.drop("a.jsonl", "no json\n{}\n" + records(*numbered(9)))
    service.deliver()
    service.vertex()
    assert asked.rows == list(numbered(4))
    service.run()
    assert counts(service) == {"rows": 11, "results": 9, "errors": 2, "not_asked": 0}


def test_where_the_first_shard_has_no_valid_row_the_first_lot_that_there_is_goes_ahead() -> None:
    service = service_with(asked := Asked(), SMALL)
    service.drop("a.jsonl", "x" * 96 + "\n" + records(*numbered(12)))
    service.deliver()
    service.vertex()
    assert 0 < len(asked.rows) < 12
    assert asked.rows == list(numbered(len(asked.rows)))
    service.run()
    assert counts(service) == {"rows": 13, "results": 12, "errors": 1, "not_asked": 0}


def poisoned(*marks: str) -> Callable[[list[Line]], End]:
    def ends(requests: list[Line]) -> End:
        bad = any(mark in json.dumps(line) for line in requests for mark in marks)
        return (VertexState.FAILED, 3, "Failed to import data.") if bad else SUCCEEDED

    return ends


def test_a_canary_that_cannot_be_imported_is_cut_until_the_bad_row_stands_alone() -> None:
    service = service_with(asked := Asked(), prompt=PROMPT.replace("rows: 4", "rows: 10"))
    service.ends = poisoned("P005.")
    service.drop("a.jsonl", records(*numbered(15)))
    service.run()
    assert sorted(asked.rows) == [name for name in numbered(15) if name != "P005"]
    assert counts(service) == {"rows": 15, "results": 14, "errors": 1, "not_asked": 0}
    assert service.manifest("a.jsonl")["canary"]["verdict"] == "PASSED"


def test_a_canary_of_rows_that_cannot_be_imported_stops_the_job() -> None:
    service = service_with(asked := Asked())
    service.ends = poisoned("P000.", "P001.", "P002.", "P003.")
    service.drop("a.jsonl", records(*numbered(9)))
    service.run()
    assert asked.rows == []
    assert service.manifest("a.jsonl")["reason"]["code"] == "CANARY_FAILED"
    assert counts(service) == {"rows": 9, "results": 0, "errors": 4, "not_asked": 5}


def test_a_job_can_be_cancelled_and_superseded_while_its_canary_is_out() -> None:
    service = service_with(asked := Asked())
    old = service.drop("a.jsonl", records(*numbered(9)))
    service.deliver()
    new = service.drop("a.jsonl", records(*numbered(7)))
    service.deliver()
    service.delete("a.jsonl")
    service.run()
    service.run_on(timedelta(minutes=3), ticks=3)
    assert [service.job(info).state for info in (old, new)] == [JobState.CANCELLED] * 2
    assert "P004" not in asked.rows
    assert service.turns() == []


def test_a_canary_that_somebody_stops_at_vertex_holds_the_job_and_is_asked_again_once_approved() -> None:
    service = service_with(asked := Asked())
    service.ends = lambda _: (VertexState.CANCELLED, 1, "CANCELED") if service.submissions() == 1 else SUCCEEDED
    service.model = lambda line: None if service.submissions() == 1 else asked(line)
    info = service.drop("a.jsonl", records(*numbered(9)))
    service.run()
    service.run_on(timedelta(minutes=40), ticks=40)
    assert service.job(info).state is JobState.HELD
    service.drop("a.jsonl.approve", "")
    service.deliver()
    assert service.job(info).state is JobState.CANARY
    service.run()
    service.run_on(timedelta(minutes=10), ticks=3)
    assert asked.rows == list(numbered(9))
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"
    assert service.turns() == []
