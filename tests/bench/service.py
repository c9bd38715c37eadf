"""The service on this machine's disk: the real steps over a folder, a fake Firestore and a Vertex that streams."""

from collections import defaultdict
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import msgspec

from batchdrop.domain.ids import ModelName, VertexJobName
from batchdrop.domain.job import Job
from batchdrop.domain.refs import D, Query, Ref
from batchdrop.domain.shard import Shard
from batchdrop.domain.turn import Step, Turn
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES
from batchdrop.settings import Settings
from batchdrop.steps.context import Context
from batchdrop.steps.identify import arrived
from batchdrop.steps.poll import predictions_written
from batchdrop.steps.run import run_turn
from batchdrop.steps.tick import tick
from tests.bench.disk_objects import DiskObjects, Stored
from tests.bench.vertex import PASSES, answer_all, lines_in
from tests.fakes.batches import FakeBatches
from tests.fakes.documents import FakeDocuments
from tests.fakes.objects import Happened
from tests.fakes.small import START, FakeClock, FakeTokens, MemoryLog

SETTINGS = Settings(
    google_cloud_project="project",
    input_bucket="input",
    work_bucket="work",
    predictions_bucket="predictions",
    output_bucket="output",
    default_model=ModelName("gemini-3.5-flash-lite"),
    max_running_batches=10_000,
)
"""With a slot for every batch, all answers are there when the first is collected."""


class State(msgspec.Struct, frozen=True):
    """Where a run stands: enough for another process to go on."""

    documents: dict[str, dict[str, Any]]
    objects: list[Stored]
    held: dict[Step, list[str]]
    now: datetime


class Watch(Protocol):
    """Tells how long the parts of a run take."""

    def running(self, name: str) -> AbstractContextManager[None]:
        """Count what happens inside."""


class _Blind:
    def running(self, _name: str) -> AbstractContextManager[None]:
        return nullcontext()


class BenchService:
    """Drop files, then `deliver`, and `vertex`, in turn. Turns of held steps are kept for later.

    `folder` takes what is written; `kind` is how Vertex answers.
    """

    def __init__(self, folder: Path, kind: str, run: str, state: State | None = None) -> None:
        self.clock = FakeClock(START if state is None else state.now)
        self.documents = FakeDocuments()
        self.objects = DiskObjects(folder, self.clock, () if state is None else state.objects)
        self.batches = FakeBatches(self.clock)
        self.held: dict[Step, list[str]] = defaultdict(list)
        self.context = Context(
            documents=self.documents,
            objects=self.objects,
            batches=self.batches,
            clock=self.clock,
            tokens=FakeTokens(run),
            log=MemoryLog(),
            settings=SETTINGS,
        )
        self._kind = kind
        self._told = 0
        if state is not None:
            self._restore(state)

    def state(self) -> State:
        """Where this run stands."""
        documents = {path: stored.fields for path, stored in self.documents._stored.items()}
        return State(documents, self.objects.stored(), dict(self.held), self.clock.now())

    def drop(self, name: str, path: Path) -> None:
        """Upload a file."""
        self.objects.put_file(SETTINGS.input_bucket, name, path)

    def release(self, step: Step) -> None:
        """Let the held turns of a step be delivered."""
        self.documents.created += self.held.pop(step, [])

    def deliver(self, watch: Watch | None = None, held: AbstractSet[Step] = frozenset()) -> bool:
        """Deliver events and turns until there is none, or only held ones. Tells whether there was anything."""
        moved = False
        while self._deliver_objects() or self._deliver_turn(watch or _Blind(), held):
            moved = True
        return moved

    def vertex(self, watch: Watch | None = None) -> bool:
        """Answer every job at Vertex. Tells whether there was any."""
        waiting = [job.name for job in self.batches.jobs() if job.state not in TERMINAL_VERTEX_STATES]
        for name in waiting:
            self._answer(name)
        if waiting:
            with (watch or _Blind()).running("tick"):
                tick(self.context)
        return bool(waiting)

    def job(self) -> Job:
        """The job's document; there is one."""
        return self._all(Job, "jobs")[0]

    def shards(self) -> list[Shard]:
        """The job's shards, in order."""
        return self._all(Shard, f"jobs/{self.job().id}/shards")

    def _all(self, kind: type[D], collection: str) -> list[D]:
        query: Query[D] = Query(kind=kind, collection=collection)
        return [found.value for found in self.documents.find(query)]

    def _restore(self, state: State) -> None:
        self.documents._versions = count(1_000_000)
        self.documents._store(state.documents)
        self.documents.created.clear()
        self.documents._versions = count(2_000_000)
        self.held.update(state.held)

    def _deliver_objects(self) -> bool:
        events, self.objects.events = self.objects.events, []
        for event in events:
            self._deliver_object(event)
        return bool(events)

    def _deliver_object(self, event: Happened) -> None:
        if event.object.bucket == SETTINGS.input_bucket:
            arrived(self.context, event.object)
        elif event.object.bucket == SETTINGS.predictions_bucket:
            predictions_written(self.context, event.object)

    def _deliver_turn(self, watch: Watch, held: AbstractSet[Step]) -> bool:
        if self._told == len(self.documents.created):
            return False
        path = self.documents.created[self._told]
        self._told += 1
        turn = self.documents.get(Ref(path, Turn)) if path.startswith("turns/") else None
        if turn is None:
            return True
        if turn.value.step in held:
            self.held[turn.value.step].append(path)
            return True
        with watch.running(turn.value.step.value):
            run_turn(self.context, path)
        return True

    def _answer(self, name: VertexJobName) -> None:
        ended = self.batches.end(name)
        source, _, path = self.batches.specs[name].input_uri.removeprefix("gs://").partition("/")
        bucket, _, prefix = ended.output_directory.removeprefix("gs://").partition("/")
        with self.objects.write(bucket, f"{prefix}/predictions.jsonl", "application/x-ndjson") as out:
            for first in range(PASSES):
                answer_all(lines_in(self.objects.read(source, path)), self._kind, first, out)
