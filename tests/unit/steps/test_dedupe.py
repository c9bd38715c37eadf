"""Rows that ask the same: sent once, answered all."""

import json
import random
from collections import Counter
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdrop.domain import limits
from batchdrop.domain.states import JobState
from batchdrop.domain.vertex import VertexState
from tests.fakes.service import SETTINGS, SUCCEEDED, End, FakeService, Line, Model, answered, echo

PROMPT = """---
model: gemini-3.5-flash-lite
config: {temperature: 0}
---
Describe {{name}}.
"""
BUSY = 'Resource Exhausted: {"error": {"code": 429}}'
NAMES = ("red", "blue", "red", "red", "green", "blue", "grey", "red")


def records(names: tuple[str, ...] | list[str]) -> str:
    return "".join(f'{{"name":"{name}","n":{number}}}\n' for number, name in enumerate(names))


def named(line: Line) -> str:
    text: str = line["request"]["contents"][-1]["parts"][-1]["text"]
    return text.split()[1].strip(".")


class Asked:
    """A model that remembers what it was asked."""

    def __init__(self, fate: Model = echo) -> None:
        self.rows: list[str] = []
        self._fate = fate

    def __call__(self, line: Line) -> Line | None:
        self.rows.append(named(line))
        return self._fate(line)


def service_with(model: Model, prompt: str = PROMPT, **changes: int) -> FakeService:
    service = FakeService(msgspec.structs.replace(SETTINGS, **changes), model)
    service.drop("default.prompt", prompt)
    return service


def off(prompt: str = PROMPT) -> str:
    return prompt.replace("---\n", "---\nbatch.dedupe: false\n", 1)


def outputs(service: FakeService, name: str = "a.jsonl") -> list[bytes]:
    return [service.file(name, stem) for stem in ("results", "errors", "failed")]


def test_identical_requests_are_sent_once_and_answer_all_their_rows_in_order() -> None:
    service = service_with(asked := Asked())
    service.drop("a.jsonl", records(NAMES))
    service.run()
    assert asked.rows == ["red", "blue", "green", "grey"]
    results = service.lines("a.jsonl", "results")
    assert [(line["n"], line["output"]) for line in results] == [
        (number, f"about Describe {name}.") for number, name in enumerate(NAMES)
    ]


def test_what_was_saved_is_in_the_manifest_and_not_among_what_was_spent() -> None:
    service = service_with(echo)
    service.drop("a.jsonl", records(NAMES))
    service.run()
    manifest = service.manifest("a.jsonl")
    assert (manifest["tokens"]["rows"], manifest["tokens"]["prompt"]) == (4, 4 * 7)
    saved = manifest["saved_by_dedupe"]
    assert (saved["rows"], saved["tokens"]["prompt"], saved["tokens"]["output"]) == (4, 4 * 7, 4 * 3)


def test_at_another_temperature_each_row_is_asked_by_itself() -> None:
    service = service_with(asked := Asked(), PROMPT.replace("temperature: 0", "temperature: 1"))
    service.drop("a.jsonl", records(NAMES))
    service.run()
    assert len(asked.rows) == len(NAMES)
    assert service.manifest("a.jsonl")["saved_by_dedupe"]["rows"] == 0


def test_native_requests_at_temperature_0_are_sent_once_and_keep_what_stands_beside_them() -> None:
    def line(number: int, text: str, temperature: float) -> str:
        request = {
            "contents": [{"role": "user", "parts": [{"text": f"Describe {text}."}]}],
            "generationConfig": {"temperature": temperature},
        }
        return json.dumps({"n": number, "request": request}) + "\n"

    service = FakeService(model=(asked := Asked()))
    service.drop("a.jsonl", "".join(line(row, "red", 0 if row < 3 else 0.7) for row in range(6)))
    service.run()
    assert len(asked.rows) == 4
    assert [found["n"] for found in service.lines("a.jsonl", "results")] == list(range(6))


