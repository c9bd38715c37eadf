"""The whole service in memory: the real steps over fake ports, with a model that answers every request."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from batchdrop.domain.ids import JobId, ModelName, VertexJobName, job_id
from batchdrop.domain.job import Job, job_ref
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.refs import Query
from batchdrop.domain.shard import Shard, shards_of
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, VertexState
from batchdrop.settings import Settings
from batchdrop.steps.context import Context
from batchdrop.steps.identify import arrived, gone
from batchdrop.steps.poll import predictions_written
from batchdrop.steps.run import run_turn
from batchdrop.steps.tick import tick
from tests.fakes.batches import FakeBatches
from tests.fakes.documents import FakeDocuments
from tests.fakes.objects import FakeObjects, Happened
from tests.fakes.small import FakeClock, FakeTokens, MemoryLog

SETTINGS = Settings(
    google_cloud_project="project",
    input_bucket="input",
    work_bucket="work",
    predictions_bucket="predictions",
    output_bucket="output",
    default_model=ModelName("gemini-3.5-flash-lite"),
)

Line = dict[str, Any]
Model = Callable[[Line], Line | None]
"""What the model makes of a request line: the answer line, or nothing."""

End = tuple[VertexState, int, str]
SUCCEEDED: End = (VertexState.SUCCEEDED, 0, "")


def echo(line: Line) -> Line:
    """Answer with the request's last text."""
    text = line["request"]["contents"][-1]["parts"][-1].get("text", "")
    return answered(line, f"about {text.strip()}")


def answered(line: Line, text: str, finish_reason: str = "STOP") -> Line:
    """Make the answer line of a request line."""
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish_reason}
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}
    response = {"candidates": [candidate], "usageMetadata": usage}
    return line | {"status": "", "processed_time": "2026-11-01T12:00:00Z", "response": response}


