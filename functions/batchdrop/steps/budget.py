"""Budget: admit all jobs that wait for room in a day's budgets, and settle those that have ended, in one commit.

Whoever has a job for it writes the job and the day's turn in one commit. The turn of a day is one document, so it is
deleted only if nobody wrote it since the run looked for jobs.
"""

from decimal import Decimal
from itertools import chain

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.affordable import expected_usd, over_budgets
from batchdrop.domain.budget import BudgetDay, FolderBudget, Reservation, budget_ref
from batchdrop.domain.errors import Conflict
from batchdrop.domain.job import Job, OverBudget, jobs_at_budget
from batchdrop.domain.money import DOLLARS, NOTHING
from batchdrop.domain.reasons import Reason
from batchdrop.domain.states import ENDED_JOB_STATES, TERMINAL_JOB_STATES, JobState
from batchdrop.domain.turn import Turn
from batchdrop.ports import Delete, Snapshot, Write
from batchdrop.steps.canary import let_run
from batchdrop.steps.closing import close
from batchdrop.steps.context import Context
from batchdrop.steps.hold import park
from batchdrop.steps.turns import admitted_turn, budget_turn, carry_on, held_turn, leave, time_is_up
from batchdrop.steps.writes import create, decide_again, replace


def budget(context: Context, own: Snapshot[Turn]) -> None:
    """Work off the jobs that wait for a day's budgets."""
    standing: Snapshot[Turn] | None = own
    while standing is not None:
        while decide_again(lambda: _pass(context, own.value.day)):
            if time_is_up(context, own):
                context.documents.commit(carry_on(context, standing))
                return
        try:
            context.documents.commit([Delete(standing.ref, standing.version)])
        except Conflict:
            standing = context.documents.get(own.ref)
        else:
            return


def budgets_of(context: Context, job: Job) -> tuple[FolderBudget, ...]:
    """The budgets that a job draws on."""
    return tuple(each for each in context.settings.budgets_usd_per_day if each.covers(job.input.name))


def ask_for_budget(context: Context, job: Snapshot[Job], prepared: Job) -> list[Write]:
    """Have the budget step admit a job that is ready for it; one that is held was approved, whatever it costs."""
    day = context.clock.now().date().isoformat()
    asking = msgspec.structs.replace(prepared, at_budget=day)
    return [replace(context, job, asking), leave(context, budget_turn(context, day))]


def settling(context: Context, ended: Job) -> tuple[Job, list[Write]]:
    """An ended job, and the turn that settles what it had reserved. One that had nothing waits for nothing any more."""
    if ended.reservation is None:
        return msgspec.structs.replace(ended, at_budget=""), []
    day = ended.reservation.day
    return msgspec.structs.replace(ended, at_budget=day), [leave(context, budget_turn(context, day))]


def over_budget(context: Context, job: Snapshot[Job], reason: Reason) -> list[Write]:
    """Park a job that costs too much until somebody approves it, or reject it, as its prompt says."""
    waits_no_more = Snapshot(job.ref, msgspec.structs.replace(job.value, at_budget=""), job.version)
    context.log.warning("job.over_budget", job=job.value.id, code=reason.code, reason=reason.message)
    if job.value.options.over_budget is OverBudget.PARK:
        return [park(context, waits_no_more, reason)]
    return close(context, waits_no_more, JobState.REJECTED, reason)


def _over(context: Context, job: Snapshot[Job], reason: Reason) -> list[Write]:
    """The same for a job that has no admit turn: one that is held needs it."""
    until = context.clock.now() + limits.WAIT_FOR_APPROVAL
    held = job.value.options.over_budget is OverBudget.PARK
    turns: list[Write] = [leave(context, held_turn(context, job.value.id, until))] if held else []
    return [*over_budget(context, job, reason), *turns]


def _pass(context: Context, day: str) -> bool:
    """Deal with the jobs that wait, those that ended first; False if none does."""
    jobs = list(context.documents.find(jobs_at_budget(day, limits.BUDGET_JOBS)))
    if not jobs:
        return False
    found = context.documents.get(budget_ref(day))
    book = BudgetDay(day=day) if found is None else found.value
    writes: list[list[Write]] = []
    for job in sorted(jobs, key=_turn_of):
        book, more = _settle(context, job, book) if job.value.state in ENDED_JOB_STATES else _admit(context, job, book)
        writes.append(more)
    ref = budget_ref(day)
    kept = create(context, ref, book) if found is None else replace(context, found, book)
    context.documents.commit([kept, *chain.from_iterable(writes)])
    context.log.info("budget.passed", day=day, jobs=len(jobs))
    return True


def _turn_of(job: Snapshot[Job]) -> tuple[bool, float, str]:
    return job.value.state not in ENDED_JOB_STATES, job.value.rank, job.value.id


def _settle(context: Context, job: Snapshot[Job], book: BudgetDay) -> tuple[BudgetDay, list[Write]]:
    """Book what an ended job came to; one that ended before it was admitted has nothing."""
    value, held = job.value, job.value.reservation
    if held is not None and value.state in TERMINAL_JOB_STATES:
        book = book.settle(held, _paid(value, held))
        value = msgspec.structs.replace(value, reservation=None)
    return book, [replace(context, job, msgspec.structs.replace(value, at_budget=""))]


def _paid(job: Job, held: Reservation) -> Decimal:
    """What a job cost; what it was expected to cost where that cannot be told."""
    return job.bill.paid if job.bill is not None and job.bill.currency == DOLLARS else held.usd


def _admit(context: Context, job: Snapshot[Job], book: BudgetDay) -> tuple[BudgetDay, list[Write]]:
    value, budgets = job.value, budgets_of(context, job.value)
    usd, approved = expected_usd(value), value.state is JobState.HELD
    reason = None if approved else over_budgets(value, budgets, book)
    if reason is not None:
        return book, _over(context, job, reason)
    reservation = Reservation(
        day=book.day, folders=tuple(budget.folder for budget in budgets), usd=NOTHING if usd is None else usd
    )
    running = msgspec.structs.replace(let_run(context, value), at_budget="", reservation=reservation)
    writes: list[Write] = [replace(context, job, running), leave(context, admitted_turn(context, value.id))]
    return book.reserve(reservation), writes
