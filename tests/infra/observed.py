"""What each function does to buckets and to Vertex, seen while the simulation's scenarios run without a fault."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, cast

from batchdrop.domain.turn import Function
from batchdrop.ports import BatchService, Objects
from batchdrop.settings import Settings
from batchdrop.steps.identify import arrived, gone
from batchdrop.steps.run import run_turn
from tests.fakes.small import Line, MemoryLog
from tests.simulation.chaos import Script
from tests.simulation.inputs import PROMPT, as_requests, names, settings
from tests.simulation.machine import Machine
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.sites import Site, all_sites
from tests.simulation.vertex import Manner
from tests.simulation.watched import WatchedBatches, WatchedObjects
from tests.simulation.world import Operation, Setup, World
from tests.unit.steps.packed import as_parquet

_LAG = timedelta(seconds=30)


def _drop(name: str, data: bytes | str) -> Operation:
    def act(world: World) -> None:
        world.drop(name, data)

    return Operation(1, act)


PACKED = (
    _drop("a.jsonl.gz", gzip.compress(as_requests(names("a", 3)).encode())),
    _drop("default.prompt", PROMPT.replace("---\n", "---\nbatch.output: jsonl\n", 1)),
    _drop("b.parquet", as_parquet([(name, name) for name in names("b", 3)])),
)
"""Drops that no scenario has: input that is unpacked, and Parquet."""

Use = tuple[Function, str, str]
"""A function, the call of a port, and the bucket: `(stage, objects.read, input)`. No bucket for Vertex."""


class Observed:
    """All that was seen."""

    def __init__(self) -> None:
        self.uses: set[Use] = set()
        self.sites: set[Site] = set()
        self.collections: set[str] = set()
        self.lines: list[Line] = []

    def watch_all(self) -> None:
        """Run every scenario once, as it goes when nothing goes wrong."""
        for scenario in SCENARIOS.values():
            self._run(scenario.setup, scenario.most_ticks)
        self._run(Setup(settings=settings(), manner=Manner(), operations=PACKED), 100)

    def missed(self) -> set[str]:
        """Calls of objects and of Vertex in steps/ that no scenario came past, as `module call`."""
        seen = {f"{site.module} {site.call}" for site in self.sites}
        every = {f"{site.module} {site.call}" for site in all_sites() if not site.call.startswith("documents.")}
        return every - seen

    def _run(self, setup: Setup, most_ticks: int) -> None:
        log = MemoryLog()
        world = World(setup, Script(()), log, _LAG, keep=True)
        self._watch(world)
        world.run(most_ticks)
        assert world.broken == [], world.broken
        self.sites.update(site for _, site in world.machine.passed)
        self.collections.update(path.split("/")[-2] for path in world.documents.created)
        self.lines += log.lines

    def _watch(self, world: World) -> None:
        objects, batches = world.context.objects, world.context.batches
        assert isinstance(objects, WatchedObjects)
        assert isinstance(batches, WatchedBatches)
        note = partial(self._note, world.machine, world.settings)
        objects._inner = cast("Objects", _Noted(objects._inner, "objects", note))
        batches._inner = cast("BatchService", _Noted(batches._inner, "batches", note))

    def _note(self, machine: Machine, settings: Settings, call: str, buckets: list[str]) -> None:
        roles = {
            settings.input_bucket: "input",
            settings.work_bucket: "work",
            settings.predictions_bucket: "predictions",
            settings.output_bucket: "output",
        }
        function = _function(machine._events[machine.running()].act)
        self.uses.update((function, call, roles[bucket]) for bucket in buckets)
        if not buckets:
            self.uses.add((function, call, ""))


class _Noted:
    """A port whose calls are noted, with the buckets they are about."""

    def __init__(self, inner: object, port: str, note: Callable[[str, list[str]], None]) -> None:
        self._inner = inner
        self._port = port
        self._note = note

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if self._port == "objects" and name == "rewrite":
                self._note("objects.rewrite:from", [arguments[0]])
                self._note("objects.rewrite:to", [arguments[2]])
            elif self._port == "objects":
                self._note(f"objects.{name}", [arguments[0]])
            else:
                self._note(f"batches.{name}", [])
            return getattr(self._inner, name)(*arguments, **named)

        return call


def _function(act: Callable[[], None]) -> Function:
    """Tell which function an event goes to, as the triggers have it."""
    assert isinstance(act, partial)
    if act.func is run_turn:
        return Function(act.args[1].split("/")[1])
    return Function.INTAKE if act.func in {arrived, gone} else Function.DISPATCH
