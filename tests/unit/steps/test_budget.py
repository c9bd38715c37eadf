"""What jobs may cost: one by one, and together by folder and day."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from batchdrop.domain.budget import BudgetDay, FolderDay, budget_ref, parse_budgets
from batchdrop.domain.ids import ModelName
from batchdrop.domain.job import Job
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import JobState
from batchdrop.domain.vertex import VertexState
from batchdrop.ports import Write
from tests.fakes.service import SETTINGS, SUCCEEDED, FakeService, answered, echo

PROMPT = """---
model: gemini-3.5-flash-lite
---
Describe {{name}}.
"""
DAY = "2026-11-01"


def records(count: int = 3) -> str:
    return "".join(f'{{"name":"P{number}"}}\n' for number in range(count))


def prompt_with(*lines: str) -> str:
    return PROMPT.replace("---\n", "---\n" + "".join(f"{line}\n" for line in lines), 1)


def service_with(budgets: str = "", prompt: str = PROMPT) -> FakeService:
    service = FakeService(msgspec.structs.replace(SETTINGS, budgets_usd_per_day=parse_budgets(budgets)))
    service.drop("default.prompt", prompt)
    return service


def expected_cost(rows: int = 3) -> Decimal:
    """What a job of so many rows is expected to cost."""
    service = service_with()
    info = service.drop("a.jsonl", records(rows))
    service.run()
    estimate = service.job(info).estimate
    assert estimate is not None
    assert estimate.cost is not None
    return estimate.cost.expected


COST = expected_cost()


def book(service: FakeService) -> BudgetDay:
    found = service.documents.get(budget_ref(DAY))
    assert found is not None
    return found.value


def account(service: FakeService, folder: str) -> FolderDay:
    return book(service).of(folder)


def reason(service: FakeService, name: str = "a.jsonl") -> dict[str, Any]:
    found: dict[str, Any] = service.manifest(name)["reason"]
    return found


def states(service: FakeService, infos: list[ObjectInfo]) -> list[JobState]:
    return [service.job(info).state for info in infos]


def test_a_job_that_is_expected_to_cost_more_than_it_may_is_rejected_with_the_numbers() -> None:
    service = service_with(prompt=prompt_with("batch.max_cost_usd: 0.000001"))
    service.drop("a.jsonl", records())
    service.run()
    assert service.submissions() == 0
    assert service.manifest("a.jsonl")["state"] == "REJECTED"
    assert reason(service)["code"] == "OVER_BUDGET"
    assert f"expected to cost {COST:.6f} USD" in reason(service)["message"]
    assert "batch.max_cost_usd is 0.000001" in reason(service)["message"]
    assert service.manifest("a.jsonl")["counts"]["not_asked"] == 3


def test_a_job_that_may_cost_as_much_runs() -> None:
    service = service_with(prompt=prompt_with(f"batch.max_cost_usd: {COST + Decimal('0.000001'):.6f}"))
    service.drop("a.jsonl", records())
    service.run()
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"


def test_a_job_over_its_limit_parks_if_it_is_told_to_and_runs_once_approved() -> None:
    service = service_with(prompt=prompt_with("batch.max_cost_usd: 0.000001", "batch.over_budget: park"))
    info = service.drop("a.jsonl", records())
    service.run()
    assert service.job(info).state is JobState.HELD
    assert service.submissions() == 0
    service.drop("a.jsonl.approve", "")
    service.run()
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"
    assert service.turns() == []


def test_a_parked_job_that_nobody_approves_ends_after_a_week() -> None:
    service = service_with(prompt=prompt_with("batch.max_cost_usd: 0.000001", "batch.over_budget: park"))
    service.drop("a.jsonl", records())
    service.run()
    service.run_on(timedelta(days=8), ticks=2)
    assert reason(service)["code"] == "NOT_APPROVED"
    assert service.submissions() == 0
    assert service.turns() == []


def test_an_unknown_price_is_never_taken_for_none() -> None:
    for limit, budgets in (("batch.max_cost_usd: 5", ""), ("batch.priority: 5", "/=5")):
        service = service_with(budgets, prompt_with(limit).replace("gemini-3.5-flash-lite", "gemini-99-x"))
        service.drop("a.jsonl", records())
        service.run()
        assert service.submissions() == 0
        assert reason(service)["code"] == "PRICE_UNKNOWN"
        assert "_prices.json" in reason(service)["hint"]


def test_jobs_draw_on_a_budget_until_there_is_no_room() -> None:
    service = service_with(f"reviews={COST * Decimal('2.5'):f}")
    infos = [service.drop(f"reviews/{number}.jsonl", records()) for number in range(4)]
    other = service.drop("other/a.jsonl", records())
    service.deliver()
    assert sorted(states(service, infos)) == [*[JobState.REJECTED] * 2, *[JobState.RUNNING] * 2]
    assert account(service, "reviews").reserved == 2 * COST
    assert service.job(other).state is JobState.RUNNING
    rejected = next(info.name for info in infos if service.job(info).state is JobState.REJECTED)
    told = reason(service, rejected)["message"]
    assert f"{2 * COST:.6f} reserved by running jobs" in told
    assert DAY in told


def test_what_a_job_did_not_take_can_be_had_by_others_once_it_has_ended() -> None:
    service = service_with(f"/={COST * Decimal('1.5'):f}")
    first = service.drop("a.jsonl", records())
    service.run()
    bill = service.job(first).bill
    assert bill is not None
    assert account(service, "/") == FolderDay(folder="/", reserved=Decimal(0), spent=bill.paid)
    assert service.job(first).reservation is None
    second = service.drop("b.jsonl", records())
    service.run()
    assert service.job(second).state is JobState.SUCCEEDED
    manifest = service.manifest("b.jsonl")
    expected = manifest["estimate"]["cost"]["expected"]
    assert manifest["budget"]["reserved"] == {"day": DAY, "folders": ["/"], "usd": expected}


def test_a_job_draws_on_the_budgets_of_all_folders_it_lies_in() -> None:
    service = service_with(f"x={COST * 9:f}, x/y={COST:f}, /={COST * 9:f}")
    infos = [service.drop(name, records()) for name in ("x/y/a.jsonl", "x/y/b.jsonl", "x/c.jsonl", "d.jsonl")]
    service.deliver()
    running = JobState.RUNNING
    assert sorted(states(service, infos)) == [JobState.REJECTED, running, running, running]
    assert states(service, infos)[2:] == [running, running]
    assert [account(service, folder).reserved / COST for folder in ("x", "x/y", "/")] == [2, 1, 3]


def test_a_job_that_is_cancelled_is_settled_by_what_it_cost() -> None:
    service = service_with("/=5")
    info = service.drop("a.jsonl", records())
    service.deliver()
    assert account(service, "/").reserved == COST
    service.delete("a.jsonl")
    service.run()
    service.run_on(timedelta(minutes=3), ticks=3)
    assert service.job(info).state is JobState.CANCELLED
    assert account(service, "/").reserved == 0


def test_a_job_that_parks_for_want_of_room_draws_on_the_budget_once_approved() -> None:
    service = service_with(f"/={COST / 2:f}", prompt_with("batch.over_budget: park"))
    info = service.drop("a.jsonl", records())
    service.run()
    assert service.job(info).state is JobState.HELD
    assert account(service, "/").taken == 0
    service.drop("a.jsonl.approve", "")
    service.deliver()
    assert service.job(info).state is JobState.RUNNING
    assert account(service, "/").reserved == COST
    service.run()
    assert account(service, "/").reserved == 0
    assert service.turns() == []


def test_a_job_that_is_held_later_keeps_what_it_reserved_and_reserves_nothing_more() -> None:
    service = service_with("/=5")
    service.ends = lambda _: (VertexState.CANCELLED, 1, "CANCELED") if service.submissions() == 1 else SUCCEEDED
    service.model = lambda line: None if service.submissions() == 1 else echo(line)
    info = service.drop("a.jsonl", records())
    service.run()
    service.run_on(timedelta(minutes=40), ticks=40)
    assert service.job(info).state is JobState.HELD
    assert account(service, "/").reserved == COST
    service.drop("a.jsonl.approve", "")
    service.run()
    service.run_on(timedelta(minutes=10), ticks=3)
    assert service.job(info).state is JobState.SUCCEEDED
    assert account(service, "/").reserved == 0


def test_a_canary_goes_on_the_account_of_its_job() -> None:
    service = service_with("/=5", prompt_with("batch.canary_rows: 1"))
    service.model = lambda line: answered(line, "", "SAFETY")
    info = service.drop("a.jsonl", records())
    service.deliver()
    assert service.job(info).state is JobState.CANARY
    assert account(service, "/").reserved == COST
    service.run()
    assert service.job(info).state is JobState.FAILED
    assert account(service, "/").reserved == 0
    assert 0 < account(service, "/").spent < COST


def test_two_hundred_files_at_once_are_admitted_in_few_commits() -> None:
    service = service_with(f"/={COST * Decimal('120.5'):f}")
    infos = [service.drop(f"{number:03}.jsonl", records()) for number in range(200)]
    commits: list[int] = []
    service.documents.after_commit = _counting(commits)
    # All admit turns are handled before the first event of a budget.
    later = [path for path in _staged(service) if "/budget-" in path]
    for path in later:
        service.deliver_turn(path)
    assert len(commits) == 4
    service.deliver()
    found = states(service, infos)
    assert (found.count(JobState.RUNNING), found.count(JobState.REJECTED)) == (120, 80)
    service.run()
    assert account(service, "/").reserved == 0
    assert service.turns() == []


def _staged(service: FakeService) -> list[str]:
    """Deliver all but the turns of budgets."""
    held: list[str] = []
    while service.deliver_but(lambda path: "/budget-" in path, held):
        pass
    return held


def _counting(commits: list[int]) -> Callable[[Any], None]:
    def count(writes: list[Write]) -> None:
        if any(write.ref.path.startswith("budgets/") for write in writes):
            commits.append(sum(isinstance(getattr(write, "value", None), Job) for write in writes))

    return count


def test_a_price_in_another_currency_is_none_in_dollars() -> None:
    service = service_with("/=5")
    service.drop(
        "_prices.json",
        '{"currency":"EUR","models":{"gemini-3.5-flash-lite":{"standard":{"input":"1","output":"2"}}}}',
    )
    info = service.drop("a.jsonl", records())
    service.run()
    assert service.job(info).model == ModelName("gemini-3.5-flash-lite")
    assert reason(service)["code"] == "PRICE_UNKNOWN"
