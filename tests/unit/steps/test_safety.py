"""What a hostile file, or a careless one, must not bring about."""

import json
import re
import traceback
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cloudevents.http import CloudEvent

from batchdrop import entry
from batchdrop.cloud.events import Change
from batchdrop.cloud.logs import JsonLog
from batchdrop.domain import limits
from batchdrop.domain.errors import Transient
from batchdrop.domain.ids import BatchId, ModelName
from batchdrop.domain.reasons import Code
from batchdrop.domain.states import TERMINAL_JOB_STATES, JobState
from batchdrop.domain.turn import Function
from batchdrop.domain.vertex import BatchSpec
from batchdrop.steps.poll import predictions_written
from batchdrop.steps.tick import tick
from tests.fakes.service import SETTINGS, FakeService, Line, answered

PROMPT = "---\nmodel: gemini-3.5-flash-lite\nbatch.max_invalid: 1.0\n---\nDescribe {{name}}.\n"
SCHEMA_PROMPT = """---
model: gemini-3.5-flash-lite
output:
  schema:
    label(enum): [good, bad]
batch.max_invalid: 1.0
---
Describe {{name}}.
"""
_PLAIN_PATH = re.compile(r"[A-Za-z0-9@._~/-]+")


def pointing_to(uri: str) -> str:
    parts = [{"text": "Read this."}, {"fileData": {"fileUri": uri, "mimeType": "application/pdf"}}]
    return json.dumps({"request": {"contents": [{"role": "user", "parts": parts}]}}) + "\n"


def test_a_request_that_points_into_another_bucket_is_an_error_of_its_line_and_never_asked() -> None:
    service = FakeService()
    service.drop("a.jsonl", pointing_to("gs://input/x.pdf") + "\n" + pointing_to("gs://payroll/x.pdf"))
    service.run()
    (error,) = service.lines("a.jsonl", "errors")
    assert (error["line"], error["code"], error["stage"]) == (3, "MEDIA_BUCKET", "request")
    assert error["path"] == "request.contents[0].parts[1].fileData.fileUri"
    assert "ALLOWED_MEDIA_BUCKETS" in error["hint"]
    assert service.manifest("a.jsonl")["counts"]["results"] == 1


def test_a_column_that_points_into_another_bucket_is_an_error_of_its_line_and_never_asked() -> None:
    service = FakeService()
    service.drop("default.prompt", "---\nmodel: gemini-3.5-flash-lite\n---\n{{media url=file}}Say what it shows.")
    service.drop("a.csv", "id,file\n1,gs://input/x.png\n2,gs://payroll/x.png\n")
    service.run()
    (error,) = service.lines("a.csv", "errors")
    assert (error["line"], error["code"], error["stage"], error["path"]) == (3, "MEDIA_BUCKET", "render", "file")
    assert service.manifest("a.csv")["counts"]["results"] == 1


def test_a_prompt_without_end_is_refused_and_not_held_in_memory() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT + "x" * limits.PROMPT_BYTES)
    service.drop("a.jsonl", '{"name": "a"}\n')
    service.run()
    reason = service.manifest("a.jsonl")["reason"]
    assert (reason["code"], reason["where"]) == ("PROMPT_INVALID", "default.prompt")
    assert "1,048,576 bytes" in reason["message"]


@pytest.mark.parametrize(
    "name",
    [
        "x//y.csv",
        "/rooted.csv",
        "a?generation=1&prefix=.csv",
        "a#b%2F..%2Fc.csv",
        "quo\"te's and `ticks`.csv",
        "new\nline\tand\u2028more.csv",
        "gs://other/secret.csv",
        "jobs/j00000000000000000000.csv",
        "manifest.json/manifest.json.csv",
        "ünï/çödé 😀.csv",
        "* [a-z] ?.csv",
    ],
)
def test_a_name_is_a_name_whatever_it_looks_like(name: str) -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop(name, "id,name\n1,Chair\n2,Table\n")
    service.drop("beside.csv", "id,name\n1,Lamp\n")
    service.run()
    assert service.manifest(name)["counts"]["results"] == 2
    assert service.manifest("beside.csv")["counts"]["results"] == 1
    outputs = service.objects.names("output")
    assert all(written.startswith((f"{name}/", "beside.csv/")) for written in outputs)
    paths = service.documents.paths()
    assert all(_PLAIN_PATH.fullmatch(path) for path in paths), paths


