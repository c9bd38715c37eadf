"""Native rows on their way into lots, with a Vertex whose importer is as strict as the real one."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from batchdrop.domain.states import JobState
from batchdrop.domain.vertex import VertexState
from infra.local.vertex.shape import ImportRefusedError, RowShape
from tests.fakes.service import SUCCEEDED, End, FakeService, Line

Json = dict[str, Any]


def calling(args: Json, row: int) -> Json:
    history = [
        {"role": "user", "parts": [{"text": f"row {row}"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "find", "args": args}}]},
        {"role": "user", "parts": [{"text": "and now?"}]},
    ]
    return {"contents": history}


def asking(text: str, **more: object) -> Json:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}


def file_of(requests: Iterable[Json]) -> str:
    return "".join(json.dumps({"n": number, "request": request}) + "\n" for number, request in enumerate(requests))


@pytest.fixture
def service() -> FakeService:
    made = FakeService()
    made.ends = imported
    return made


def imported(lines: list[Line]) -> End:
    shape = RowShape()
    try:
        for line in lines:
            shape.add({"custom_id": line["custom_id"], "request": line["request"]})
    except ImportRefusedError as refused:
        return VertexState.FAILED, 3, f"Failed to import data: {refused}"
    return SUCCEEDED


def test_rows_whose_types_conflict_are_asked_apart_and_come_back_in_order(service: FakeService) -> None:
    kinds: list[Json] = [{"city": "Oslo"}, {"city": 7}, {"city": "Rome", "days": [1]}, {"city": ["Bonn"]}]
    info = service.drop("a.jsonl", file_of(calling(kinds[row % 4], row) for row in range(40)))
    service.run()
    assert [line["n"] for line in service.lines("a.jsonl", "results.jsonl")] == list(range(40))
    assert service.submissions() == 3
    assert service.job(info).state is JobState.SUCCEEDED


def test_what_the_importer_would_stumble_over_is_restated_or_reported_by_line(service: FakeService) -> None:
    sound = [asking(f"hello {row}") for row in range(9)]
    mended = asking(
        "hi", generation_config={"thinkingConfig": {}, "stop_sequences": None}, tools=[{"googleSearch": {}}]
    )
    broken = [asking("hi", labels={"a-b": "x"}), asking("hi", tools=[{"codeExecution": {}}])]
    service.drop("a.jsonl", file_of([*sound, mended, *broken]))
    service.run()
    assert service.submissions() == 1
    assert [line["n"] for line in service.lines("a.jsonl", "results.jsonl")] == list(range(10))
    assert [(line["line"], line["code"], line["path"]) for line in service.lines("a.jsonl", "errors.jsonl")] == [
        (11, "BAD_NAME", "request.labels.a-b"),
        (12, "EMPTY_OBJECT", "request.tools[0].codeExecution"),
    ]


def test_a_native_request_reaches_vertex_as_it_was_written(service: FakeService) -> None:
    request = '{"contents": [{"role":"user", "parts":[{"text":"5.0 \\u00e4"}]}], "generationConfig": {"topK": 40.0}}'
    service.drop("a.jsonl", f'{{"id": "x", "request": {request}}}\n')
    service.deliver()
    (spec,) = service.batches.specs.values()
    bucket, _, name = spec.input_uri.removeprefix("gs://").partition("/")
    assert service.objects.content(bucket, name).decode().endswith(f'"request":{request}}}\n')


def test_a_batch_of_plain_rows_carries_no_signature(service: FakeService) -> None:
    info = service.drop("a.jsonl", file_of(asking(f"hello {row}", labels={f"k{row}": "x"}) for row in range(3)))
    service.run()
    assert [lot.signature for lot in service.shards(info)[0].lots] == [{}]
