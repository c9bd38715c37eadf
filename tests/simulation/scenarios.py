"""The scenarios that schedules are run on, by name."""

from tests.simulation.cases import canaries, files, jobs, rows, twins, users

_CASES = (*files.CASES, *rows.CASES, *users.CASES, *jobs.CASES, *canaries.CASES, *twins.CASES)
SCENARIOS = {scenario.name: scenario for scenario in _CASES}
