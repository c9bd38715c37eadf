"""Who is submitted when: by slots, by rank, lane by lane, and in runs that end in time."""

import json
from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest

from batchdrop.domain import limits
from batchdrop.domain.errors import CreateRefused, CreateThrottled, Transient
from batchdrop.domain.ids import VertexJobName
from batchdrop.domain.job import job_ref
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import JobState
from batchdrop.domain.vertex import BatchSpec
from batchdrop.ports import Replace
from batchdrop.steps.tick import tick
from tests.fakes.batches import Refusal
from tests.fakes.service import FakeService, Line, echo
from tests.unit.steps.asking import requests, service_with, texts_of

OTHER = "---\nmodel: gemini-3.5-flash\n---\n"


def test_no_more_batches_run_than_there_are_slots_for_a_model() -> None:
    service = service_with(slots=2)
    service.drop("a.jsonl", requests(*(f"a{number}" for number in range(5))))
    service.drop("b/b.prompt", OTHER)
    service.drop("b/b.jsonl", requests("b0", "b1", "b2"))
    service.deliver()
    tick(service.context)
    assert sorted(spec.model for spec in service.batches.specs.values()) == [
        "gemini-3.5-flash",
        "gemini-3.5-flash",
        "gemini-3.5-flash-lite",
        "gemini-3.5-flash-lite",
    ]
    service.run()
    assert service.manifest("a.jsonl")["counts"]["results"] == 5
    assert service.manifest("b/b.jsonl")["counts"]["results"] == 3


def test_lots_that_wait_for_a_slot_share_the_next_batch() -> None:
    service = service_with(slots=1, batch_rows=100)
    service.drop("a.jsonl", requests("a0"))
    service.deliver()
    for letter in "bcd":
        service.drop(f"{letter}.jsonl", requests(f"{letter}0", f"{letter}1"))
        service.deliver()
    service.run()
    assert [sorted(batch) for batch in texts_of(service)] == [["a0"], ["b0", "b1", "c0", "c1", "d0", "d1"]]


def test_the_oldest_goes_first_and_a_step_of_priority_is_worth_an_hour() -> None:
    service = service_with(slots=1)
    service.drop("first.jsonl", requests("a0"))
    service.deliver()
    prompts = {"low": 0, "usual": 5, "high": 9}
    for name, priority in prompts.items():
        service.drop(f"{name}/default.prompt", f"---\nbatch.priority: {priority}\n---\n")
    order = [("usual", "u0"), ("low", "l0"), ("high", "h0")]
    for name, text in order:
        service.clock.advance(timedelta(hours=1))
        service.drop(f"{name}/x.jsonl", requests(text))
        service.deliver()
    service.clock.advance(timedelta(hours=20))
    service.drop("high/late.jsonl", requests("h1"))
    service.deliver()
    service.run()
    assert texts_of(service) == [["a0"], ["h0"], ["u0"], ["l0"], ["h1"]]


def test_a_job_whose_request_file_is_gone_fails_with_the_reason_and_others_of_its_batch_go_on() -> None:
    service = service_with(slots=1, batch_rows=100, row_shards=False)
    service.drop("a.jsonl", requests("a0"))
    service.deliver()
    lost = service.drop("b.jsonl", requests("b0"))
    service.drop("c.jsonl", requests("c0"))
    service.deliver()
    (shard,) = service.shards(lost)
    service.objects.delete("work", [shard.lots[0].requests])
    service.run()
    reason = service.manifest("b.jsonl")["reason"]
    assert (service.manifest("b.jsonl")["state"], reason["code"]) == ("FAILED", "WORK_LOST")
    assert shard.lots[0].requests in reason["message"]
    assert service.manifest("b.jsonl")["counts"]["errors"] == 1
    assert service.manifest("c.jsonl")["state"] == "SUCCEEDED"
    assert texts_of(service) == [["a0"], ["c0"]]


def test_much_that_waits_in_one_lane_keeps_the_tick_from_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BATCH_LOTS", 3)
    answers: list[None] = [None]

    def model(line: Line) -> Line | None:
        return answers.pop() if answers and "b0" in json.dumps(line) else echo(line)

    service = service_with(slots=1)
    service.model = model
    service.drop("b/b.prompt", OTHER)
    service.drop("b/b.jsonl", requests("b0"))
    service.run()
    service.drop("a.jsonl", requests(*(f"a{number}" for number in range(8))))
    service.deliver()
    service.clock.advance(timedelta(minutes=5))
    tick(service.context)
    assert [batch[0][0] for batch in texts_of(service)] == ["b", "a", "b"]


