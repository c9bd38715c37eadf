"""Each way in which a batch can end, or not end, and what becomes of its rows."""

import json
from datetime import timedelta

import pytest

from batchdrop.domain.states import JobState
from batchdrop.domain.vertex import VertexState
from batchdrop.steps.tick import tick
from tests.fakes.service import SUCCEEDED, End, FakeService, Line, answered, echo

PROMPT = "---\nmodel: gemini-3.5-flash-lite\n---\nDescribe {{name}}.\n"
CSV = "id,name\n1,Chair\n2,Table\n3,Lamp\n4,Sofa\n"


def dropped(service: FakeService) -> FakeService:
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    return service


def ended(service: FakeService, days: int = 2) -> FakeService:
    dropped(service).run()
    service.run_on(timedelta(days=days), ticks=48 * days)
    return service


def counted(service: FakeService) -> tuple[str, int, int]:
    manifest = service.manifest("a.csv")
    return manifest["state"], manifest["counts"]["results"], manifest["counts"]["errors"]


def test_a_batch_that_succeeded_with_every_row_failed_is_a_failed_job_with_every_row_explained() -> None:
    bad = 'Bad Request: {"error": {"code": 400, "message": "Please use a valid role."}}'
    service = ended(FakeService(model=lambda line: line | {"status": bad, "response": {}}))
    assert counted(service) == ("FAILED", 0, 4)
    assert {error["message"] for error in service.lines("a.csv", "errors")} == {"Please use a valid role."}
    assert service.submissions() == 1


@pytest.mark.parametrize("state", [VertexState.SUCCEEDED, VertexState.PARTIALLY_SUCCEEDED, VertexState.EXPIRED])
def test_completed_rows_are_kept_and_only_what_is_missing_is_asked_again(state: VertexState) -> None:
    asked: list[str] = []

    def half(line: Line) -> Line | None:
        asked.append(line["custom_id"])
        return None if len(asked) in {2, 4} else echo(line)

    ends: list[End] = [(state, 0, "")]
    service = FakeService(model=half)
    service.ends = lambda _: ends.pop() if ends else SUCCEEDED
    ended(service)
    assert counted(service) == ("SUCCEEDED", 4, 0)
    assert [key.rpartition(".")[2] for key in asked] == ["0", "1", "2", "3", "1", "3"]


def test_a_batch_that_expired_in_the_queue_is_asked_again_whole() -> None:
    ends: list[End] = [(VertexState.EXPIRED, 0, "")]
    queued = [True] * 4
    service = FakeService(model=lambda line: None if queued and queued.pop() else echo(line))
    service.ends = lambda _: ends.pop() if ends else SUCCEEDED
    ended(service)
    assert counted(service) == ("SUCCEEDED", 4, 0)
    assert service.submissions() == 2


@pytest.mark.parametrize("code", [13, 8, 14, 4, 2, 10])
def test_the_platforms_own_trouble_is_waited_out(code: int) -> None:
    ends: list[End] = [(VertexState.FAILED, code, "System error.")] * 5
    service = FakeService()
    service.ends = lambda _: ends.pop() if ends else SUCCEEDED
    ended(service)
    assert counted(service) == ("SUCCEEDED", 4, 0)
    assert service.submissions() == 6


def test_the_platforms_trouble_is_borne_six_times_and_then_told() -> None:
    service = FakeService()
    service.ends = lambda _: (VertexState.FAILED, 13, "System error.")
    ended(service)
    assert counted(service) == ("FAILED", 0, 4)
    assert service.submissions() == 6
    (message,) = {error["message"] for error in service.lines("a.csv", "errors")}
    assert message == "Vertex failed the batch after 6 submissions: System error."


@pytest.mark.parametrize("code", [7, 9, 5])
def test_what_trying_again_does_not_mend_fails_the_job_at_once_with_vertexs_words(code: int) -> None:
    service = FakeService()
    service.ends = lambda _: (VertexState.FAILED, code, "Failed to get GCS bucket location.")
    ended(service)
    assert counted(service) == ("FAILED", 0, 4)
    assert "Failed to get GCS bucket location." in service.manifest("a.csv")["reason"]["message"]
    assert service.submissions() == 1


def test_an_import_error_of_a_single_row_is_that_rows_error() -> None:
    service = FakeService()
    service.ends = lambda _: (VertexState.FAILED, 3, "Failed to import data.")
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", "id,name\n1,Chair\n")
    service.run()
    assert counted(service) == ("FAILED", 0, 1)
    assert service.lines("a.csv", "errors")[0]["code"] == "BATCH_FAILED_3"
    assert service.submissions() == 1


