"""Budgets after every commit: what is reserved is what live jobs hold, and nothing is spent that was not there."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from batchdrop.domain.budget import FolderBudget
from batchdrop.domain.job import Job
from batchdrop.domain.states import TERMINAL_JOB_STATES
from tests.simulation.mirror import Mirror

_Key = tuple[str, str]


def problems(mirror: Mirror, budgets: tuple[FolderBudget, ...]) -> Iterator[str]:
    """What is wrong with the accounts."""
    held = _held(mirror)
    for day in mirror.budgets.values():
        for account in day.folders:
            true = held.pop((day.day, account.folder), Decimal(0))
            if account.reserved != true:
                yield f"{account.folder} has {account.reserved} reserved for {day.day}, but its jobs hold {true}"
    for (day_name, folder), amount in held.items():
        if amount:
            yield f"jobs hold {amount} of {folder} for {day_name}, which no account knows"
    for budget in budgets:
        yield from _within(mirror, budget)


def _held(mirror: Mirror) -> defaultdict[_Key, Decimal]:
    held: defaultdict[_Key, Decimal] = defaultdict(Decimal)
    for job in mirror.jobs.values():
        if job.reservation is not None:
            for folder in job.reservation.folders:
                held[job.reservation.day, folder] += job.reservation.usd
    return held


def _within(mirror: Mirror, budget: FolderBudget) -> Iterator[str]:
    """A budget may be exceeded by what estimates were wrong by, and by what a person approved."""
    jobs = [job for job in mirror.jobs.values() if budget.covers(job.input.name)]
    allowed = budget.usd + sum((_beyond(job) for job in jobs), start=Decimal(0))
    for day in mirror.budgets.values():
        taken = day.of(budget.folder).taken
        if taken > allowed:
            yield f"{taken} of {budget.folder} are taken on {day.day}; {allowed} may be"


def _beyond(job: Job) -> Decimal:
    estimate = job.estimate.cost.expected if job.estimate is not None and job.estimate.cost is not None else Decimal(0)
    if job.held_at is not None:
        return estimate + (job.bill.paid if job.bill is not None else Decimal(0))
    paid = job.bill.paid if job.bill is not None and job.state in TERMINAL_JOB_STATES else Decimal(0)
    return max(paid - estimate, Decimal(0))


def unsettled(mirror: Mirror) -> Iterator[str]:
    """What a run that came to rest must not leave."""
    for day in mirror.budgets.values():
        for account in day.folders:
            if account.reserved:
                yield f"{account.reserved} of {account.folder} are still reserved for {day.day}"
            spent = sum(_bills(mirror, account.folder), start=Decimal(0))
            if account.spent != spent:
                yield f"{account.folder} spent {account.spent} on {day.day}, but its jobs were billed {spent}"


def _bills(mirror: Mirror, folder: str) -> Iterator[Decimal]:
    """Bills of jobs below a folder that were ever admitted; all runs begin and mostly end on one day."""
    covered = FolderBudget(folder, Decimal(0))
    for job in mirror.jobs.values():
        if "admitted" in job.times and covered.covers(job.input.name) and job.bill is not None:
            yield job.bill.paid
