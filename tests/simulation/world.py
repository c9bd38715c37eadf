"""A run of the whole service in virtual time: what is written becomes events, users act, and the tick ticks."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import msgspec

from batchdrop.domain.objects import ObjectInfo
from batchdrop.ports import Log
from batchdrop.settings import Settings
from batchdrop.steps.context import Context
from batchdrop.steps.identify import arrived, gone
from batchdrop.steps.poll import predictions_written
from batchdrop.steps.run import run_turn
from batchdrop.steps.tick import tick
from tests.fakes.objects import FakeObjects, Happened
from tests.fakes.small import FakeClock, FakeTokens
from tests.simulation.agenda import Agenda
from tests.simulation.chaos import Chaos
from tests.simulation.documents import QuickDocuments
from tests.simulation.ledger import Ledger
from tests.simulation.machine import Event, Machine
from tests.simulation.vertex import Manner, SimulatedVertex
from tests.simulation.watched import WatchedBatches, WatchedDocuments, WatchedObjects

_SHORTEST_TICK, _LONGEST_TICK = 60, 3600
"""Scheduler ticks each minute; where nothing moves, minutes are left out."""
_QUIET = timedelta(hours=4)
"""A run is over when all was quiet for so long, hourly listings among it."""
_IDS = re.compile(r"[bj][0-9a-f]{20}")


class Operation(msgspec.Struct, frozen=True):
    """What a user does, so many seconds after the start, or sooner by a fault."""

    seconds: int
    act: Callable[["World"], None]


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a run begins with: `fresh` is an installation that never ticked; every call takes `call_seconds`."""

    settings: Settings
    manner: Manner
    operations: tuple[Operation, ...]
    fresh: bool = False
    call_seconds: int = 0


