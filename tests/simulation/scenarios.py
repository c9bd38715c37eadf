"""The scenarios that schedules are run on, by name."""

from tests.simulation.cases import files, jobs, rows, users

SCENARIOS = {scenario.name: scenario for scenario in (*files.CASES, *rows.CASES, *users.CASES, *jobs.CASES)}