def test_a_held_job_at_the_head_of_the_line_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BATCH_LOTS", 2)
    service = service_with(slots=1)
    service.drop("x.jsonl", requests("x0"))
    service.deliver()
    held = service.drop("a.jsonl", requests("a0", "a1", "a2"))
    service.deliver()
    service.clock.advance(timedelta(minutes=1))
    service.drop("b.jsonl", requests("b0"))
    service.deliver()
    hold_as_an_admit_run_still_marks_its_shards(service, held)
    service.run()
    assert texts_of(service) == [["x0"], ["b0"]]


def hold_as_an_admit_run_still_marks_its_shards(service: FakeService, info: ObjectInfo) -> None:
    found = service.documents.get(job_ref(service.id_of(info)))
    assert found is not None
    held = msgspec.structs.replace(found.value, state=JobState.HELD, held_at=service.clock.now())
    service.documents.commit([Replace(found.ref, found.version, held)])


def test_a_run_of_many_submissions_leaves_the_rest_to_the_next_in_time() -> None:
    service = service_with(slots=30)
    begun: list[float] = []
    create = service.batches.create

    def slow(spec: BatchSpec) -> VertexJobName:
        begun.append(service.clock.now().timestamp())
        service.clock.advance(timedelta(seconds=100))
        return create(spec)

    service.batches.create = slow  # type: ignore[method-assign]
    service.drop("a.jsonl", requests(*(f"a{number}" for number in range(25))))
    service.deliver()
    assert service.submissions() == 25
    sent = [path for path in service.documents.created if "/submit-" in path]
    assert len(sent) >= 25 * 100 // limits.RUN_SECONDS
    assert "turn.given_up" not in service.log.of("ERROR")


def test_what_fails_in_passing_is_put_off_and_no_death_however_often() -> None:
    service = service_with(slots=1)
    refuse = [True] * 20

    def fail(method: str, _name: str) -> None:
        if method == "compose" and refuse:
            refuse.pop()
            raise Transient("HTTP 503")

    service.objects.before_call = fail
    service.drop("a.jsonl", requests("a0"))
    service.run()
    for _ in range(40):
        service.clock.advance(timedelta(minutes=1))
        with suppress(ExceptionGroup):
            tick(service.context)
        service.run()
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"
    assert service.submissions() == 1


def test_a_lane_backs_off_longer_each_time_vertex_is_over_its_quota_and_other_lanes_do_not() -> None:
    service = service_with(slots=1)
    began, create = service.clock.now(), service.batches.create
    tried: list[tuple[str, int]] = []

    def over_quota(spec: BatchSpec) -> VertexJobName:
        tried.append((spec.model, (service.clock.now() - began) // timedelta(minutes=1)))
        if spec.model == "gemini-3.5-flash-lite" and len(tried) < 5:
            raise CreateThrottled("Quota exceeded.")
        return create(spec)

    service.batches.create = over_quota  # type: ignore[method-assign]
    service.drop("a.jsonl", requests("a0"))
    service.deliver()
    service.drop("b/b.prompt", OTHER)
    service.drop("b/b.jsonl", requests("b0"))
    service.deliver()
    service.run_on(timedelta(minutes=12), ticks=12)
    busy = [minute for model, minute in tried if model == "gemini-3.5-flash-lite"]
    assert busy == [0, 1, 3, 7]
    assert [minute for model, minute in tried if model == "gemini-3.5-flash"] == [0]
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"


def test_a_job_that_vertex_shows_of_a_batch_that_ended_without_one_is_a_stray() -> None:
    service = service_with(slots=1)
    service.drop("a.jsonl", requests("a0"))
    service.batches.refusals.append(Refusal(CreateRefused(400, "No."), made=True))
    service.deliver()
    (job,) = service.batches.jobs()
    for _ in range(3):
        service.clock.advance(timedelta(hours=1))
        tick(service.context)
    assert set(service.batches.cancelled) == {job.name}
    assert "batch.stray_cancelled" in service.log.of("ERROR")


def test_a_row_is_asked_again_after_a_wait_that_doubles() -> None:
    service = service_with(slots=8)
    service.model = lambda line: line | {"status": "Resource exhausted (429)", "response": {}}
    service.drop("a.prompt", "---\nbatch.max_attempts: 4\n---\n")
    service.drop("a.jsonl", requests("a0"))
    began, asked = service.clock.now(), list[int]()
    service.run()
    for _ in range(20):
        service.run_on(timedelta(seconds=30))
        asked += [(service.clock.now() - began).seconds] * (service.submissions() - len(asked) - 1)
    assert asked == [60, 180, 420]
    assert service.manifest("a.jsonl")["counts"]["errors"] == 1
