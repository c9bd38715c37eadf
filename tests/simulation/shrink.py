"""From a schedule that broke a promise to the smallest one that still does."""

import re

from tests.simulation.chaos import Script
from tests.simulation.faults import Fault, write_faults
from tests.simulation.plans import Failure
from tests.simulation.scenario import Scenario
from tests.simulation.schedule import run

_DETAILS = re.compile(r"[0-9a-f]{4}-\d{6}|[bj][0-9a-f]{20}|token-\d+|\d+")


def shrink(failure: Failure, scenario: Scenario) -> Failure:
    """Drop what is not needed for the same kind of failure: halves of the faults first, then one by one."""
    smallest = failure
    size = max(1, len(failure.faults) // 2)
    while True:
        found = _smaller(smallest, scenario, size)
        if found is not None:
            smallest = found
        elif size == 1:
            return smallest
        else:
            size //= 2


def command(failure: Failure) -> str:
    """How to run a schedule again."""
    faults = write_faults(failure.faults)
    return (
        f"PYTHONPATH=functions:. .venv/bin/python -m tests.simulation"
        f" --scenario {failure.scenario} --seed {failure.seed} --replay '{faults}'"
    )


def kind_of(failure: Failure) -> str:
    """What was broken, without the ids and numbers of this very run."""
    return f"{failure.scenario}: {_DETAILS.sub('#', failure.broken[0])}"


def _smaller(failure: Failure, scenario: Scenario, size: int) -> Failure | None:
    faults = failure.faults
    for start in range(0, len(faults), size):
        fewer = _try(failure, scenario, faults[:start] + faults[start + size :])
        if fewer is not None:
            return fewer
    return None


def _try(failure: Failure, scenario: Scenario, faults: tuple[Fault, ...]) -> Failure | None:
    outcome = run(scenario, failure.seed, Script(faults))
    if not outcome.broken:
        return None
    found = Failure(scenario=failure.scenario, seed=failure.seed, faults=outcome.struck, broken=outcome.broken)
    return found if kind_of(found) == kind_of(failure) and len(found.faults) < len(failure.faults) else None
