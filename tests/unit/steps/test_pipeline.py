"""The whole service in memory: what a file becomes."""

import json
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from batchdrop.domain.job import InputFormat
from batchdrop.domain.reasons import Code
from batchdrop.domain.states import JobState, ShardState
from batchdrop.domain.vertex import VertexState
from batchdrop.steps.tick import tick
from tests.fakes.service import SETTINGS, SUCCEEDED, End, FakeService, Line, answered, echo

PROMPT = """---
model: gemini-3.5-flash-lite
config:
  temperature: 0
---
{{role "system"}}You describe products.
{{role "user"}}Describe {{name}} in one line.
"""
CSV = "id,name\n1,Chair\n2,Table\n3,Lamp\n"


def native(text: str, **siblings: object) -> str:
    request = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    return json.dumps({**siblings, "request": request}) + "\n"


def test_a_csv_comes_back_answered_in_order() -> None:
    service = FakeService()
    service.drop("shop/products.prompt", PROMPT)
    service.drop("shop/products.csv", CSV)
    service.run()
    lines = service.file("shop/products.csv", "results.csv").decode().splitlines()
    assert [line.split(",")[:3] for line in lines] == [
        ["id", "name", "output"],
        ["1", "Chair", "about Describe Chair in one line."],
        ["2", "Table", "about Describe Table in one line."],
        ["3", "Lamp", "about Describe Lamp in one line."],
    ]


def test_the_manifest_sums_up_and_points_to_files_that_are_as_it_says() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    info = service.drop("products.csv", CSV)
    service.run()
    manifest = service.manifest("products.csv")
    stored = {file["name"]: service.objects.stat("output", file["name"]) for file in manifest["files"]}
    assert manifest["state"] == "SUCCEEDED"
    assert manifest["counts"]["rows"] == manifest["counts"]["results"] == 3
    assert manifest["job"] == service.id_of(info)
    assert {name: found.crc32c for name, found in stored.items() if found} == {
        file["name"]: file["crc32c"] for file in manifest["files"]
    }


def test_jsonl_records_come_back_with_their_answers() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", '{"name":"Chair","n":1}\n{"name":"Table","n":2}\n')
    service.run()
    results = service.lines("a.jsonl", "results.jsonl")
    assert [(line["n"], line["output"]) for line in results] == [
        (1, "about Describe Chair in one line."),
        (2, "about Describe Table in one line."),
    ]


def test_native_lines_need_no_prompt_and_keep_their_siblings() -> None:
    service = FakeService()
    service.drop("a.jsonl", native("one", id="x") + native("two", id="y"))
    service.run()
    results = service.lines("a.jsonl", "results.jsonl")
    assert [line["id"] for line in results] == ["x", "y"]
    assert results[1]["response"]["candidates"][0]["content"]["parts"][0]["text"] == "about two"


def test_many_shards_give_the_same_bytes_as_one() -> None:
    rows = "".join(f'{{"name":"Product {number}"}}\n' for number in range(300))
    outputs = []
    for shard_bytes in (SETTINGS.shard_bytes, 500, 97):
        service = FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=shard_bytes))
        service.drop("default.prompt", PROMPT)
        info = service.drop("a.jsonl", rows)
        service.run()
        outputs.append((service.file("a.jsonl", "results.jsonl"), len(service.shards(info)) > 1))
    assert outputs[0][0] == outputs[1][0] == outputs[2][0]
    assert [many for _, many in outputs] == [False, True, True]


def test_a_plan_of_several_waves_never_has_more_stage_turns_than_a_wave() -> None:
    service = FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=20))
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.jsonl", "".join(f'{{"name":"P{number:04}"}}\n' for number in range(200)))
    most = 0
    while service._deliver_object() or service._deliver_turn():
        most = max(most, sum(turn.startswith("turns/stage/") for turn in service.turns()))
    service.run()
    assert len(service.shards(info)) > 64
    assert most <= 64
    assert service.manifest("a.jsonl")["counts"]["results"] == 200


def test_data_waits_for_its_prompt_and_says_where_it_looked() -> None:
    service = FakeService()
    info = service.drop("shop/products.csv", CSV)
    service.run()
    job = service.job(info)
    assert job.state is JobState.WAITING
    assert job.searched == ("shop/products.prompt", "shop/default.prompt", "default.prompt")
    assert job.reason is not None
    assert "shop/products.prompt" in job.reason.message


