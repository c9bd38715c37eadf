"""A name's generations come and go by other hands than its owner's; only a name without any is a cancellation."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from batchdrop.domain.ids import Generation, ModelName
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import JobState
from batchdrop.steps.identify import gone
from tests.fakes.service import FakeService

CSV = "name\nChair\nTable\n"
PROMPT = "Describe {{name}}."


def test_a_lifecycle_that_deletes_a_replaced_generation_cancels_nothing() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    old = service.drop("a.csv", CSV)
    service.run()
    new = service.drop("a.csv", CSV + "Lamp\n")
    service.deliver()
    service.objects.forget("input", "a.csv", old.generation)
    service.run()
    assert service.job(new).state is JobState.SUCCEEDED
    assert service.manifest("a.csv")["input"]["generation"] == str(new.generation)


def test_an_upload_that_is_repeated_while_its_job_runs_neither_cancels_it_nor_pays_twice() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    first = service.drop("a.csv", CSV)
    service.deliver()
    for _ in range(3):
        service.drop("a.csv", CSV)
        service.deliver()
    service.run()
    assert service.job(first).state is JobState.SUCCEEDED
    assert service.submissions() == 1


def test_the_archival_of_a_generation_told_after_its_replacement_ended_changes_nothing() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.run()
    new = service.drop("a.csv", CSV + "Lamp\n")
    service.run()
    (archived,) = [event for event in service.objects.events if event.change == "archived"]
    before = service.output("a.csv/manifest.json")
    service.deliver_object(archived)
    service.run()
    assert service.job(new).state is JobState.SUCCEEDED
    assert service.output("a.csv/manifest.json") == before


def test_a_deletion_that_no_event_told_of_cancels_within_two_hours() -> None:
    service = FakeService()
    info = service.drop("a.csv", CSV)
    service.run()
    service.delete("a.csv")
    service.objects.events.pop()
    service.run_on(timedelta(hours=2), ticks=2)
    assert service.job(info).state is JobState.CANCELLED
    assert service.manifest("a.csv")["reason"]["code"] == "INPUT_DELETED"


def test_the_hourly_look_leaves_jobs_alone_whose_file_still_lives() -> None:
    service = FakeService()
    info = service.drop("a.csv", CSV)
    service.run()
    service.run_on(timedelta(hours=3), ticks=3)
    assert service.job(info).state is JobState.WAITING


@pytest.mark.parametrize("data", [CSV, CSV + "Lamp\n"])
def test_a_file_that_is_dropped_again_while_its_deletion_is_looked_at_is_answered(data: str) -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    old = service.drop("a.csv", CSV)
    service.deliver()
    service.delete("a.csv")

    def drop_again() -> None:
        service.drop("a.csv", data)
        service.deliver()

    service.context = msgspec.structs.replace(service.context, objects=AfterLook(service, drop_again))
    gone(service.context, old)
    service.run()
    assert service.manifest("a.csv")["state"] == "SUCCEEDED"
    assert service.file("a.csv", "results").count(b"about") == data.count("\n") - 1


class AfterLook:
    """Cloud Storage in which something happens right after the input was first looked at."""

    def __init__(self, service: FakeService, happens: Callable[[], None]) -> None:
        self._objects = service.objects
        self._happens: list[Callable[[], None]] = [happens]

    def stat(self, bucket: str, name: str, generation: Generation | None = None) -> ObjectInfo | None:
        found = self._objects.stat(bucket, name, generation)
        if name == "a.csv" and self._happens:
            self._happens.pop()()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)


def test_a_deletion_that_is_told_before_the_upload_it_undid_cancels_the_older_job_too() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    old = service.drop("a.csv", CSV)
    service.deliver()
    new = service.drop("a.csv", CSV + "Lamp\n")
    service.delete("a.csv")
    service.deliver_object(service.objects.events[-1])
    service.run()
    assert service.job(old).state is JobState.CANCELLED
    assert service.job(new).state is JobState.CANCELLED
    assert service.manifest("a.csv")["files"] == []


def test_the_same_requests_are_another_job_once_a_prompt_names_their_model() -> None:
    service = FakeService()
    requests = '{"request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}}\n'
    old = service.drop("a.jsonl", requests)
    service.deliver()
    service.drop("a.prompt", "---\nmodel: gemini-3.5-flash\n---\n")
    new = service.drop("a.jsonl", requests)
    service.run()
    assert service.job(old).state is JobState.CANCELLED
    assert service.manifest("a.jsonl")["model"] == "gemini-3.5-flash"
    assert service.job(new).state is JobState.SUCCEEDED


def test_the_same_bytes_are_another_job_once_the_default_model_is_another() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", CSV)
    service.deliver()
    settings = msgspec.structs.replace(service.settings, default_model=ModelName("gemini-3.5-flash"))
    service.context = msgspec.structs.replace(service.context, settings=settings)
    service.drop("a.csv", CSV)
    service.run()
    assert service.manifest("a.csv")["model"] == "gemini-3.5-flash"


def test_the_same_bytes_with_a_new_prompt_are_answered_by_the_new_prompt_even_if_their_job_is_just_being_planned() -> (
    None
):
    service = FakeService()
    service.drop("default.prompt", PROMPT)

    def change(_writes: object) -> None:
        service.documents.before_commit = lambda _: None
        service.drop("default.prompt", "Anew {{name}}.")
        service.drop("a.csv", CSV)
        while service._deliver_object():
            pass

    service.drop("a.csv", CSV)
    while service._deliver_object():
        pass
    service.documents.before_commit = lambda writes: change(writes) if len(writes) > 2 else None
    service.run()
    assert b"Anew" in service.file("a.csv", "results")
    assert service.submissions() == 1


def test_a_job_that_is_cancelled_while_it_waits_leaves_no_turn_behind() -> None:
    service = FakeService()
    info = service.drop("a.csv", CSV)
    service.run()
    assert len(service.turns()) == 1
    service.delete("a.csv")
    service.run()
    assert service.job(info).state is JobState.CANCELLED
    assert service.turns() == []


def held(service: FakeService) -> ObjectInfo:
    """A job that somebody stopped at Vertex."""
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", CSV)
    service.deliver()
    (job,) = service.batches.jobs()
    service.batches.remove(job.name)
    service.run_on(timedelta(hours=1), ticks=4)
    assert service.job(info).state is JobState.HELD
    return info


def test_a_new_generation_supersedes_a_held_job_and_an_approval_then_wakes_nobody() -> None:
    service = FakeService()
    old = held(service)
    new = service.drop("a.csv", CSV + "Lamp\n")
    service.drop("a.csv.approve", "")
    service.run()
    assert service.job(old).state is JobState.CANCELLED
    assert service.job(new).state is JobState.SUCCEEDED
    assert service.file("a.csv", "results").count(b"about") == 3
    assert len(service.batches.specs) == 2
    assert service.turns() == []


def test_an_approval_that_comes_with_a_cancellation_never_lets_the_rows_go_in_either_order() -> None:
    for first in ("admit", "cancel"):
        service = FakeService()
        info = held(service)
        service.drop("a.csv.approve", "")
        waiting: list[str] = []
        while service.deliver_but(lambda path: "/admit-" in path, waiting):
            pass
        service.delete("a.csv")
        cancelling: list[str] = []
        while service.deliver_but(lambda path: "/cancel-" in path, cancelling):
            pass
        for path in (waiting + cancelling) if first == "admit" else (cancelling + waiting):
            service.deliver_turn(path)
        service.run()
        assert service.job(info).state is JobState.CANCELLED
        assert len(service.batches.specs) == 1
        assert service.turns() == []


def test_a_job_runs_with_the_prompt_that_was_there_when_it_was_planned() -> None:
    service = FakeService()
    info = service.drop("a.csv", CSV)
    service.run()
    service.drop("default.prompt", "Old {{name}}.")
    newest = service.drop("default.prompt", "Newer {{name}}.")
    service.deliver()
    service.drop("default.prompt", "Newest {{name}}.")
    service.run()
    assert service.job(info).state is JobState.SUCCEEDED
    assert service.file("a.csv", "results").count(b"Newer") == 2
    assert service.manifest("a.csv")["prompt"]["generation"] == str(newest.generation)
    assert service.file("a.csv", "job.prompt") == b"Newer {{name}}."


def test_the_same_bytes_dropped_while_their_job_is_closing_are_a_job_of_their_own_and_the_newest_manifest_stands() -> (
    None
):
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    old = service.drop("a.csv", CSV)
    service.deliver()
    finishing: list[str] = []
    service.vertex()
    while service.deliver_but(lambda path: "/finish-" in path, finishing):
        pass
    assert service.job(old).state is JobState.CLOSING
    new = service.drop("a.csv", CSV)
    service.run()
    for path in finishing:
        service.deliver_turn(path)
    service.run()
    assert (service.job(old).state, service.job(new).state) == (JobState.SUCCEEDED, JobState.SUCCEEDED)
    assert service.manifest("a.csv")["job"] == service.id_of(new)