def failing(kinds: dict[str, str]) -> Model:
    def model(line: Line) -> Line | None:
        match kinds.get(named(line)):
            case "blocked":
                return answered(line, "", "SAFETY")
            case "bad":
                return line | {"status": 'Bad Request: {"error": {"code": 400}}', "response": {}}
            case "silent":
                return None
            case _:
                return echo(line)

    return model


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["blocked", "bad", "silent"]), max_size=3),
    st.sampled_from([SETTINGS.lot_rows, 3]),
    st.sampled_from([SETTINGS.shard_bytes, 200]),
)
def test_the_output_is_the_same_byte_by_byte_as_if_each_row_had_been_asked(
    names: list[str], fates: dict[str, str], lot_rows: int, shard_bytes: int
) -> None:
    found = []
    for prompt in (PROMPT, off()):
        service = service_with(failing(fates), prompt, lot_rows=lot_rows, shard_bytes=shard_bytes)
        # The same name for the job, and so the same row keys in its errors.
        service.objects.put("input", "a.jsonl", records(names).encode())
        service.run()
        service.run_on(timedelta(hours=3), ticks=20)
        manifest = service.manifest("a.jsonl")
        counts = {name: manifest["counts"][name] for name in ("rows", "results", "errors", "not_asked")}
        found.append((outputs(service), counts, manifest["state"]))
    assert found[0] == found[1]


def test_a_csv_and_a_table_of_twins_come_back_as_they_would_without() -> None:
    rows = "id,name\n" + "".join(f"{number},{name}\n" for number, name in enumerate(NAMES * 20))
    for output in ("csv", "jsonl", "parquet"):
        found = []
        for prompt in (PROMPT, off()):
            service = service_with(echo, prompt.replace("---\n", f"---\nbatch.output: {output}\n", 1), lot_rows=2)
            service.drop("a.csv", rows)
            service.run()
            found.append(outputs(service, "a.csv"))
        assert found[0] == found[1]


def test_a_row_that_is_asked_again_answers_its_twins_too() -> None:
    def model(line: Line) -> Line | None:
        first = asked.rows.count(named(line)) == 1
        return line | {"status": BUSY, "response": {}} if first and named(line) in {"red", "grey"} else echo(line)

    service = service_with(asked := Asked(model), lot_rows=3)
    service.drop("a.jsonl", records(NAMES))
    service.run()
    service.run_on(timedelta(minutes=10), ticks=3)
    assert Counter(asked.rows) == {"red": 2, "blue": 1, "green": 1, "grey": 2}
    assert [line["n"] for line in service.lines("a.jsonl", "results")] == list(range(8))
    assert service.manifest("a.jsonl")["counts"]["retried"] == 5


def test_a_row_without_an_answer_is_as_many_errors_as_it_has_twins() -> None:
    service = service_with(failing({"red": "silent"}))
    service.drop("a.jsonl", records(NAMES))
    service.run()
    service.run_on(timedelta(hours=3), ticks=20)
    assert [error["record"]["n"] for error in service.lines("a.jsonl", "errors")] == [0, 2, 3, 7]
    assert [record["n"] for record in service.lines("a.jsonl", "failed")] == [0, 2, 3, 7]


def test_twins_go_with_their_row_where_a_batch_cannot_be_imported() -> None:
    def ends(requests: list[Line]) -> End:
        bad = any(named(line) in {"n3", "n13"} for line in requests)
        return (VertexState.FAILED, 3, "Failed to import data.") if bad else SUCCEEDED

    names = [f"n{random.Random(row).randrange(16)}" for row in range(120)]
    service = service_with(echo, lot_rows=9)
    service.ends = ends
    info = service.drop("a.jsonl", records(names))
    service.run()
    errors = [error["record"]["n"] for error in service.lines("a.jsonl", "errors")]
    assert errors == [number for number, name in enumerate(names) if name in {"n3", "n13"}]
    assert [line["n"] for line in service.lines("a.jsonl", "results")] == sorted({*range(120)} - {*errors})
    assert service.job(info).state is JobState.PARTIAL