@pytest.mark.parametrize("prompt_name", ["shop/products.prompt", "shop/default.prompt", "default.prompt"])
def test_prompt_first_and_data_first_give_the_same_bytes(prompt_name: str) -> None:
    first, last = FakeService(), FakeService()
    first.drop(prompt_name, PROMPT)
    first.drop("shop/products.csv", CSV)
    first.run()
    last.drop("shop/products.csv", CSV)
    last.run()
    last.drop(prompt_name, PROMPT)
    last.run()
    assert first.file("shop/products.csv", "results") == last.file("shop/products.csv", "results")


def test_a_job_without_a_prompt_is_rejected_after_a_week() -> None:
    service = FakeService()
    info = service.drop("a.csv", CSV)
    service.run()
    service.run_on(timedelta(days=8), ticks=2)
    job = service.job(info)
    assert job.state is JobState.REJECTED
    assert job.reason is not None
    assert job.reason.code is Code.PROMPT_NEVER_CAME


def test_deleting_the_file_cancels_the_job_and_writes_only_the_manifest() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.deliver()
    service.delete("a.csv")
    service.run()
    service.run_on(timedelta(minutes=2))
    assert service.manifest("a.csv")["state"] == "CANCELLED"
    assert service.objects.names("output") == ["a.csv/manifest.json"]


def test_a_batch_that_carries_only_cancelled_jobs_is_cancelled_at_vertex() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.deliver()
    service.delete("a.csv")
    service.deliver()
    tick(service.context)
    assert len(service.batches.cancelled) == 1


def test_an_object_deleted_before_it_is_planned_ends_cancelled_with_a_message() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", CSV)
    service.delete("a.csv")
    service.run()
    job = service.job(info)
    assert job.state is JobState.CANCELLED
    assert job.reason is not None
    assert "Drop the file again" in job.reason.hint


def test_a_new_generation_supersedes_the_running_job() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    old = service.drop("a.csv", CSV)
    service.deliver()
    new = service.drop("a.csv", CSV + "4,Sofa\n")
    service.run()
    assert service.job(old).state is JobState.CANCELLED
    assert service.job(new).state is JobState.SUCCEEDED
    assert service.manifest("a.csv")["input"]["generation"] == str(new.generation)


def test_the_same_bytes_again_while_the_job_runs_are_no_second_job() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", CSV)
    service.deliver()
    service.drop("a.csv", CSV)
    service.run()
    assert service.submissions() == 1
    assert service.manifest("a.csv")["job"] == service.id_of(info)
    assert service.manifest("a.csv")["state"] == "SUCCEEDED"


def test_the_same_bytes_after_the_job_ended_are_a_new_job() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    service.drop("a.csv", CSV)
    service.run()
    assert service.submissions() == 2


def test_a_file_that_gcloud_composed_of_parts_is_one_job() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("gcloud/tmp/parallel_composite_uploads/x_1.csv", CSV[:10])
    service.drop("gcloud/tmp/parallel_composite_uploads/x_2.csv", CSV[10:])
    service.objects.compose(
        "input",
        "big.csv",
        [
            "gcloud/tmp/parallel_composite_uploads/x_1.csv",
            "gcloud/tmp/parallel_composite_uploads/x_2.csv",
        ],
        "text/csv",
    )
    service.run()
    assert [path for path in service.documents.paths() if path.startswith("jobs/") and path.count("/") == 1] == [
        path for path in service.documents.paths() if path == f"jobs/{service.manifest('big.csv')['job']}"
    ]


def test_every_event_delivered_twice_changes_nothing() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    before = service.objects.names("output"), service.file("a.csv", "results"), service.submissions()
    for event in list(service.objects.events):
        service.deliver_object(event)
    service._delivered_turns = 0
    service.run()
    assert (service.objects.names("output"), service.file("a.csv", "results"), service.submissions()) == before


def test_no_turn_is_left_behind() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.drop("b.jsonl", native("x"))
    service.run()
    assert service.turns() == []


def test_work_is_cleared_up_after_the_manifest() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    assert [name for name in service.objects.names("work") if name.startswith("jobs/")] == []


def test_documents_expire_only_after_their_job_ended() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", CSV)
    service.deliver()
    assert service.job(info).expire_at is None
    service.run()
    job = service.job(info)
    assert job.expire_at is not None
    assert job.expire_at >= service.clock.now() + timedelta(days=30)
    assert all(shard.expire_at is not None for shard in service.shards(info))


