"""Users who change their minds, and events that never come."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from batchdrop.domain.states import JobState
from tests.simulation.checks import Expected
from tests.simulation.inputs import REQUEST_BYTES, as_csv, as_requests, names, settings
from tests.simulation.scenario import PROMPT_DROP, Scenario, delete, drop
from tests.simulation.vertex import End, Manner
from tests.simulation.world import Operation, World

_S = JobState
_DAY = 24 * 3600


def _cancel() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 3) for letter in "cab"}
    cancelled = Expected(name="a.jsonl", rows=files["a.jsonl"], states=frozenset({_S.CANCELLED, _S.SUCCEEDED}))
    return Scenario(
        name="cancel",
        operations=(
            drop("c.jsonl", as_requests(files["c.jsonl"])),
            drop("a.jsonl", as_requests(files["a.jsonl"]), 10),
            drop("b.jsonl", as_requests(files["b.jsonl"]), 10),
            delete("a.jsonl", 103),
        ),
        settings=settings(slots=1, shard_bytes=2 * REQUEST_BYTES),
        expected=(cancelled, *(Expected(name=name, rows=files[name]) for name in ("b.jsonl", "c.jsonl"))),
        hunted=True,
    )


def _deleted_at_once() -> Scenario:
    rows = names("a", 3)
    states = frozenset({_S.CANCELLED, _S.SUCCEEDED})
    return Scenario(
        name="deleted-at-once",
        small=True,
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows)), delete("a.csv", 3)),
        expected=(Expected(name="a.csv", rows=rows, states=states),),
    )


def _supersede() -> Scenario:
    old, middle, new = names("a", 4), names("b", 3), names("c", 5)
    return Scenario(
        name="supersede",
        operations=(
            PROMPT_DROP,
            drop("a.csv", as_csv(old)),
            drop("a.csv", as_csv(middle), 40),
            drop("a.csv", as_csv(new), 130),
        ),
        expected=(Expected(name="a.csv", rows=new),),
    )


def _superseded_at_the_end() -> Scenario:
    old, new = names("a", 3), names("b", 3)
    return Scenario(
        name="superseded-at-the-end",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(old)), drop("a.csv", as_csv(new), 102)),
        expected=(Expected(name="a.csv", rows=new),),
        hunted=True,
    )


def _same_bytes() -> Scenario:
    rows = names("a", 4)
    return Scenario(
        name="same-bytes",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows)), drop("a.csv", as_csv(rows), 50)),
        expected=(Expected(name="a.csv", rows=rows),),
        also=_one_job_at_a_time,
    )


def _one_job_at_a_time(world: World) -> Iterator[str]:
    jobs = sorted(world.ledger.mirror.jobs.values(), key=lambda job: job.created_at)
    for old, new in pairwise(jobs):
        if old.state is _S.CANCELLED or new.created_at < old.times["closing"]:
            yield f"the same bytes made {new.id} while {old.id} was alive"


def _dropped_again() -> Scenario:
    rows, new = names("a", 3), names("b", 2)
    return Scenario(
        name="deleted-and-dropped-again",
        operations=(
            PROMPT_DROP,
            drop("a.csv", as_csv(rows)),
            delete("a.csv", 40),
            drop("a.csv", as_csv(rows), 44),
            drop("b.csv", as_csv(rows)),
            delete("b.csv", 60),
            drop("b.csv", as_csv(new), 64),
        ),
        manner=Manner(end=lambda _nth: End(seconds=1500)),
        expected=(Expected(name="a.csv", rows=rows), Expected(name="b.csv", rows=new)),
        hunted=True,
        share=0.3,
    )


def _event_lost() -> Scenario:
    rows = names("a", 3)
    drop = Operation(5, lambda world: world.drop_unannounced("a.csv", as_csv(rows)))
    return Scenario(
        name="input-event-lost",
        operations=(PROMPT_DROP, drop),
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _deletion_lost() -> Scenario:
    rows = names("a", 3)
    return Scenario(
        name="deletion-event-lost",
        operations=(drop("a.csv", as_csv(rows)), Operation(30, lambda world: world.delete_unannounced("a.csv"))),
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.CANCELLED})),),
        also=_heard_of_within_hours,
    )


def _heard_of_within_hours(world: World) -> Iterator[str]:
    for job in world.ledger.mirror.jobs.values():
        if job.times["closing"] > job.created_at + timedelta(hours=6):
            yield f"{job.id} was cancelled only at {job.times['closing']}"


def _outage() -> Scenario:
    rows = names("a", 3)

    def fail(world: World) -> None:
        world.go_down(_DAY)

    return Scenario(
        name="outage-of-a-day",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows)), Operation(20, fail), drop("b.csv", as_csv(rows), 4000)),
        expected=(Expected(name="a.csv", rows=rows), Expected(name="b.csv", rows=rows)),
        most_ticks=2000,
    )


CASES = (
    _cancel(),
    _deleted_at_once(),
    _supersede(),
    _superseded_at_the_end(),
    _same_bytes(),
    _dropped_again(),
    _event_lost(),
    _deletion_lost(),
    _outage(),
)