def test_a_request_is_sent_again_when_the_lot_that_has_it_and_another_behind_it_are_full() -> None:
    service = service_with(asked := Asked(), lot_rows=3)
    service.drop("a.jsonl", records(["a", "b", "c", "d", "a", "e", "f", "a", "g", "a", "h", "i", "a"]))
    service.run()
    assert asked.rows.count("a") == 2
    assert sorted(set(asked.rows)) == list("abcdefghi")
    assert len(service.lines("a.jsonl", "results")) == 13


def test_a_damaged_key_of_a_row_with_twins_is_made_up_for_in_all_of_them() -> None:
    service = service_with(lambda line: echo(line) | ({"custom_id": "?"} if named(line) == "red" else {}))
    service.drop("a.jsonl", records(NAMES))
    service.run()
    assert [line["n"] for line in service.lines("a.jsonl", "results")] == list(range(8))


def test_an_answer_to_another_request_is_put_aside_for_all_twins() -> None:
    def swap(answers: list[Line]) -> list[list[Line]]:
        answers[0]["custom_id"], answers[1]["custom_id"] = answers[1]["custom_id"], answers[0]["custom_id"]
        return [answers]

    service = service_with(echo)
    service.spread = swap
    service.drop("a.jsonl", records(NAMES))
    service.run()
    assert [error["record"]["name"] for error in service.lines("a.jsonl", "errors")] == [
        name for name in NAMES if name in {"red", "blue"}
    ]


def test_rows_of_a_job_that_vertex_refuses_are_all_listed() -> None:
    service = service_with(echo)
    service.ends = lambda _: (VertexState.FAILED, 7, "no permission")
    service.drop("a.jsonl", records(NAMES))
    service.run()
    service.run_on(timedelta(minutes=3), ticks=3)
    assert [record["n"] for record in service.lines("a.jsonl", "failed")] == list(range(8))


@pytest.mark.parametrize("most", [0, 2])
def test_of_too_many_twins_the_others_are_asked(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SHARD_TWINS", most)
    service = service_with(asked := Asked())
    service.drop("a.jsonl", records(NAMES))
    service.run()
    assert len(asked.rows) == len(NAMES) - most
    assert [line["n"] for line in service.lines("a.jsonl", "results")] == list(range(8))


def test_answers_to_twins_that_do_not_fit_into_memory_are_sorted_in_work() -> None:
    found = []
    for prompt in (PROMPT, off()):
        service = service_with(lambda line: answered(line, named(line) * 50), prompt, answer_bytes=2_000, lot_rows=7)
        service.drop("a.jsonl", records(NAMES * 12))
        service.run()
        found.append(outputs(service))
    assert found[0] == found[1]


def test_rows_that_all_share_answers_may_be_more_than_a_block_holds() -> None:
    wide = "".join(f'{{"name":"{NAMES[row % 3]}","n":{row},"note":"{"x" * 600}"}}\n' for row in range(3_000))
    service = service_with(asked := Asked())
    service.drop("a.jsonl", wide)
    service.run()
    assert asked.rows == ["red", "blue"]
    assert [line["n"] for line in service.lines("a.jsonl", "results")] == list(range(3_000))


def test_a_canary_counts_what_it_asks_and_judges_all_that_it_answers() -> None:
    service = service_with(asked := Asked(), PROMPT.replace("---\n", "---\nbatch.canary_rows: 2\n", 1))
    info = service.drop("a.jsonl", records(NAMES))
    service.deliver()
    service.vertex()
    assert asked.rows == ["red", "blue"]
    service.run()
    assert service.manifest("a.jsonl")["canary"]["results"] == 6
    assert service.job(info).state is JobState.SUCCEEDED
