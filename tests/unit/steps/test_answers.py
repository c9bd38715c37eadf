"""Answers on their way home, in memory: swapped, damaged, in any order, in any number of files."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.service import SETTINGS, FakeService, Line, answered, echo

PROMPT = "---\nmodel: gemini-3.5-flash-lite\n---\nDescribe {{name}}.\n"
SCHEMA_PROMPT = """---
model: gemini-3.5-flash-lite
output:
  schema:
    label: string
    count: integer
---
Describe {{name}}.
"""


def records(number: int, stem: str = "P") -> str:
    return "".join(f'{{"name":"{stem}{row}"}}\n' for row in range(number))


def exchanged(one: str, other: str) -> Callable[[list[Line]], list[list[Line]]]:
    """A server that puts the answers to two requests, told by a text in them, under each other's keys."""

    def spread(answers: list[Line]) -> list[list[Line]]:
        pair = [line for line in answers if one in json.dumps(line) or other in json.dumps(line)]
        if len(pair) == 2:
            pair[0]["custom_id"], pair[1]["custom_id"] = pair[1]["custom_id"], pair[0]["custom_id"]
        return [answers]

    return spread


def outputs(service: FakeService, name: str) -> list[tuple[str, str]]:
    return [(row["name"], row["output"]) for row in service.lines(name, "results")]


def test_answers_swapped_within_a_lot_are_put_aside() -> None:
    service = FakeService()
    service.spread = exchanged("P3.", "P5.")
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", records(8))
    service.run()
    assert outputs(service, "a.jsonl") == [(f"P{row}", f"about Describe P{row}.") for row in (0, 1, 2, 4, 6, 7)]
    assert [error["record"]["name"] for error in service.lines("a.jsonl", "errors")] == ["P3", "P5"]
    assert {error["code"] for error in service.lines("a.jsonl", "errors")} == {"FOREIGN_ANSWER"}
    assert service.manifest("a.jsonl")["counts"]["foreign_answers"] == 2


def test_answers_swapped_across_lots_are_put_aside() -> None:
    service = FakeService(msgspec.structs.replace(SETTINGS, lot_rows=2))
    service.spread = exchanged("P0.", "P7.")
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", records(8))
    service.run()
    assert service.submissions() == 1
    assert [error["record"]["name"] for error in service.lines("a.jsonl", "errors")] == ["P0", "P7"]


def test_answers_swapped_across_jobs_are_put_aside() -> None:
    service = FakeService()
    service.spread = exchanged("A1.", "B2.")
    service.drop("a.jsonl", records(3, "A"))
    service.drop("b.jsonl", records(3, "B"))
    service.drop("default.prompt", PROMPT)
    service.run()
    assert service.submissions() == 1
    assert [error["record"]["name"] for error in service.lines("a.jsonl", "errors")] == ["A1"]
    assert [error["record"]["name"] for error in service.lines("b.jsonl", "errors")] == ["B2"]


def test_an_answer_swapped_with_one_of_a_cancelled_job_is_put_aside() -> None:
    service = FakeService()
    service.spread = exchanged("A1.", "B2.")
    service.drop("a.jsonl", records(3, "A"))
    service.drop("b.jsonl", records(3, "B"))
    service.drop("default.prompt", PROMPT)
    service.deliver()
    service.delete("b.jsonl")
    service.run()
    assert service.submissions() == 1
    assert service.manifest("b.jsonl")["state"] == "CANCELLED"
    assert [error["record"]["name"] for error in service.lines("a.jsonl", "errors")] == ["A1"]


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(6)), st.sampled_from([100, 2]))
def test_keys_in_any_order_never_give_a_row_anothers_answer(order: list[int], lot_rows: int) -> None:
    def spread(answers: list[Line]) -> list[list[Line]]:
        keys = [line["custom_id"] for line in answers]
        for line, place in zip(answers, order, strict=True):
            line["custom_id"] = keys[place]
        return [answers]

    service = FakeService(msgspec.structs.replace(SETTINGS, lot_rows=lot_rows))
    service.spread = spread
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", records(6))
    service.run()
    right = [(f"P{row}", f"about Describe P{row}.") for row in range(6) if order[row] == row]
    assert (outputs(service, "a.jsonl") if right else []) == right
    assert service.manifest("a.jsonl")["counts"]["errors"] == 6 - len(right)


@pytest.mark.parametrize("key", [17, "", "000017", None, "j.0.1", "r-1"])
def test_a_damaged_key_is_made_up_for_by_what_was_asked(key: object) -> None:
    def model(line: Line) -> Line:
        return echo(line) | ({"custom_id": key} if "P1." in json.dumps(line) else {})

    service = FakeService(model=model)
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", records(3))
    service.run()
    assert outputs(service, "a.jsonl") == [(f"P{row}", f"about Describe P{row}.") for row in range(3)]
    counts = service.manifest("a.jsonl")["counts"]
    assert (counts["results"], counts["rekeyed_answers"], counts["retried"]) == (3, 1, 0)