class World:
    """One run. `run` it, then `broken` has the promises that were broken.

    `lag` is how long Vertex's list hides a job. With `keep` the machine keeps the points it came past.
    """

    def __init__(self, setup: Setup, chaos: Chaos, log: Log, lag: timedelta, *, keep: bool = False) -> None:
        settings = setup.settings
        self.settings = settings
        self.clock = FakeClock()
        self.agenda = Agenda(self.clock)
        self.documents = QuickDocuments()
        self.objects = ToldObjects(self.clock, settings.input_bucket)
        self.vertex = SimulatedVertex(self.agenda, self.objects, setup.manner, chaos, lag)
        self.machine = Machine(self.agenda, chaos, self._do_next_operation, setup.call_seconds, keep=keep)
        self.ledger = Ledger(self.objects, settings)
        self.documents.after_commit = self.ledger.committed
        self.objects.told = self.ledger.written
        self.vertex.billed = self.ledger.billed
        self.ticks = 0
        self.context = Context(
            documents=WatchedDocuments(self.documents, self.machine),
            objects=WatchedObjects(self.objects, self.machine),
            batches=WatchedBatches(self.vertex, self.machine),
            clock=self.clock,
            tokens=FakeTokens(),
            log=log,
            settings=settings,
        )
        self._operations = list(setup.operations)
        self._unannounced: set[tuple[str, str]] = set()
        self._names: dict[str, str] = {}
        self._seen_documents = self._seen_objects = 0
        self._tick_seconds, self._moved = _SHORTEST_TICK, 0
        self._quiet_since: datetime | None = None
        self._over = False
        if not setup.fresh:
            tick(msgspec.structs.replace(self.context, documents=self.documents, objects=self.objects))

    @property
    def broken(self) -> list[str]:
        """The promises that were broken so far."""
        return [*self.ledger.broken, *self.machine.broken]

    def run(self, most_ticks: int) -> None:
        """Run until nothing is open and nothing is left to happen, or until a promise is broken."""
        for operation in list(self._operations):
            self.agenda.after(operation.seconds, partial(self._do_operation, operation))
        self.agenda.after(_SHORTEST_TICK, self._tick)
        try:
            while not (self._over or self.ledger.broken or self.machine.broken):
                self.agenda.do_next()
                self._pick_up()
                if self.ticks > most_ticks:
                    open_still = "; ".join(self.ledger.mirror.unsettled())
                    self.ledger.broken.append(f"it did not end within {most_ticks} ticks: {open_still}")
        finally:
            self.machine.end()

    def drop(self, name: str, data: bytes | str) -> ObjectInfo:
        """Upload a file."""
        content = data.encode() if isinstance(data, str) else data
        return self.objects.put(self.settings.input_bucket, name, content)

    def drop_unannounced(self, name: str, data: str) -> None:
        """Upload a file of which no event ever tells."""
        self._unannounced.add(("finalized", name))
        self.drop(name, data)

    def delete_unannounced(self, name: str) -> None:
        """Delete a file of which no event ever tells that it went."""
        self._unannounced.add(("archived", name))
        self.delete(name)

    def go_down(self, seconds: int) -> None:
        """Lose all that is sent, or would start, for so long."""
        self.machine.down_until = self.clock.now() + timedelta(seconds=seconds)

    def purge(self, name: str) -> None:
        """Delete a file with all its generations."""
        info = self.objects.stat(self.settings.input_bucket, name)
        self.delete(name)
        if info is not None:
            self.objects.forget(info.bucket, info.name, info.generation)

    def delete(self, name: str) -> None:
        """Delete a file."""
        self.objects.delete(self.settings.input_bucket, [name])

    def _do_next_operation(self) -> None:
        if self._operations:
            self._do_operation(self._operations[0])

    def _do_operation(self, operation: Operation) -> None:
        """Do it, unless it was done sooner."""
        if operation in self._operations:
            self._operations.remove(operation)
            operation.act(self)

    def _tick(self) -> None:
        if self.clock.now() < self.machine.down_until:
            self.agenda.after((self.machine.down_until - self.clock.now()).total_seconds(), self._tick)
            return
        self._quiet_since = (self._quiet_since or self.clock.now()) if self._is_quiet() else None
        self._over = self._quiet_since is not None and self.clock.now() > self._quiet_since + _QUIET
        self.ticks += 1
        self._tick_seconds = _SHORTEST_TICK if self._is_moving() else min(self._tick_seconds * 2, _LONGEST_TICK)
        self.machine.send(Event(f"tick-{self.ticks}", partial(tick, self.context)))
        self.agenda.after(self._tick_seconds, self._tick)

    def _is_moving(self) -> bool:
        """Tell whether anything moved since the last tick, or soon will."""
        before, self._moved = self._moved, self.ledger.commits + self.vertex.events + self._seen_objects
        return self._moved != before or self.machine.is_parking() or self.ledger.is_submitting()

    def _is_quiet(self) -> bool:
        return not len(self.agenda) and self.ledger.is_settled() and not self.vertex.running()

    def _pick_up(self) -> None:
        for path in self.documents.created[self._seen_documents :]:
            if path.startswith("turns/"):
                name = self._short(path.rpartition("/")[2])
                self.machine.send(Event(name, partial(run_turn, self.context, path)))
        self._seen_documents = len(self.documents.created)
        for event in self.objects.events[self._seen_objects :]:
            if (event.change, event.object.name) not in self._unannounced:
                self._object(event)
        self._seen_objects = len(self.objects.events)

    def _object(self, event: Happened) -> None:
        name = f"{event.change}:{self._short(event.object.name)}"
        if event.object.bucket == self.settings.input_bucket:
            act = arrived if event.change == "finalized" else gone
            self.machine.send(Event(name, partial(act, self.context, event.object)))
        elif event.object.bucket == self.settings.predictions_bucket and event.change == "finalized":
            self.machine.send(Event(name, partial(predictions_written, self.context, event.object)))

    def _short(self, text: str) -> str:
        """Put short names for ids, which are the same in each run."""
        return _IDS.sub(lambda found: self._names.setdefault(found[0], f"{found[0][0]}{len(self._names) + 1}"), text)


class ToldObjects(FakeObjects):
    """Cloud Storage in memory that tells of each object as it is written."""

    def __init__(self, clock: FakeClock, versioned: str) -> None:
        super().__init__(clock, versioned=[versioned])
        self.told: Callable[[ObjectInfo], None] = lambda _info: None

    def put(
        self, bucket: str, name: str, data: bytes, content_type: str = "", content_encoding: str = ""
    ) -> ObjectInfo:
        info = super().put(bucket, name, data, content_type, content_encoding)
        self.told(info)
        return info
