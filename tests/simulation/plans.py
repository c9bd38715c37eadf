"""Which schedules are run: sweeps strike every point of a scenario once, or two of them; storms strike by chance."""

import time
from collections import Counter
from collections.abc import Iterator

import msgspec

from tests.simulation.chaos import Chance, Chaos, Script
from tests.simulation.faults import Fault, Kind, Point, Side
from tests.simulation.scenario import Scenario
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.schedule import run
from tests.simulation.sites import Hit, Site

_WRITES = frozenset(
    {
        "documents.commit",
        "objects.write",
        "objects.write_at",
        "objects.compose",
        "objects.rewrite",
        "objects.delete",
        "batches.create",
        "batches.cancel",
    }
)
_SLEEPS = (15, 800)
"""Seconds: others act meanwhile, though no tick; and a sleep that ends after the next try began."""
_BEGUN = 3
"""The call after which a turn is counted as started."""
_IDLE = ("tick", "arrivals", "departures")
_IDLE_TICKS = 3
"""What comes again and again though nothing moves is struck so many times."""
_DENSITIES = (1, 2, 3, 5, 8)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the work: every `parts`th schedule of a plan, from `part` on.

    Of a storm, the seeds up to `seeds`; `points` are where the plan of that name crashes.
    """

    scenario: str
    plan: str
    part: int = 0
    parts: int = 1
    seeds: int = 0
    points: tuple[Point, ...] = ()


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule that broke a promise."""

    scenario: str
    seed: int
    faults: tuple[Fault, ...]
    broken: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task, in so many seconds of a processor's time."""

    task: Task
    schedules: int
    seconds: float
    hits: frozenset[Hit]
    failures: tuple[Failure, ...]


def perform(task: Task, most_failures: int = 5) -> Report:
    """Run a task's schedules, until so many failed."""
    scenario = SCENARIOS[task.scenario]
    schedules, hits, failures = 0, set[Hit](), list[Failure]()
    began = time.process_time()
    for number, (seed, chaos) in enumerate(_schedules(scenario, task)):
        if number % task.parts != task.part:
            continue
        outcome = run(scenario, seed, chaos)
        schedules += 1
        hits |= outcome.hits
        if outcome.broken:
            failures.append(Failure(scenario=scenario.name, seed=seed, faults=outcome.struck, broken=outcome.broken))
        if len(failures) >= most_failures:
            break
    seconds = time.process_time() - began
    return Report(task=task, schedules=schedules, seconds=seconds, hits=frozenset(hits), failures=tuple(failures))


def _schedules(scenario: Scenario, task: Task) -> Iterator[tuple[int, Chaos]]:
    match task.plan:
        case "storm":
            yield from storm(scenario, task.seeds)
        case "crash":
            yield from sweep(scenario, Kind.CRASH, writes_only=False)
        case "pairs":
            yield from pairs(scenario)
        case "sleep":
            yield from sleepers(scenario)
        case "sequels":
            yield from sequels(scenario)
        case "points":
            yield from ((0, Script([Fault(point, Kind.CRASH)])) for point in task.points)
        case "detours":
            yield from detours(scenario)
        case kind:
            yield from sweep(scenario, Kind(kind), writes_only=True)


def storm(scenario: Scenario, seeds: int) -> Iterator[tuple[int, Chaos]]:
    """Strike by chance, each seed its own way."""
    points = run(scenario, 0, Script(())).points
    for seed in range(seeds):
        yield seed, chance(scenario, seed, points)


def chance(scenario: Scenario, seed: int, points: int) -> Chance:
    """The chaos of a storm's seed."""
    density = _DENSITIES[seed % len(_DENSITIES)]
    return Chance(seed, points, density, users=len(scenario.operations), vertex_bears=scenario.vertex_bears)


def sweep(scenario: Scenario, kind: Kind, *, writes_only: bool) -> Iterator[tuple[int, Chaos]]:
    """Strike once, at every point; at every point of a write where the others would be the same."""
    for point, site in _points(scenario, ()):
        if not writes_only or site.call in _WRITES:
            yield 0, Script([Fault(point, kind)])