def test_all_keys_may_be_damaged() -> None:
    service = FakeService(model=lambda line: echo(line) | {"custom_id": 0})
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", records(5))
    service.drop("b.jsonl", records(5, "Q"))
    service.run()
    assert service.manifest("a.jsonl")["counts"]["rekeyed_answers"] == 5
    assert outputs(service, "b.jsonl") == [(f"Q{row}", f"about Describe Q{row}.") for row in range(5)]


def test_a_damaged_key_of_a_request_that_two_rows_make_is_not_guessed() -> None:
    asked: list[str] = []

    def model(line: Line) -> Line:
        asked.append(line["custom_id"])
        return echo(line) | ({"custom_id": "?"} if len(asked) <= 3 else {})

    service = FakeService(model=model)
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", '{"name":"x","id":1}\n{"name":"x","id":2}\n{"name":"y","id":3}\n')
    service.run()
    service.run_on(timedelta(minutes=10), ticks=3)
    counts = service.manifest("a.jsonl")["counts"]
    assert (counts["results"], counts["rekeyed_answers"], counts["retried"]) == (3, 1, 2)
    assert len(asked) == 5


def test_lenient_answers_are_counted() -> None:
    texts = iter(['{"label":"a","count":1}', '```json\n{"label":"b","count":2}\n```', 'Sure: {"label":"c","count":3}!'])
    service = FakeService(model=lambda line: answered(line, next(texts)))
    service.drop("default.prompt", SCHEMA_PROMPT)
    service.drop("a.jsonl", records(3))
    service.run()
    assert [row["label"] for row in service.lines("a.jsonl", "results")] == ["a", "b", "c"]
    assert service.manifest("a.jsonl")["counts"]["lenient_answers"] == 2


def test_a_name_that_one_record_has_is_not_the_answers_in_any() -> None:
    service = FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=30))
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", '{"name":"x"}\n{"name":"y"}\n{"name":"z","output":"mine"}\n')
    service.run()
    rows = service.lines("a.jsonl", "results")
    assert [row["answer_output"] for row in rows] == [f"about Describe {name}." for name in "xyz"]
    assert rows[2]["output"] == "mine"


def csv_of(name: str, data: str, prompt: str = PROMPT.replace("\n---\nD", "\nbatch.output: csv\n---\nD")) -> str:
    service = FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=30))
    service.drop("default.prompt", prompt)
    service.drop(name, data)
    service.run()
    return service.file(name, "results").decode()


def test_records_become_a_csv_with_the_columns_of_all_of_them() -> None:
    lines = csv_of("a.jsonl", '{"name":"x","n":1.50}\n{"b":[1],"name":"=y"}\n').splitlines()
    assert lines == [
        "name,n,b,output,finish_reason,prompt_tokens,output_tokens",
        "x,1.50,,about Describe x.,STOP,7,3",
        "'=y,,[1],about Describe =y.,STOP,7,3",
    ]


def test_raw_csv_leaves_formulas() -> None:
    prompt = PROMPT.replace("\n---\nD", "\nbatch.raw_csv: true\n---\nD")
    assert csv_of("a.csv", "name\n=y\n", prompt).splitlines()[1] == "=y,about Describe =y.,STOP,7,3"


def parquet_of(service: FakeService, name: str, stem: str) -> tuple[list[dict[str, Any]], list[str]]:
    files = [file["name"] for file in service.manifest(name)["files"] if f"/{stem}.parquet/" in file["name"]]
    tables = [pq.read_table(pa.BufferReader(service.output(file))) for file in files]
    rows = pa.concat_tables(tables).to_pylist() if tables else []
    return rows, [file.rsplit("/", 1)[-1] for file in files]


def test_results_can_be_parquet_one_file_a_shard_with_one_schema() -> None:
    service = FakeService(
        msgspec.structs.replace(SETTINGS, shard_bytes=40),
        lambda line: answered(line, json.dumps({"label": "x", "count": 3})),
    )
    service.drop("default.prompt", SCHEMA_PROMPT.replace("output:", "batch.output: parquet\noutput:", 1))
    service.drop("a.jsonl", '{"name":"x"}\n{"name":"y","n":1}\n{"name":"z","n":0.5}\n{"name":"w"}\n')
    service.run()
    rows, files = parquet_of(service, "a.jsonl", "results")
    assert [(row["name"], row["n"], row["label"], row["count"]) for row in rows] == [
        ("x", None, "x", 3),
        ("y", 1.0, "x", 3),
        ("z", 0.5, "x", 3),
        ("w", None, "x", 3),
    ]
    assert files == [f"part-{number:05}.parquet" for number in range(len(files))]
    assert len(files) > 1
    assert sum(file["rows"] for file in service.manifest("a.jsonl")["files"] if file.get("rows")) == 4