@pytest.mark.parametrize(
    "state",
    [VertexState.PAUSED, VertexState.UNSPECIFIED, VertexState.UPDATING, VertexState.QUEUED, VertexState.PENDING],
)
def test_a_state_that_is_no_end_is_waited_out_however_long(state: VertexState) -> None:
    service = dropped(FakeService())
    service.deliver()
    (job,) = service.batches.jobs()
    service.batches.end(job.name, state)
    for _ in range(90):
        service.clock.advance(timedelta(hours=1))
        tick(service.context)
        service.deliver()
    assert service.submissions() == 1
    assert service.batches.cancelled == []
    service.run()
    assert counted(service) == ("SUCCEEDED", 4, 0)


def test_a_job_that_was_deleted_behind_our_back_holds_its_rows_and_pays_nothing_by_itself() -> None:
    service = dropped(FakeService())
    service.deliver()
    (job,) = service.batches.jobs()
    service.batches.remove(job.name)
    service.run_on(timedelta(hours=2), ticks=4)
    info = service.objects.stat("input", "a.csv")
    assert info is not None
    assert service.job(info).state is JobState.HELD
    assert len(service.batches.specs) == 1
    service.drop("a.csv.approve", "")
    service.run()
    service.run_on(timedelta(hours=1), ticks=4)
    assert counted(service) == ("SUCCEEDED", 4, 0)


@pytest.mark.parametrize(("hours", "state"), [(30, JobState.HELD), (23, JobState.HELD), (24, JobState.SUCCEEDED)])
def test_a_job_that_ends_cancelled_holds_its_rows_unless_it_ran_for_the_24_hours_that_vertex_gives(
    hours: int, state: JobState
) -> None:
    service = dropped(FakeService())
    service.deliver()
    (job,) = service.batches.jobs()
    if hours != 30:
        service.clock.advance(timedelta(hours=40))
        service.batches.run(job.name)
    service.clock.advance(timedelta(hours=hours))
    service.batches.end(job.name, VertexState.CANCELLED, completed=0)
    service.run_on(timedelta(hours=2), ticks=8)
    info = service.objects.stat("input", "a.csv")
    assert info is not None
    assert service.job(info).state is state


def test_a_job_that_was_deleted_behind_our_back_after_days_is_not_asked_anew_by_itself() -> None:
    service = dropped(FakeService())
    service.deliver()
    (job,) = service.batches.jobs()
    service.batches.run(job.name)
    service.clock.advance(timedelta(hours=30))
    service.batches.remove(job.name)
    service.run_on(timedelta(hours=2), ticks=4)
    assert len(service.batches.specs) == 1


def test_a_batch_that_we_cancelled_keeps_what_others_in_it_were_answered() -> None:
    service = FakeService(model=lambda line: None if "Table" in json.dumps(line) else echo(line))
    service.drop("b.csv", CSV)
    service.drop("c.csv", CSV.replace("Table", "Stool"))
    service.drop("default.prompt", PROMPT)
    service.deliver()
    service.delete("b.csv")
    service.run()
    assert service.submissions() == 1
    assert service.manifest("b.csv")["state"] == "CANCELLED"
    assert service.manifest("c.csv")["counts"]["results"] == 4
    assert [name for name in service.objects.names("output") if name.startswith("b.csv/")] == ["b.csv/manifest.json"]


def test_answers_that_are_told_of_but_not_there_yet_are_waited_for_half_an_hour() -> None:
    service = dropped(FakeService(model=lambda _line: None))
    service.deliver()
    (job,) = service.batches.jobs()
    service.batches.end(job.name, completed=4)
    tick(service.context)
    service.deliver()
    service.run_on(timedelta(minutes=20), ticks=10)
    assert service.submissions() == 1
    spec = service.batches.specs[job.name]
    body = "".join(json.dumps(answered(line, "late")) + "\n" for line in service.requests_of(job.name))
    folder = spec.output_uri_prefix.removeprefix("gs://predictions/")
    service.objects.put("predictions", f"{folder}prediction-model-x/predictions.jsonl", body.encode())
    service.run_on(timedelta(minutes=5), ticks=5)
    assert counted(service) == ("SUCCEEDED", 4, 0)


def test_an_answer_file_that_vertex_writes_anew_after_the_end_is_read_as_it_then_is() -> None:
    service = FakeService()
    service.spread = lambda answers: [answers[:2]]
    dropped(service).deliver()
    service.vertex()
    (info,) = service.objects.list("predictions", "")
    (job,) = service.batches.jobs()
    body = "".join(json.dumps(echo(line)) + "\n" for line in service.requests_of(job.name))
    service.objects.put("predictions", info.name, body.encode())
    service.run()
    service.run_on(timedelta(minutes=10), ticks=10)
    assert counted(service) == ("SUCCEEDED", 4, 0)
    assert service.submissions() == 1
