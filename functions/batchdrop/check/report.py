"""What a check found, and what it comes to."""

from enum import StrEnum
from typing import assert_never

import msgspec

from batchdrop.check.slices import Bad
from batchdrop.domain.affordable import over_budgets, over_its_limit
from batchdrop.domain.budget import BudgetDay, FolderBudget
from batchdrop.domain.job import Job
from batchdrop.domain.reasons import Reason
from batchdrop.steps.admit import refusal


class Outlook(StrEnum):
    """What would become of the file if it were dropped."""

    RUNS = "runs"
    RUNS_IN_PART = "runs_in_part"
    OVER_BUDGET = "over_budget"
    REJECTED = "rejected"
    WAITING = "waiting"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found. `bad` are the first of the bad rows, `codes` counts all; `sample` is a request line."""

    job: Job
    outlook: Outlook = Outlook.RUNS
    reason: Reason | None = None
    rows: int = 0
    invalid: int = 0
    bad: tuple[Bad, ...] = ()
    codes: dict[str, int] = {}
    sample: bytes = b""


def exit_code(outlook: Outlook) -> int:
    """What the command tells scripts. 2 is for a wrong use of the command."""
    match outlook:
        case Outlook.RUNS:
            return 0
        case Outlook.RUNS_IN_PART:
            return 1
        case Outlook.REJECTED | Outlook.WAITING:
            return 3
        case Outlook.OVER_BUDGET:
            return 4
        case _:
            assert_never(outlook)


def judged(found: Report, budgets: tuple[FolderBudget, ...], day: str) -> Report:
    """Tell what admit would say of a file that is staged, had nothing else been spent of its budgets that day."""
    reason = refusal(found.rows, found.invalid, found.job.options.max_invalid)
    if reason is not None:
        return msgspec.structs.replace(found, outlook=Outlook.REJECTED, reason=reason)
    covering = tuple(budget for budget in budgets if budget.covers(found.job.input.name))
    too_dear = over_its_limit(found.job) or over_budgets(found.job, covering, BudgetDay(day=day))
    if too_dear is not None:
        return msgspec.structs.replace(found, outlook=Outlook.OVER_BUDGET, reason=too_dear)
    return msgspec.structs.replace(found, outlook=Outlook.RUNS_IN_PART) if found.invalid else found
