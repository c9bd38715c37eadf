"""A name's generations come and go by other hands than its owner's; only a name without any is a cancellation."""

from datetime import timedelta

from batchdrop.domain.states import JobState
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
