"""The scenarios that schedules are run on, by name."""

from tests.simulation.cases import answers, budgets, canaries, files, jobs, rows, stored, twins, users

_MODULES = (files, rows, users, jobs, canaries, twins, answers, stored, budgets)
SCENARIOS = {scenario.name: scenario for module in _MODULES for scenario in module.CASES}