def test_rows_that_vertex_failed_for_a_while_are_asked_again() -> None:
    asked: list[str] = []

    def model(line: Line) -> Line:
        asked.append(line["custom_id"])
        if asked.count(line["custom_id"]) == 1 and "Table" in json.dumps(line):
            return line | {"status": 'Resource Exhausted: {"error": {"code": 429}}', "response": {}}
        return echo(line)

    service = FakeService(model=model)
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    service.run_on(timedelta(minutes=10), ticks=3)
    manifest = service.manifest("a.csv")
    assert manifest["counts"]["results"] == 3
    assert manifest["attempts"] == 2
    assert len(asked) == 4
    assert b"Chair" in service.file("a.csv", "results").splitlines()[1]


def test_rows_without_an_answer_are_errors_after_the_last_attempt() -> None:
    service = FakeService(model=lambda line: None if "Table" in json.dumps(line) else echo(line))
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    service.run_on(timedelta(hours=3), ticks=40)
    errors = service.lines("a.csv", "errors.jsonl")
    assert service.manifest("a.csv")["state"] == "PARTIAL"
    assert [(error["line"], error["row"], error["record"]["name"]) for error in errors] == [(3, 2, "Table")]
    assert service.file("a.csv", "failed.csv") == b"id,name\n2,Table\n"


def test_blocked_rows_are_errors_and_the_rest_is_answered() -> None:
    service = FakeService(model=lambda line: answered(line, "", "SAFETY") if "Lamp" in json.dumps(line) else echo(line))
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    assert service.manifest("a.csv")["counts"]["results"] == 2
    assert service.lines("a.csv", "errors.jsonl")[0]["code"] == "BLOCKED"


def test_a_batch_that_the_importer_refuses_is_cut_until_the_poison_stands_alone() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.jsonl", "".join(f'{{"name":"P{number}"}}\n' for number in range(16)))

    def ends(requests: list[Line]) -> End:
        poisoned = any("P11 " in json.dumps(line) for line in requests)
        return (VertexState.FAILED, 3, "Failed to import data.") if poisoned else SUCCEEDED

    service.ends = ends
    service.run()
    assert service.manifest("a.jsonl")["counts"]["results"] == 15
    assert [error["record"]["name"] for error in service.lines("a.jsonl", "errors.jsonl")] == ["P11"]
    assert service.job(info).state is JobState.PARTIAL


def poisoned(*names: str) -> Callable[[list[Line]], End]:
    """Let the importer refuse batches that hold one of these products."""
    marks = [f"{name} " for name in names]

    def ends(requests: list[Line]) -> End:
        bad = any(mark in json.dumps(line) for line in requests for mark in marks)
        return (VertexState.FAILED, 3, "Failed to import data.") if bad else SUCCEEDED

    return ends


def test_a_poisonous_row_of_one_job_is_no_harm_to_another_in_its_batch() -> None:
    service = FakeService(msgspec.structs.replace(SETTINGS, max_running_batches=1))
    service.ends = poisoned("Bad")
    service.drop("default.prompt", PROMPT)
    service.drop("first.csv", CSV)
    service.deliver()
    service.drop("a.csv", CSV)
    service.drop("b.csv", CSV + "4,Bad\n")
    service.run()
    assert service.manifest("a.csv")["state"] == "SUCCEEDED"
    assert [error["record"]["name"] for error in service.lines("b.csv", "errors.jsonl")] == ["Bad"]


def test_poison_in_several_shards_is_isolated_and_all_else_is_answered() -> None:
    service = FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=600, lot_rows=20))
    service.ends = poisoned("P011", "P097", "P098", "P150")
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", "".join(f'{{"name":"P{number:03}"}}\n' for number in range(200)))
    service.run()
    errors = service.lines("a.jsonl", "errors.jsonl")
    assert [error["record"]["name"] for error in errors] == ["P011", "P097", "P098", "P150"]
    assert service.manifest("a.jsonl")["counts"]["results"] == 196


def test_what_the_submissions_do_not_suffice_for_is_named_as_suspect() -> None:
    service = FakeService()
    service.ends = poisoned("P011", "P097", "P150")
    service.drop("default.prompt", PROMPT.replace("config:", "batch.max_submissions: 8\nconfig:"))
    service.drop("a.jsonl", "".join(f'{{"name":"P{number:03}"}}\n' for number in range(200)))
    service.run()
    manifest = service.manifest("a.jsonl")
    errors = service.lines("a.jsonl", "errors.jsonl")
    assert {error["code"] for error in errors} == {"IMPORT_SUSPECT"}
    assert {"P011", "P097", "P150"} <= {error["record"]["name"] for error in errors}
    assert manifest["counts"]["results"] + len(errors) == 200
    failed = {record["name"] for record in service.lines("a.jsonl", "failed")}
    assert failed == {error["record"]["name"] for error in errors}
    assert manifest["submissions"] == service.submissions() <= 8