def sleepers(scenario: Scenario) -> Iterator[tuple[int, Chaos]]:
    """Sleep once, before every write of a process that is no tick."""
    for point, site in _points(scenario, ()):
        if site.call in _WRITES and point.side is Side.BEFORE and not point.where.startswith("tick"):
            for seconds in _SLEEPS:
                yield 0, Script([Fault(point, Kind.FREEZE, seconds)])


def pairs(scenario: Scenario) -> Iterator[tuple[int, Chaos]]:
    """Crash at a write, and again at a later one: reads between two writes change nothing that a crash would see."""
    for first, site in _points(scenario, ()):
        if site.call not in _WRITES:
            continue
        crash = Fault(first, Kind.CRASH)
        for second, second_site in _later(scenario, crash):
            if second_site.call in _WRITES:
                yield 0, Script([crash, Fault(second, Kind.CRASH)])


def sequels(scenario: Scenario) -> Iterator[tuple[int, Chaos]]:
    """Let the making of a job go wrong, then let whatever comes after it die, or sleep."""
    for point, site in _points(scenario, ()):
        for first in _begun_wrong(point, site):
            for second, _ in _later(scenario, first):
                yield 0, Script([first, Fault(second, Kind.DIE)])
                if second.side is Side.BEFORE:
                    yield 0, Script([first, Fault(second, Kind.FREEZE, _SLEEPS[1])])


def detours(scenario: Scenario) -> Iterator[tuple[int, Chaos]]:
    """Send a run down a path that it does not come along otherwise, and crash it there."""
    usual = _points(scenario, ())
    sites = {site for _, site in usual}
    for point, site in usual:
        for first in _misleading(point, site):
            for later, new in _later(scenario, first):
                if later.where == point.where and new not in sites:
                    yield 0, Script([first, Fault(later, Kind.CRASH)])


def _misleading(point: Point, site: Site) -> Iterator[Fault]:
    """Sleep until others have done the work, or lose the reply to a write."""
    if point.where.startswith("tick"):
        return
    if (point.effect, point.side) == (_BEGUN, Side.AFTER) or (site.call in _WRITES and point.side is Side.BEFORE):
        yield Fault(point, Kind.FREEZE, _SLEEPS[1])
    if site.call in _WRITES and point.side is Side.AFTER:
        yield Fault(point, Kind.FAIL)


def _begun_wrong(point: Point, site: Site) -> Iterator[Fault]:
    if point.where.startswith("submit") and site.call in {"objects.compose", "batches.create"}:
        if point.side is Side.BEFORE:
            yield Fault(point, Kind.FREEZE, _SLEEPS[1])
        if site.call == "batches.create":
            yield Fault(point, Kind.DIE)


def first_points(scenario: Scenario) -> dict[Hit, Point]:
    """Where a run first comes past each side of each call."""
    return {(site, point.side): point for point, site in reversed(_points(scenario, ()))}


def _later(scenario: Scenario, fault: Fault) -> Iterator[tuple[Point, Site]]:
    """Points that a run comes past after a fault."""
    points = iter(_points(scenario, (fault,)))
    for point, _ in points:
        if point == fault.point:
            break
    yield from points


def _points(scenario: Scenario, faults: tuple[Fault, ...]) -> list[tuple[Point, Site]]:
    """Points that a run comes past: few of what comes hourly; of a large scenario each call's first and last time."""
    passed = run(scenario, 0, Script(faults), keep=True).passed
    if scenario.share < 1:
        return sorted({(site, point.side): (point, site) for point, site in (*passed, *reversed(passed))}.values())
    seen: Counter[object] = Counter()
    kept = []
    for point, site in passed:
        if point.where.startswith(_IDLE):
            seen[site, point.side] += 1
            if seen[site, point.side] > _IDLE_TICKS:
                continue
        kept.append((point, site))
    return kept
