"""A job that fails for one batch: it waits for its others, keeps what they answer, and asks nothing more."""

import json
from datetime import timedelta

import pytest

from batchdrop.domain.vertex import VertexState
from batchdrop.steps.tick import tick
from tests.fakes.service import SUCCEEDED, End, FakeService, echo
from tests.unit.steps.asking import requests, service_with, texts_of

DENIED: End = (VertexState.FAILED, 7, "The service account may not read the bucket.")


def in_two_batches(**files: tuple[str, ...]) -> FakeService:
    """Drop files, of four rows in all, that go into two batches of two rows, one row in a shard."""
    service = service_with(slots=8, batch_rows=2)
    for stem, texts in files.items():
        service.drop(f"{stem}.jsonl", requests(*texts))
    service.deliver()
    tick(service.context)
    assert service.submissions() == 2
    return service


def end(service: FakeService, number: int, how: End = SUCCEEDED, answers: int = 2) -> None:
    """End the batch of this number, from 0, with so many of its rows answered, and let everybody know."""
    job = service.batches.jobs()[number]
    state, code, message = how
    ended = service.batches.end(job.name, state, error_code=code, error_message=message)
    body = "".join(json.dumps(echo(line)) + "\n" for line in service.requests_of(job.name)[:answers])
    folder = ended.output_directory.removeprefix("gs://predictions/")
    if answers:
        service.objects.put("predictions", f"{folder}/predictions.jsonl", body.encode())
    tick(service.context)
    service.deliver()


def alone_and_shared(service: FakeService) -> list[int]:
    """Numbers of the batch that carries one job only, and of the one that carries `b0` too."""
    return sorted((0, 1), key=lambda number: "b0" in texts_of(service)[number])


def results_of(service: FakeService, name: str) -> list[str]:
    contents = [line["response"]["candidates"][0]["content"] for line in service.lines(name, "results")]
    return [content["parts"][0]["text"].removeprefix("about ") for content in contents]


def test_a_job_that_fails_for_one_batch_cancels_the_others_and_keeps_what_they_had_answered() -> None:
    service = in_two_batches(a=("a0", "a1", "a2", "a3"))
    kept = texts_of(service)[1][:1]
    end(service, 0, DENIED, answers=0)
    assert service.objects.names("output") == []
    tick(service.context)
    assert service.batches.cancelled == [service.batches.jobs()[1].name]
    end(service, 1, (VertexState.CANCELLED, 1, "CANCELED"), answers=1)
    service.run_on(timedelta(minutes=40), ticks=40)
    assert results_of(service, "a.jsonl") == kept
    assert {error["code"] for error in service.lines("a.jsonl", "errors")} == {"VERTEX_REFUSED"}
    counts = service.manifest("a.jsonl")["counts"]
    assert (counts["rows"], counts["results"], counts["errors"]) == (4, 1, 3)
    assert service.submissions() == 2
    assert service.turns() == []


def test_a_job_that_failed_has_its_answers_of_a_batch_that_goes_on_for_others_as_soon_as_that_ends() -> None:
    service = in_two_batches(a=("a0", "a1", "a2"), b=("b0",))
    alone, shared = alone_and_shared(service)
    kept = [text for text in texts_of(service)[shared] if text != "b0"]
    end(service, alone, DENIED, answers=0)
    service.clock.advance(timedelta(hours=2))
    tick(service.context)
    service.deliver()
    assert service.batches.cancelled == []
    end(service, shared)
    assert results_of(service, "a.jsonl") == kept
    assert service.manifest("a.jsonl")["state"] == "FAILED"
    assert results_of(service, "b.jsonl") == ["b0"]
    assert service.manifest("b.jsonl")["state"] == "SUCCEEDED"


@pytest.mark.parametrize("how", [(VertexState.FAILED, 3, "Failed to import data."), (VertexState.FAILED, 13, "")])
def test_nothing_of_a_job_that_failed_is_asked_apart_or_again(how: End) -> None:
    service = in_two_batches(a=("a0", "a1", "a2"), b=("b0",))
    alone, shared = alone_and_shared(service)
    end(service, alone, DENIED, answers=0)
    end(service, shared, how, answers=0)
    service.run_on(timedelta(hours=2), ticks=20)
    assert (service.manifest("a.jsonl")["state"], results_of(service, "a.jsonl")) == ("FAILED", [])
    assert {error["code"] for error in service.lines("a.jsonl", "errors")} == {"VERTEX_REFUSED"}
    assert results_of(service, "b.jsonl") == ["b0"]
    assert texts_of(service)[2:] == [["b0"]]


def test_a_job_that_failed_waits_no_longer_for_a_batch_than_any_batch_may_last() -> None:
    service = in_two_batches(a=("a0", "a1", "a2", "a3"))
    end(service, 0, DENIED, answers=0)
    for _ in range(123):
        service.clock.advance(timedelta(hours=1))
        tick(service.context)
        service.deliver()
    assert service.manifest("a.jsonl")["state"] == "FAILED"
    assert service.turns() == []


def test_a_job_that_failed_and_is_superseded_while_it_waits_writes_nothing() -> None:
    service = in_two_batches(a=("a0", "a1", "a2"), b=("b0",))
    alone, shared = alone_and_shared(service)
    end(service, alone, DENIED, answers=0)
    newer = service.drop("a.jsonl", requests("a4"))
    service.deliver()
    end(service, shared)
    service.run()
    assert results_of(service, "a.jsonl") == ["a4"]
    files = [name for name in service.objects.names("output") if name.startswith("a.jsonl/")]
    assert sorted(files) == [f"a.jsonl/{newer.generation}/results.jsonl", "a.jsonl/manifest.json"]
