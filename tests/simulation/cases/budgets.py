"""Jobs that draw on one budget: as many run as it has room for, and every reservation is settled."""

from collections.abc import Iterator
from decimal import Decimal

from batchdrop.domain.states import JobState
from tests.simulation import accounts
from tests.simulation.checks import Expected
from tests.simulation.inputs import PROMPT, as_csv, as_requests, names, settings
from tests.simulation.scenario import PROMPT_DROP, Scenario, delete, drop
from tests.simulation.vertex import BAD, Manner
from tests.simulation.world import World

_S = JobState
_ROW_USD = Decimal("0.00032")
"""Somewhat more than a row of these inputs is expected to cost."""
_ANY = frozenset({_S.SUCCEEDED, _S.REJECTED})


def _settled(world: World) -> Iterator[str]:
    yield from accounts.unsettled(world.ledger.mirror)


def _some_ran(world: World) -> Iterator[str]:
    yield from _settled(world)
    if not any(job.state is _S.SUCCEEDED for job in world.ledger.mirror.jobs.values()):
        yield "no job found room in the budget"


def _shared() -> Scenario:
    files = {f"x/{letter}.jsonl": names(letter, 3) for letter in "abcde"}
    return Scenario(
        name="budget-shared",
        operations=tuple(
            drop(name, as_requests(rows), 1 + 35 * number) for number, (name, rows) in enumerate(files.items())
        ),
        settings=settings(budgets=f"x={_ROW_USD * 6:f}, /={_ROW_USD * 12:f}"),
        expected=tuple(Expected(name=name, rows=rows, states=_ANY) for name, rows in files.items()),
        hunted=True,
        also=_some_ran,
    )


def _at_once() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 2) for letter in "abcd"}
    return Scenario(
        name="budget-at-once",
        operations=tuple(drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(budgets=f"/={_ROW_USD * 5:f}"),
        expected=tuple(Expected(name=name, rows=rows, states=_ANY) for name, rows in files.items()),
        also=_some_ran,
    )


def _cancelled() -> Scenario:
    files = {f"{letter}.csv": names(letter, 3) for letter in "ab"}
    new = names("c", 4)
    return Scenario(
        name="budget-cancelled",
        operations=(
            PROMPT_DROP,
            *(drop(name, as_csv(rows)) for name, rows in files.items()),
            drop("a.csv", as_csv(new), 50),
            delete("b.csv", 103),
        ),
        settings=settings(budgets="/=1"),
        expected=(
            Expected(name="a.csv", rows=new),
            Expected(name="b.csv", rows=files["b.csv"], states=frozenset({_S.CANCELLED, _S.SUCCEEDED})),
        ),
        also=_settled,
    )


def _parked() -> Scenario:
    rows = names("a", 3)
    park = PROMPT.replace("---\nDescribe", "batch.over_budget: park\n---\nDescribe")
    return Scenario(
        name="budget-parked",
        operations=(
            drop("default.prompt", park, 0),
            drop("a.csv", as_csv(rows)),
            drop("b.csv", as_csv(rows)),
            drop("a.csv.approve", "", 200),
        ),
        settings=settings(budgets="/=0.000001"),
        most_ticks=2000,
        expected=(
            Expected(name="a.csv", rows=rows, states=frozenset({_S.SUCCEEDED, _S.FAILED}), errors=None),
            Expected(name="b.csv", rows=rows, states=frozenset({_S.FAILED}), errors=None),
        ),
        also=_settled,
    )


def _canary() -> Scenario:
    rows = names("a", 5)
    prompt = PROMPT.replace("---\nDescribe", "batch.canary_rows: 2\n---\nDescribe")
    return Scenario(
        name="budget-and-canary",
        operations=(drop("default.prompt", prompt, 0), drop("a.csv", as_csv(rows))),
        settings=settings(budgets="/=1"),
        manner=Manner(status=lambda _text, _nth: BAD),
        expected=(
            Expected(
                name="a.csv",
                rows=rows,
                states=frozenset({_S.FAILED}),
                errors=frozenset(rows[:2]),
                unasked=frozenset(rows[2:]),
            ),
        ),
        also=_settled,
    )


def _of_a_job() -> Scenario:
    rows = names("a", 3)
    prompt = PROMPT.replace("---\nDescribe", "batch.max_cost_usd: 0.000001\n---\nDescribe")
    return Scenario(
        name="budget-of-a-job",
        operations=(drop("default.prompt", prompt, 0), drop("a.csv", as_csv(rows))),
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.REJECTED})),),
    )


def _slow() -> Scenario:
    rows = names("a", 2)
    return Scenario(
        name="budget-slow",
        operations=(drop("a.jsonl", as_requests(rows)),),
        settings=settings(budgets="/=1"),
        call_seconds=90,
        vertex_bears=0,
        most_ticks=900,
        expected=(Expected(name="a.jsonl", rows=rows),),
        also=_settled,
    )


def _always_dies() -> Scenario:
    rows = names("a", 2)
    return Scenario(
        name="budget-always-dies",
        operations=(drop("a.jsonl", as_requests(rows)),),
        settings=settings(budgets="/=1"),
        doomed="budget",
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.FAILED}), errors=frozenset(rows)),),
    )


CASES = (_shared(), _at_once(), _cancelled(), _parked(), _canary(), _of_a_job(), _slow(), _always_dies())