def test_a_batch_that_somebody_cancelled_holds_its_job_until_it_is_approved() -> None:
    troubles: list[End] = [(VertexState.CANCELLED, 1, "CANCELED")]
    service = FakeService(model=lambda line: None if troubles_last and "Table" in json.dumps(line) else echo(line))
    troubles_last = [True]
    service.ends = lambda _: troubles.pop() if troubles else SUCCEEDED
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", CSV)
    service.run()
    service.run_on(timedelta(hours=1), ticks=2)
    assert service.job(info).state is JobState.HELD
    assert service.submissions() == 1
    troubles_last.clear()
    service.drop("a.csv.approve", "")
    service.run()
    service.run_on(timedelta(minutes=5), ticks=2)
    assert service.manifest("a.csv")["state"] == "SUCCEEDED"
    assert service.submissions() == 2


def test_a_held_job_that_nobody_approves_ends_with_what_is_answered() -> None:
    service = FakeService(model=lambda line: None if "Table" in json.dumps(line) else echo(line))
    service.ends = lambda _: (VertexState.CANCELLED, 1, "CANCELED")
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    service.run_on(timedelta(days=12), ticks=6)
    manifest = service.manifest("a.csv")
    assert (manifest["state"], manifest["reason"]["code"]) == ("FAILED", "NOT_APPROVED")
    assert (manifest["counts"]["results"], manifest["counts"]["errors"]) == (2, 1)


def test_a_system_error_is_tried_again_and_then_answered() -> None:
    service = FakeService()
    troubles: list[End] = [(VertexState.FAILED, 13, "System error.")]
    service.ends = lambda _: troubles.pop() if troubles else SUCCEEDED
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    service.run_on(timedelta(minutes=5), ticks=5)
    assert service.manifest("a.csv")["state"] == "SUCCEEDED"
    assert service.submissions() == 2


def test_a_permission_error_fails_the_job_with_the_remedy_and_lists_every_row() -> None:
    service = FakeService()
    service.ends = lambda _: (VertexState.FAILED, 7, "no permission")
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    manifest = service.manifest("a.csv")
    assert manifest["state"] == "FAILED"
    assert "service agent" in manifest["reason"]["hint"]
    assert manifest["counts"] | {"rows": 3, "errors": 3, "results": 0} == manifest["counts"]
    assert service.submissions() == 1


def test_too_many_invalid_rows_reject_the_job_before_anything_is_submitted() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.jsonl", '{"name":"ok"}\n' * 20 + "{broken\n" * 15)
    service.run()
    manifest = service.manifest("a.jsonl")
    assert manifest["state"] == "REJECTED"
    assert manifest["counts"]["invalid"] == 15
    assert manifest["counts"]["not_asked"] == 20
    assert service.submissions() == 0
    assert [error["line"] for error in service.lines("a.jsonl", "errors.jsonl")] == list(range(21, 36))


def test_an_object_of_another_type_is_rejected_with_what_is_taken() -> None:
    service = FakeService()
    service.drop("table.xlsx", b"PK")
    service.run()
    assert service.manifest("table.xlsx")["state"] == "REJECTED"
    assert ".csv" in service.manifest("table.xlsx")["reason"]["hint"]


def test_a_prompt_mistake_names_line_and_column() -> None:
    service = FakeService()
    service.drop("default.prompt", "---\nmodel: [oops\n---\nhi\n")
    service.drop("a.csv", CSV)
    service.run()
    reason = service.manifest("a.csv")["reason"]
    assert reason["code"] == "PROMPT_INVALID"
    assert reason["where"] == "default.prompt"
    assert reason["line"] >= 2


def test_a_prompt_that_names_a_missing_column_is_rejected_with_both_names() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT.replace("{{name}}", "{{title}}"))
    service.drop("a.csv", CSV)
    service.run()
    reason = service.manifest("a.csv")["reason"]
    assert reason["code"] == "COLUMN_MISSING"
    assert "title" in reason["message"]


def test_the_format_of_a_file_is_in_its_manifest() -> None:
    service = FakeService()
    service.drop("a.jsonl", native("x"))
    service.run()
    assert service.manifest("a.jsonl")["input"]["format"] == InputFormat.VERTEX_JSONL


def test_shards_are_done_when_their_job_is() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", CSV)
    service.run()
    assert {shard.state for shard in service.shards(info)} == {ShardState.DONE}
