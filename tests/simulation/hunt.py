"""The hunt: schedules of all kinds and scenarios by turns, until the first that breaks a promise."""

import itertools
from collections.abc import Iterator, Sequence

from tests.simulation.chaos import Chaos, Script
from tests.simulation.plans import Failure, chance, sleepers
from tests.simulation.scenario import Scenario
from tests.simulation.schedule import Outcome, run


def hunt(most: int, scenarios: Sequence[Scenario]) -> tuple[int, Failure | None]:
    """Run up to so many schedules; returns how many were run, and the first failure."""
    for number, (scenario, seed, chaos) in enumerate(itertools.islice(_mixed(scenarios), most), start=1):
        outcome = run(scenario, seed, chaos)
        if outcome.broken:
            return number, Failure(scenario=scenario.name, seed=seed, faults=outcome.struck, broken=outcome.broken)
    return most, None


def _mixed(scenarios: Sequence[Scenario]) -> Iterator[tuple[Scenario, int, Chaos]]:
    """Each scenario without a fault, then sleepers in the hunted ones by turns, then storms."""
    calm: dict[str, Outcome] = {}
    for scenario in scenarios:
        yield scenario, 0, Script(())
        calm[scenario.name] = run(scenario, 0, Script(()))
    yield from _by_turns([(scenario, sleepers(scenario)) for scenario in scenarios if scenario.hunted])
    for seed in itertools.count():
        for scenario in scenarios:
            yield scenario, seed, chance(scenario, seed, calm[scenario.name].points)


def _by_turns(
    streams: list[tuple[Scenario, Iterator[tuple[int, Chaos]]]],
) -> Iterator[tuple[Scenario, int, Chaos]]:
    while streams:
        for stream in list(streams):
            scenario, schedules = stream
            found = next(schedules, None)
            if found is None:
                streams.remove(stream)
            else:
                yield scenario, *found
