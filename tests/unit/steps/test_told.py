"""What steps tell of themselves, for charts and alerts."""

from datetime import timedelta

from batchdrop.domain.measures import Event
from batchdrop.domain.turn import Function
from batchdrop.steps.tick import tick
from tests.fakes.service import FakeService

PROMPT = "---\nmodel: gemini-3.5-flash-lite\n---\nDescribe {{name}}.\n"


def told(service: FakeService, event: Event) -> list[dict[str, object]]:
    return [line.fields for line in service.log.lines if line.event == event]


def oldest(service: FakeService) -> dict[object, object]:
    """Seconds by function, as the last tick told them."""
    return {fields["function"]: fields["seconds"] for fields in told(service, Event.TURN_OLDEST)[-len(Function) :]}


def test_each_tick_tells_how_old_the_oldest_work_of_each_function_is() -> None:
    service = FakeService()
    service.drop("a.prompt", PROMPT)
    service.drop("a.csv", "name\nchair\n")
    while not service.turns():
        service._deliver_object()
    service.clock.advance(timedelta(seconds=90))
    tick(service.context)
    assert oldest(service) == {
        Function.INTAKE: 90.0,
        Function.STAGE: 0.0,
        Function.DISPATCH: 0.0,
        Function.COLLECT: 0.0,
    }


def test_a_job_that_is_held_is_no_old_work() -> None:
    service = FakeService()
    service.drop("a.prompt", PROMPT.replace("---\n", "---\nbatch.max_cost_usd: 0.000001\nbatch.over_budget: park\n", 1))
    held = service.drop("a.csv", "name\nchair\n")
    service.run()
    assert service.job(held).state == "HELD"
    service.clock.advance(timedelta(days=2))
    tick(service.context)
    assert set(oldest(service).values()) == {0.0}


def test_each_tick_tells_how_many_batches_run() -> None:
    service = FakeService()
    service.drop("a.prompt", PROMPT)
    service.drop("a.csv", "name\nchair\n")
    service.deliver()
    tick(service.context)
    service.run()
    tick(service.context)
    running = [fields["running_batches"] for fields in told(service, Event.TICK_DONE)]
    assert (running[0], running[-1]) == (1, 0)


def test_rows_that_ended_are_told_by_outcome() -> None:
    service = FakeService(model=lambda _: None)
    service.drop("a.prompt", PROMPT.replace("---\n", "---\nbatch.max_attempts: 1\n", 1))
    service.drop("a.csv", "name\nchair\ntable,lamp\n")
    service.run()
    service.run_on(timedelta(hours=2), ticks=8)
    outcomes = {fields["outcome"]: fields["rows"] for fields in told(service, Event.ROWS_ENDED)}
    assert outcomes == {"results": 0, "errors": 2, "not_asked": 0}