@pytest.mark.parametrize("length", [1024, 1015, 961])
def test_a_name_too_long_to_have_an_output_is_refused_with_the_reason(length: int) -> None:
    service = FakeService()
    info = service.drop("é" * 9 + "x" * (length - 22) + ".csv", "name\nChair\n")
    assert len(info.name.encode()) == length
    service.run()
    job = service.job(info)
    assert job.state is JobState.REJECTED
    assert job.reason is not None
    assert (job.reason.code, f"{length} bytes" in job.reason.message) == (Code.INPUT_NAME, True)
    assert service.turns() == []


def test_the_longest_name_that_is_taken_has_room_for_every_output() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT.replace("---\nDescribe", "batch.output: parquet\n---\nDescribe"))
    name = "x" * (limits.NAME_BYTES - 4) + ".csv"
    service.drop(name, "id,name\n1,Chair\n")
    service.run()
    assert service.manifest(name)["state"] == "SUCCEEDED"
    assert max(map(len, service.objects.names("output"))) <= limits.OBJECT_NAME_BYTES


@pytest.mark.parametrize("object_name", ["b/1/x.jsonl", "b__/1/x.jsonl", "b..//x.jsonl", "bad" * 300 + "/x.jsonl", "x"])
def test_a_strangers_object_among_the_predictions_asks_for_no_document(object_name: str) -> None:
    service = FakeService()
    asked: list[str] = []
    service.documents.get = lambda ref: asked.append(ref.path)  # type: ignore[method-assign]
    predictions_written(service.context, service.objects.put("predictions", object_name, b"{}"))
    assert asked == []


def test_a_job_at_vertex_whose_label_is_no_batch_of_ours_is_left_alone() -> None:
    service = FakeService()
    tick(service.context)
    labels = {"batchdrop": service.settings.installation, "batch": "__reserved__"}
    spec = BatchSpec(
        batch=BatchId("b"),
        display_name="x",
        model=ModelName("m"),
        location="global",
        input_uri="gs://work/x",
        output_uri_prefix="gs://predictions/x",
        labels=labels,
    )
    service.batches.create(spec)
    service.clock.advance(timedelta(hours=2))
    tick(service.context)
    assert service.batches.cancelled == []
    assert [line.event for line in service.log.lines if line.severity == "WARNING"] == ["batch.unknown_job"]


OBJECT = {"name": "a.csv", "generation": "1", "size": "3"}


@pytest.mark.parametrize(
    ("function", "kind", "bucket"),
    [
        (Function.INTAKE, Change.FINALIZED, "someone-elses"),
        (Function.INTAKE, Change.DELETED, "someone-elses"),
        (Function.INTAKE, Change.FINALIZED, "output"),
        (Function.INTAKE, Change.FINALIZED, "predictions"),
        (Function.STAGE, Change.FINALIZED, "input"),
        (Function.COLLECT, Change.FINALIZED, "predictions"),
        (Function.DISPATCH, Change.FINALIZED, "input"),
        (Function.DISPATCH, Change.FINALIZED, "someone-elses"),
    ],
)
def test_events_are_taken_for_the_configured_buckets_only(function: Function, kind: Change, bucket: str) -> None:
    service = FakeService()
    event = CloudEvent({"type": kind.value, "source": "//storage"}, {**OBJECT, "bucket": bucket})
    entry._deliver(service.context, function, event)
    assert service.documents.paths() == []
    assert [(line.event, line.fields["bucket"]) for line in service.log.lines] == [("event.misrouted", bucket)]


def test_no_log_line_and_no_exception_holds_row_data() -> None:
    texts: list[str] = []
    for name, data in HOSTILE.items():
        for schema in (False, True):
            texts += told_of(name, data, schema=schema)
    told = "\n".join(texts)
    assert "job.ended" in told
    assert "Transient" in told
    assert MARKER not in told.lower()