class FakeService:
    """Drop files, then `run`. Every event is delivered until nothing is left to deliver.

    `spread` says which answers of a batch go into which file, and in what order.
    """

    def __init__(self, settings: Settings = SETTINGS, model: Model = echo) -> None:
        self.settings = settings
        self.model = model
        self.clock = FakeClock()
        self.documents = FakeDocuments()
        self.objects = FakeObjects(self.clock, versioned=[settings.input_bucket])
        self.batches = FakeBatches(self.clock)
        self.log = MemoryLog()
        self.ends: Callable[[list[Line]], End] = lambda _: SUCCEEDED
        self.spread: Callable[[list[Line]], list[list[Line]]] = lambda answers: [answers[::-1]]
        self.context = Context(
            documents=self.documents,
            objects=self.objects,
            batches=self.batches,
            clock=self.clock,
            tokens=FakeTokens(),
            log=self.log,
            settings=settings,
        )
        self._delivered_turns = 0
        self._delivered_objects = 0

    def drop(self, name: str, data: bytes | str) -> ObjectInfo:
        """Upload a file."""
        content = data.encode() if isinstance(data, str) else data
        return self.objects.put(self.settings.input_bucket, name, content)

    def delete(self, name: str) -> None:
        """Delete a file."""
        self.objects.delete(self.settings.input_bucket, [name])

    def run(self) -> None:
        """Deliver events and let Vertex answer, until nothing moves."""
        while self.deliver() or self.vertex():
            pass

    def run_on(self, by: timedelta, ticks: int = 1) -> None:
        """Let time pass in ticks, running after each."""
        for _ in range(ticks):
            self.clock.advance(by / ticks)
            tick(self.context)
            self.run()

    def deliver(self) -> bool:
        """Deliver what stands to be delivered. Tells whether there was anything."""
        moved = False
        while self._deliver_object() or self._deliver_turn():
            moved = True
        return moved

    def vertex(self) -> bool:
        """End every job at Vertex, as `ends` says, with its answers if it did not fail."""
        moved = False
        for job in self.batches.jobs():
            if job.state not in TERMINAL_VERTEX_STATES:
                self._end(job.name)
                moved = True
        return moved

    def job(self, info: ObjectInfo) -> Job:
        """The job document of an upload."""
        found = self.documents.get(job_ref(self.id_of(info)))
        assert found is not None, f"no job for {info.name}"
        return found.value

    def shards(self, info: ObjectInfo) -> list[Shard]:
        """The shard documents of an upload's job."""
        query: Query[Shard] = shards_of(self.id_of(info))
        return [found.value for found in self.documents.find(query)]

    def id_of(self, info: ObjectInfo) -> JobId:
        """The job id of an upload."""
        return job_id(info.bucket, info.name, info.generation)

    def manifest(self, name: str) -> dict[str, Any]:
        """The manifest of an input name."""
        content: dict[str, Any] = json.loads(self.output(f"{name}/manifest.json"))
        return content

    def output(self, name: str) -> bytes:
        """An object of the output bucket."""
        return self.objects.content(self.settings.output_bucket, name)

    def file(self, name: str, stem: str) -> bytes:
        """The output file of an input whose name begins so; empty if the manifest has none."""
        files = [file["name"] for file in self.manifest(name)["files"]]
        return next((self.output(found) for found in files if found.rsplit("/", 1)[-1].startswith(stem)), b"")

    def lines(self, name: str, stem: str) -> list[dict[str, Any]]:
        """The same as parsed JSON lines."""
        return [json.loads(line) for line in self.file(name, stem).splitlines()]

    def turns(self) -> list[str]:
        """Turns that stand."""
        return [path for path in self.documents.paths() if path.startswith("turns/")]

    def submissions(self) -> int:
        """Batch jobs that were created at Vertex."""
        return len(self.batches.jobs())

    def requests_of(self, name: VertexJobName) -> list[Line]:
        """The request lines of a job at Vertex."""
        bucket, _, path = self.batches.specs[name].input_uri.removeprefix("gs://").partition("/")
        return [json.loads(line) for line in self.objects.content(bucket, path).splitlines()]

    def _deliver_object(self) -> bool:
        if self._delivered_objects == len(self.objects.events):
            return False
        event = self.objects.events[self._delivered_objects]
        self._delivered_objects += 1
        self.deliver_object(event)
        return True

    def deliver_object(self, event: Happened) -> None:
        """Deliver one object event as the triggers do."""
        bucket = event.object.bucket
        if bucket == self.settings.input_bucket and event.change == "finalized":
            arrived(self.context, event.object)
        elif bucket == self.settings.input_bucket:
            gone(self.context, event.object)
        elif bucket == self.settings.predictions_bucket and event.change == "finalized":
            predictions_written(self.context, event.object)

    def deliver_turn(self, path: str) -> None:
        """Deliver the event of one turn."""
        run_turn(self.context, path)

    def deliver_but(self, late: Callable[[str], bool], held: list[str]) -> bool:
        """Deliver one event, or keep it in `held` if it is the event of a turn that is to come late."""
        return self._deliver_object() or self._deliver_turn(late, held)

    def _deliver_turn(self, late: Callable[[str], bool] = lambda _: False, held: list[str] | None = None) -> bool:
        if self._delivered_turns == len(self.documents.created):
            return False
        path = self.documents.created[self._delivered_turns]
        self._delivered_turns += 1
        if held is not None and late(path):
            held.append(path)
        elif path.startswith("turns/"):
            self.deliver_turn(path)
        return True

    def _end(self, name: VertexJobName) -> None:
        requests = self.requests_of(name)
        state, code, message = self.ends(requests)
        ended = self.batches.end(name, state, error_code=code, error_message=message)
        if state is not VertexState.FAILED:
            answers = [line for line in map(self.model, requests) if line is not None]
            bucket, _, prefix = ended.output_directory.removeprefix("gs://").partition("/")
            for number, lines in enumerate(self.spread(answers)):
                body = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
                self.objects.put(bucket, f"{prefix}/predictions{number or ''}.jsonl", body)
        tick(self.context)
