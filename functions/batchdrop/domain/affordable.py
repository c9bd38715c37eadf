"""Whether a job may cost what it is expected to, and the words to refuse it with."""

from decimal import Decimal

from batchdrop.domain.budget import BudgetDay, FolderBudget
from batchdrop.domain.job import Job, OverBudget
from batchdrop.domain.money import DOLLARS, written
from batchdrop.domain.reasons import Code, Reason


def expected_usd(job: Job) -> Decimal | None:
    """What a job is expected to cost in US dollars; None where nobody can tell."""
    cost = job.estimate.cost if job.estimate is not None else None
    return cost.expected if cost is not None and cost.currency == DOLLARS else None


def over_its_limit(job: Job) -> Reason | None:
    """Why a job must not run by its own `batch.max_cost_usd`, or for want of a price; None if it may."""
    limit = job.options.max_cost_usd
    if limit is None:
        return None
    usd = expected_usd(job)
    if usd is None:
        return unpriced(job, "batch.max_cost_usd is set")
    if usd <= Decimal(limit):
        return None
    return too_dear(job, f"batch.max_cost_usd is {limit}.", "raise batch.max_cost_usd")


def over_budgets(job: Job, budgets: tuple[FolderBudget, ...], book: BudgetDay) -> Reason | None:
    """Why the budgets that a job lies under have no room for it on a day; None if they have."""
    if not budgets:
        return None
    usd = expected_usd(job)
    if usd is None:
        return unpriced(job, f"{budgets[0].folder} has a budget")
    shortage = book.shortage(budgets, usd)
    return too_dear(job, shortage, "raise the budget or drop the file tomorrow") if shortage else None


def unpriced(job: Job, because: str) -> Reason:
    """Why a job of unknown cost must not run where there is a budget."""
    return Reason(
        code=Code.PRICE_UNKNOWN,
        message=f"{because}, but what {job.model} costs in US dollars is unknown.",
        hint=f"Write the model's price into _prices.json in the input bucket and drop the file again.{_approval(job)}",
    )


def too_dear(job: Job, than: str, remedy: str) -> Reason:
    """Why a job of known cost must not run."""
    cost = job.estimate.cost if job.estimate is not None else None
    if cost is None:
        raise AssertionError("a job of unknown cost is over no budget")
    return Reason(
        code=Code.OVER_BUDGET,
        message=f"The job is expected to cost {written(cost.expected)} USD, between {written(cost.low)} and"
        f" {written(cost.high)}. {than}",
        hint=f"Split the file, take a cheaper model, or {remedy}.{_approval(job)}",
    )


def _approval(job: Job) -> str:
    if job.options.over_budget is OverBudget.PARK:
        return " Drop <name>.approve beside the file to have it asked all the same."
    return " With batch.over_budget: park such a job waits for an approval."
