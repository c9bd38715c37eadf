"""Performing tasks on several cores, and summing up."""

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import msgspec

from tests.simulation.faults import Kind, Side
from tests.simulation.plans import Failure, Report, Task, first_points, perform
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.sites import Hit, all_sites

_PARTS = 4
_SWEEPS = ("sleep", "detours", Kind.DIE, Kind.TWIN, Kind.FAIL)
"""Beside the crashes, in scenarios that are hunted."""
_QUICK_PARTS = 8
_QUICK_DETOURS = ("small-file", "cancel", "budget-at-once")
_QUICK_SCENARIOS = (
    "small-file",
    "coalesced-files",
    "poison",
    "cancel",
    "supersede",
    "throttled-create",
)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of many tasks, in so many seconds of processors' time."""

    schedules: int
    seconds: float
    hits: frozenset[Hit]
    failures: tuple[Failure, ...]

    def missed(self) -> list[Hit]:
        """Sides of calls at which nothing ever struck."""
        return sorted({(site, side) for site in all_sites() for side in Side} - self.hits)


def whole(seeds: int) -> list[Task]:
    """Every sweep, and a storm of so many seeds a scenario."""
    tasks: list[Task] = []
    for scenario in SCENARIOS.values():
        tasks += _parts(scenario.name, "crash")
        tasks += _parts(scenario.name, "storm", round(seeds * scenario.share))
        if scenario.hunted:
            tasks += [Task(scenario=scenario.name, plan=plan) for plan in _SWEEPS]
        if scenario.small:
            tasks += _parts(scenario.name, "pairs")
            tasks += _parts(scenario.name, "sequels")
    return tasks


def quick(seeds: int) -> list[Task]:
    """A part that takes a moment: a crash at every side of every call, parts of some sweeps, a storm over all."""
    storms = [
        Task(scenario=scenario.name, plan="storm", seeds=round(seeds * scenario.share))
        for scenario in SCENARIOS.values()
    ]
    sweeps = [Task(scenario=name, plan="crash", parts=_QUICK_PARTS) for name in _QUICK_SCENARIOS]
    return [*_everywhere(), *(Task(scenario=name, plan="detours") for name in _QUICK_DETOURS), *sweeps, *storms]


def _everywhere() -> Iterator[Task]:
    struck: set[Hit] = set()
    for scenario in SCENARIOS.values():
        points = {hit: point for hit, point in first_points(scenario).items() if hit not in struck}
        struck |= points.keys()
        yield Task(scenario=scenario.name, plan="points", points=tuple(points.values()))


def perform_all(tasks: Sequence[Task], workers: int) -> Iterator[Report]:
    """Perform tasks, `workers` at a time; reports come as tasks end, in their order."""
    if workers == 1:
        yield from map(perform, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(perform, tasks)


def _parts(scenario: str, plan: str, seeds: int = 0) -> Iterator[Task]:
    for part in range(_PARTS):
        yield Task(scenario=scenario, plan=plan, part=part, parts=_PARTS, seeds=seeds)


def sum_up(reports: Iterable[Report]) -> Summary:
    """Sum up what came of tasks."""
    reports = list(reports)
    return Summary(
        schedules=sum(report.schedules for report in reports),
        seconds=sum(report.seconds for report in reports),
        hits=frozenset[Hit]().union(*(report.hits for report in reports)),
        failures=tuple(failure for report in reports for failure in report.failures),
    )
