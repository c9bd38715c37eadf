"""What a job cost, and how well that was foretold, as the manifest tells it."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec

from batchdrop.domain.estimate import Forecast, Span
from batchdrop.domain.job import Job
from batchdrop.domain.money import DOLLARS, Bill, total, written
from batchdrop.domain.usage import Spent, used

_SHARE = Decimal("0.0001")


def bill_of(job: Job, spent: tuple[Spent, ...]) -> Bill | None:
    """What a job's answers cost; None where the price is unknown and there were any."""
    if job.price is not None:
        return job.price.bill_all(spent)
    return None if spent else Bill(currency=DOLLARS)


def dollars(bill: Bill | None) -> float | None:
    """The amount in dollars, for charts; None where it is unknown, or in another currency."""
    return float(bill.paid) if bill is not None and bill.currency == DOLLARS else None


def amounts(bill: Bill | None) -> dict[str, str] | None:
    """A bill as decimal texts, with its currency."""
    if bill is None:
        return None
    return {
        "currency": bill.currency,
        "paid": written(bill.paid),
        "standard": written(bill.standard),
        "saved_by_batch": written(bill.saved_by_batch),
        "saved_by_cache": written(bill.saved_by_cache),
    }


def cost_report(job: Job, spent: tuple[Spent, ...], unreported: int) -> dict[str, Any] | None:
    """Amounts as decimal texts; None where the price is unknown. What `unreported` answers took is in none of them."""
    told = amounts(bill_of(job, spent))
    if told is None:
        return None
    return told | {
        "attempts": {str(attempt): written(part.paid) for attempt, part in _by_attempt(job, spent).items()},
        "labels": job.options.labels,
        "unreported_answers": unreported,
        "prices": None if job.price is None else job.price.source,
        "contested": () if job.price is None else job.price.prices.contested,
    }


def dedupe_report(job: Job, rows: int, saved: tuple[Spent, ...]) -> dict[str, Any]:
    """What it saved that so many rows shared the answers of others."""
    bill = bill_of(job, saved)
    return {
        "rows": rows,
        "tokens": used(saved),
        "cost": None if bill is None else {"currency": bill.currency, "saved": written(bill.paid)},
    }


def budget_report(job: Job) -> dict[str, Any]:
    """What the job was allowed to cost, and what it had reserved of the budgets of a day."""
    held = job.reservation
    return {
        "max_cost_usd": job.options.max_cost_usd,
        "reserved": None if held is None else {"day": held.day, "folders": held.folders, "usd": written(held.usd)},
    }


def estimate_report(job: Job, spent: tuple[Spent, ...]) -> dict[str, Any] | None:
    """What was foretold, and by what share that was off what was taken in the end: 0.1 is a tenth too much."""
    if job.estimate is None:
        return None
    tokens, cost = job.estimate.tokens.all, job.estimate.cost
    usage, bill = used(spent), bill_of(job, spent)
    paid = Decimal(0) if bill is None else bill.paid
    return forecast_report(job.estimate) | {
        "error": {
            "input_tokens": _error(tokens.input, usage.prompt + usage.tools),
            "output_tokens": _error(tokens.output, usage.output + usage.thoughts),
            "cost": None if cost is None or not paid else _share(cost.expected, paid),
        },
    }


def forecast_report(found: Forecast) -> dict[str, Any]:
    """What is foretold, amounts as decimal texts."""
    tokens, cost = found.tokens.all, found.cost
    return {
        "requests": tokens.requests,
        "input_tokens": msgspec.to_builtins(tokens.input),
        "output_tokens": msgspec.to_builtins(tokens.output),
        "cost": None
        if cost is None
        else {
            "currency": cost.currency,
            "low": written(cost.low),
            "expected": written(cost.expected),
            "high": written(cost.high),
        },
        "learned_from_jobs": found.learned_from,
        "by_rule": {
            "input_tokens": found.by_rule.all.input.expected,
            "output_tokens": found.by_rule.all.output.expected,
        },
    }


def _by_attempt(job: Job, spent: tuple[Spent, ...]) -> dict[int, Bill]:
    if job.price is None:
        return {}
    bills: dict[int, list[Bill]] = {}
    for each in spent:
        bills.setdefault(each.attempt, []).append(job.price.bill_all((each,)))
    return {attempt: total(parts, job.price.currency) for attempt, parts in bills.items()}


def _error(foretold: Span, taken: int) -> str | None:
    return _share(Decimal(foretold.expected), Decimal(taken)) if taken else None


def _share(foretold: Decimal, taken: Decimal) -> str:
    return format((foretold / taken - 1).quantize(_SHARE, rounding=ROUND_HALF_EVEN), "f")
