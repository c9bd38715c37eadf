"""Running one schedule of a scenario, and telling what came of it."""

from collections.abc import Callable
from datetime import timedelta

import msgspec

from batchdrop.ports import Log
from tests.simulation import checks
from tests.simulation.chaos import Chaos, Doom
from tests.simulation.faults import Fault, Point
from tests.simulation.scenario import Scenario
from tests.simulation.sites import Hit, Site
from tests.simulation.world import World

_LAGS = (0, 20, 59)
"""Seconds for which Vertex's list hides a job; the design counts on less than 60."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a schedule. `passed` are its points, if they were kept."""

    broken: tuple[str, ...]
    struck: tuple[Fault, ...]
    hits: frozenset[Hit]
    points: int
    ticks: int
    passed: tuple[tuple[Point, Site], ...] = ()


def run(scenario: Scenario, seed: int, chaos: Chaos, *, keep: bool = False) -> Outcome:
    """Run a scenario under a chaos. The seed decides what is no fault: how much Vertex's list lags."""
    return _look(_make(scenario, seed, chaos, _Silence(), keep=keep), scenario, chaos)


def explain(scenario: Scenario, seed: int, chaos: Chaos, say: Callable[[str], None]) -> Outcome:
    """The same, telling all that is logged, and when, and by which process."""
    log = TellingLog(say)
    world = _make(scenario, seed, chaos, log)
    log.where = lambda: f"{world.clock.now():%d. %H:%M:%S} {world.machine.running():40}"
    return _look(world, scenario, chaos)


class TellingLog:
    """A log that is read as it is written. `where` begins each line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.where: Callable[[], str] = str
        self._say = say

    def info(self, event: str, **fields: object) -> None:
        self._tell("", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._tell("WARNING ", event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._tell("ERROR ", event, fields)

    def _tell(self, severity: str, event: str, fields: dict[str, object]) -> None:
        told = " ".join(f"{name}={value}" for name, value in fields.items())
        self._say(f"{self.where()} {severity}{event} {told}")


class _Silence:
    """A log that nobody reads."""

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def error(self, event: str, **fields: object) -> None: ...


def _make(scenario: Scenario, seed: int, chaos: Chaos, log: Log, *, keep: bool = False) -> World:
    lag = timedelta(seconds=_LAGS[seed % len(_LAGS)])
    return World(scenario.setup, Doom(chaos, scenario.doomed), log, lag, keep=keep)


def _look(world: World, scenario: Scenario, chaos: Chaos) -> Outcome:
    """Run a world to its end and check it."""
    world.run(scenario.most_ticks)
    broken = world.broken or [
        *checks.strangers(world),
        *(problem for expected in scenario.expected for problem in checks.problems(world, expected)),
        *scenario.also(world),
    ]
    return Outcome(
        broken=tuple(broken),
        struck=tuple(chaos.struck),
        hits=frozenset(world.machine.hits),
        points=world.machine.points,
        ticks=world.ticks,
        passed=tuple(world.machine.passed),
    )
