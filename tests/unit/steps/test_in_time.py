"""Whatever takes longer than a run may is left to the next in time, and comes to its end without being given up."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from batchdrop.domain import limits
from batchdrop.domain.errors import CreateRefused
from batchdrop.domain.job import Job
from batchdrop.domain.states import JobState, ShardState
from batchdrop.ports import Create, Write
from batchdrop.steps import finish, sweep
from tests.fakes.batches import Refusal
from tests.fakes.service import SETTINGS, FakeService

PROMPT = "---\nmodel: gemini-3.5-flash-lite\n---\nDescribe {{name}}.\n"
PARQUET_PROMPT = "---\nmodel: gemini-3.5-flash-lite\nbatch.output: parquet\n---\nDescribe {{name}}.\n"
ROWS = 12
CSV = "id,name\n" + "".join(f"{number:02},Chair\n" for number in range(ROWS))
SLOW = timedelta(seconds=200)


def service_of_shards() -> FakeService:
    """A shard for each row."""
    return FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=len("00,Chair\n")))


def slow(service: FakeService, method: str, part: str = "", by: timedelta = SLOW) -> None:
    """Let calls of a method on names with that part take long."""

    def wait(called: str, name: str) -> None:
        if called == method and part in name:
            service.clock.advance(by)

    service.objects.before_call = wait


def runs_of(service: FakeService, step: str) -> int:
    return sum(f"/{step}-" in path for path in service.documents.created)


def assert_in_time(service: FakeService, step: str, runs: int) -> None:
    assert runs_of(service, step) >= runs
    assert "turn.given_up" not in service.log.of("ERROR")
    assert service.turns() == []


def test_a_failed_job_whose_parts_take_long_to_write_is_finished_in_several_runs() -> None:
    service = service_of_shards()
    service.batches.refusals.append(Refusal(CreateRefused(404, "No such model.")))
    slow(service, "write", "errors.jsonl")
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    assert (service.manifest("a.csv")["state"], len(service.lines("a.csv", "errors"))) == ("FAILED", ROWS)
    assert_in_time(service, "finish", ROWS // 3)


def test_many_files_of_a_parquet_result_are_copied_in_several_runs_each_once() -> None:
    service = service_of_shards()
    slow(service, "rewrite")
    service.drop("default.prompt", PARQUET_PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    files = service.manifest("a.csv")["files"]
    assert sum(file["name"].endswith(".parquet") for file in files) == ROWS
    written = [event.object.name for event in service.objects.events if event.object.name.endswith(".parquet")]
    assert len(written) == len(set(written)) == ROWS
    assert_in_time(service, "finish", ROWS // 3)


def test_much_that_is_to_be_cleared_away_is_cleared_in_several_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "_CLEARED_AT_ONCE", 1)
    service = service_of_shards()
    slow(service, "delete", "jobs/")
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    assert [name for name in service.objects.names("work") if name.startswith("jobs/")] == []
    assert service.manifest("a.csv")["state"] == "SUCCEEDED"
    assert_in_time(service, "finish", ROWS)


def slow_commits(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every second document that is written take long to write."""
    monkeypatch.setattr(limits, "COMMIT_WRITES", 2)
    service.documents.before_commit = lambda some: service.clock.advance(SLOW / 2) if len(some) > 1 else None


def test_many_shards_are_made_ready_in_several_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_of_shards()
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", CSV)
    held: list[str] = []
    while service.deliver_but(lambda path: "/admit-" in path, held):
        pass
    slow_commits(service, monkeypatch)
    for path in held:
        service.deliver_turn(path)
    service.run()
    assert service.job(info).state is JobState.SUCCEEDED
    assert_in_time(service, "admit", 2)


def test_many_shards_are_cancelled_in_several_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_of_shards()
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", CSV)
    service.deliver()
    service.delete("a.csv")
    slow_commits(service, monkeypatch)
    service.run()
    assert service.job(info).state is JobState.CANCELLED
    assert {shard.state for shard in service.shards(info)} == {ShardState.CANCELLED}
    assert_in_time(service, "cancel", 2)


def test_a_batch_of_many_shards_is_collected_in_several_runs() -> None:
    service = service_of_shards()
    slow(service, "write", "/results")
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    assert service.manifest("a.csv")["counts"]["results"] == ROWS
    assert service.submissions() == 1
    assert_in_time(service, "collect", ROWS // 3)


def untold(service: FakeService) -> None:
    """Let no event tell of what just happened in storage."""
    service._delivered_objects = len(service.objects.events)


def test_an_hourly_look_for_many_files_goes_on_behind_those_it_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_AT_ONCE", 2)
    service = FakeService()
    service.run_on(timedelta(minutes=1))
    infos = [service.drop(f"{number}.csv", CSV) for number in range(9)]
    untold(service)
    service.documents.before_commit = lambda some: service.clock.advance(SLOW) if creates_a_job(some) else None
    service.run_on(timedelta(hours=1))
    assert {service.job(info).state for info in infos} == {JobState.WAITING}
    assert runs_of(service, "arrivals") >= 3
    assert "turn.given_up" not in service.log.of("ERROR")


def creates_a_job(some: Sequence[Write]) -> bool:
    return any(isinstance(write, Create) and isinstance(write.value, Job) for write in some)


def test_an_hourly_look_for_many_deletions_goes_on_behind_those_it_has_seen() -> None:
    service = FakeService()
    service.run_on(timedelta(minutes=1))
    infos = [service.drop(f"{number}.csv", CSV) for number in range(9)]
    service.run()
    for info in infos:
        service.delete(info.name)
    untold(service)
    slow(service, "stat", ".csv")
    service.run_on(timedelta(hours=1))
    assert {service.job(info).state for info in infos} == {JobState.CANCELLED}
    assert runs_of(service, "departures") >= 3
    assert "turn.given_up" not in service.log.of("ERROR")