def told_of(name: str, data: bytes, *, schema: bool) -> list[str]:
    """All that is logged and raised while a file goes through, past trouble of every kind."""
    stream = StringIO()
    service = FakeService(msgspec.structs.replace(SETTINGS, lot_rows=3), model=Wicked())
    service.context = msgspec.structs.replace(service.context, log=JsonLog(stream, "test"))
    service.objects.before_call = Unreliable()
    service.spread = spoiled
    raised: list[str] = []
    service.drop("default.prompt", SCHEMA_PROMPT if schema else PROMPT)
    service.drop(name, data)
    for _ in range(40):
        try:
            service.run()
            service.run_on(timedelta(minutes=15))
        except Exception as error:  # noqa: BLE001  # functions-framework would tell of it
            service.context.log.warning("event.failed", error=error)
            raised.append("".join(traceback.format_exception(error)))
    assert service.job(service.objects.events[1].object).state in TERMINAL_JOB_STATES
    return [stream.getvalue(), *raised]


class Unreliable:
    """Fails every eleventh call."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, method: str, _name: str) -> None:
        self._calls += 1
        if self._calls % 11 == 0:
            raise Transient(f"HTTP 503 from {method}")


class Wicked:
    """A model that echoes rows wherever it can, and answers well only in the end."""

    def __init__(self) -> None:
        self._asked = 0

    def __call__(self, line: Line) -> Line | None:
        self._asked += 1
        text = json.dumps(line["request"])
        match self._asked % 6:
            case 0:
                return line | {"status": f"Bad Request: {text}", "response": {}}
            case 1:
                return line | {"status": f'{{"error": {{"code": 500, "message": {text!r}}}}}', "response": {}}
            case 2:
                return answered(line, f'{{"label": [{text}', "STOP")
            case 3:
                return line | {"custom_id": MARKER, "status": "", "response": {"candidates": [{"content": MARKER}]}}
            case 4:
                return None
            case _:
                return answered(line, json.dumps({"label": MARKER}))


def spoiled(answers: list[Line]) -> list[list[Line]]:
    """Answers of other rows, answers twice, and lines that are none."""
    junk: Any = [MARKER, [MARKER], {"custom_id": {"a": MARKER}}]
    return [[*answers[::-1], *answers[:1], *junk]]


def parquet() -> bytes:
    written = BytesIO()
    names = pa.array([MARKER, None, f"{MARKER} 2"])
    pq.write_table(pa.table({"name": names, "blob": pa.array([b"\xff" + MARKER.encode(), b"", None])}), written)
    return written.getvalue()


MARKER = "wombat7531"
TURN = {"role": "user", "parts": [{"text": MARKER}]}
NATIVE: list[Any] = [
    {"contents": [TURN]},
    {"contents": MARKER},
    {MARKER: 1},
    {"contents": [{"role": MARKER, "parts": [{"text": "x"}]}]},
    {"contents": [{"parts": [{"fileData": {"fileUri": f"gs://{MARKER}/x", "mimeType": "image/png"}}]}]},
    {"contents": [{"parts": [{"inlineData": {"data": f"{MARKER}!", "mimeType": "image/png"}}]}]},
]
RECORDS = [
    f'{{"name": "{MARKER}"}}',
    f'{{"name": {MARKER}}}',
    f'["{MARKER}"]',
    f'{{"{MARKER}": 1}}',
    f'{{"name": "\\ud800{MARKER}"}}',
    f'{{"name": {{"{MARKER}": ["{MARKER}"]}}}}',
    MARKER,
    *[f'{{"name": "{MARKER} again"}}'] * 4,
]
HOSTILE: dict[str, bytes] = {
    "a.csv": f'id,name\n1,{MARKER}\n2,{MARKER},{MARKER}\n3,{MARKER}\xff\n4,"{MARKER}\n5,x\n'.encode("latin-1"),
    "a.jsonl": "".join(f"{record}\n" for record in RECORDS).encode(),
    "b.jsonl": "".join(json.dumps({"request": request}) + "\n" for request in NATIVE).encode(),
    "a.parquet": parquet(),
}
