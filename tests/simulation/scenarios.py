"""The scenarios that schedules are run on."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.errors import CreateRefused, CreateThrottled, CreateUnknown
from batchdrop.domain.states import JobState
from batchdrop.domain.vertex import VertexState
from batchdrop.settings import Settings
from tests.fakes.batches import Refusal
from tests.simulation.checks import Expected
from tests.simulation.inputs import (
    PROMPT,
    REQUEST_BYTES,
    as_csv,
    as_jsonl,
    as_requests,
    name_in,
    names,
    settings,
)
from tests.simulation.vertex import BAD, BUSY, End, Manner
from tests.simulation.world import Operation, Setup, World

_S = JobState
_DAY = 24 * 3600


def _nothing_more(_world: World) -> Iterator[str]:
    return iter(())


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What users do, how Vertex behaves, and what must come of it.

    `vertex_bears` is how many jobs Vertex may fail beyond what `manner` says. `small`: also swept by pairs of crashes;
    `hunted`: also by sleepers; `share`: of the sweep and the storms that others get. `doomed`: whatever calls a port
    in this module dies. `also` checks what is not about outputs.
    """

    name: str
    operations: tuple[Operation, ...]
    expected: tuple[Expected, ...]
    settings: Settings = settings()
    manner: Manner = Manner()
    fresh: bool = False
    most_ticks: int = 400
    vertex_bears: int = 2
    small: bool = False
    hunted: bool = False
    share: float = 1.0
    doomed: str = ""
    also: Callable[[World], Iterator[str]] = _nothing_more

    @property
    def setup(self) -> Setup:
        """What a run begins with."""
        return Setup(settings=self.settings, manner=self.manner, operations=self.operations, fresh=self.fresh)


def _drop(name: str, data: str, seconds: int = 1) -> Operation:
    return Operation(seconds, lambda world: _ignore(world.drop(name, data)))


def _delete(name: str, seconds: int) -> Operation:
    return Operation(seconds, lambda world: world.delete(name))


def _refuse(*refusals: Refusal) -> Operation:
    return Operation(0, lambda world: world.vertex.refusals.extend(refusals))


def _ignore(_made: object) -> None:
    """An operation gives nothing back."""


_PROMPT = _drop("default.prompt", PROMPT, 0)


def _small_file() -> Scenario:
    rows = names("a", 4)
    return Scenario(
        name="small-file",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows))),
        expected=(Expected(name="a.csv", rows=rows),),
        small=True,
        hunted=True,
    )


def _first_file() -> Scenario:
    rows = names("a", 2)
    return Scenario(
        name="first-file",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows), 70)),
        expected=(Expected(name="a.csv", rows=rows),),
        fresh=True,
    )


def _single_row() -> Scenario:
    rows = names("a", 1)
    return Scenario(
        name="single-row",
        operations=(_drop("a.jsonl", as_requests(rows)),),
        expected=(Expected(name="a.jsonl", rows=rows),),
    )


def _many_shards() -> Scenario:
    rows = names("a", 14)
    return Scenario(
        name="many-shards",
        operations=(_drop("a.jsonl", as_requests(rows)),),
        settings=settings(shard_bytes=3 * REQUEST_BYTES, lot_rows=2),
        expected=(Expected(name="a.jsonl", rows=rows),),
    )


def _coalesced() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 3) for letter in "abcd"}
    return Scenario(
        name="coalesced-files",
        operations=tuple(_drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=1),
        expected=tuple(Expected(name=name, rows=rows) for name, rows in files.items()),
    )


def _row_retries() -> Scenario:
    rows = names("a", 6)
    fate: dict[str, tuple[str | None, ...]] = {
        "a1": (BUSY,),
        "a2": (None, BUSY),
        "a3": (BUSY, None, BUSY),
        "a4": (BAD,),
    }

    def status(text: str, nth: int) -> str | None:
        told = fate.get(name_in(text), ())
        return told[nth - 1] if nth <= len(told) else ""

    return Scenario(
        name="row-retries",
        operations=(_PROMPT, _drop("a.jsonl", as_jsonl(rows))),
        manner=Manner(status=status),
        vertex_bears=0,
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.PARTIAL}), errors=frozenset({"a3", "a4"})),),
    )


def _poison() -> Scenario:
    files = {"a.jsonl": names("a", 9), "b.jsonl": names("b", 3), "c.jsonl": names("c", 2)}
    poison = frozenset({"a2", "a7"})
    return Scenario(
        name="poison",
        operations=tuple(_drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=2, shard_bytes=5 * REQUEST_BYTES),
        manner=Manner(poisonous=lambda text: name_in(text) in poison),
        expected=(
            Expected(name="a.jsonl", rows=files["a.jsonl"], states=frozenset({_S.PARTIAL}), errors=poison),
            Expected(name="b.jsonl", rows=files["b.jsonl"]),
            Expected(name="c.jsonl", rows=files["c.jsonl"]),
        ),
    )


def _expiry() -> Scenario:
    rows = names("a", 6)
    ends = {
        1: End(state=VertexState.EXPIRED, share=0.5, promised=False),
        2: End(state=VertexState.EXPIRED, share=0, promised=False),
    }
    return Scenario(
        name="expiry",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows))),
        manner=Manner(end=lambda nth: ends.get(nth, End())),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _partly() -> Scenario:
    rows = names("a", 6)
    ends = {
        1: End(state=VertexState.PARTIALLY_SUCCEEDED, share=0.5),
        2: End(state=VertexState.FAILED, code=13, message="System error.", share=0.4),
    }
    return Scenario(
        name="partly-succeeded",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows))),
        manner=Manner(end=lambda nth: ends.get(nth, End())),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _cancel() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 3) for letter in "cab"}
    cancelled = Expected(name="a.jsonl", rows=files["a.jsonl"], states=frozenset({_S.CANCELLED, _S.SUCCEEDED}))
    return Scenario(
        name="cancel",
        operations=(
            _drop("c.jsonl", as_requests(files["c.jsonl"])),
            _drop("a.jsonl", as_requests(files["a.jsonl"]), 10),
            _drop("b.jsonl", as_requests(files["b.jsonl"]), 10),
            _delete("a.jsonl", 103),
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
        operations=(_PROMPT, _drop("a.csv", as_csv(rows)), _delete("a.csv", 3)),
        expected=(Expected(name="a.csv", rows=rows, states=states),),
    )


def _supersede() -> Scenario:
    old, middle, new = names("a", 4), names("b", 3), names("c", 5)
    return Scenario(
        name="supersede",
        operations=(
            _PROMPT,
            _drop("a.csv", as_csv(old)),
            _drop("a.csv", as_csv(middle), 40),
            _drop("a.csv", as_csv(new), 130),
        ),
        expected=(Expected(name="a.csv", rows=new),),
    )


def _same_bytes() -> Scenario:
    rows = names("a", 4)
    return Scenario(
        name="same-bytes",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows)), _drop("a.csv", as_csv(rows), 50)),
        expected=(Expected(name="a.csv", rows=rows),),
        also=_one_job_at_a_time,
    )


def _one_job_at_a_time(world: World) -> Iterator[str]:
    jobs = sorted(world.ledger.mirror.jobs.values(), key=lambda job: job.created_at)
    for old, new in pairwise(jobs):
        if old.state is _S.CANCELLED or new.created_at < old.times["closing"]:
            yield f"the same bytes made {new.id} while {old.id} was alive"


def _waiting_prompt() -> Scenario:
    rows = names("a", 3)
    return Scenario(
        name="waiting-prompt",
        operations=(_drop("x/y/a.csv", as_csv(rows)), _drop("x/default.prompt", PROMPT, 130)),
        expected=(Expected(name="x/y/a.csv", rows=rows),),
    )


def _over_slots() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 4) for letter in "abc"}
    return Scenario(
        name="over-slots",
        operations=tuple(_drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=2, lot_rows=2, batch_rows=3),
        expected=tuple(Expected(name=name, rows=rows) for name, rows in files.items()),
    )


def _priorities() -> Scenario:
    files = {"x/a.jsonl": names("a", 2), "y/b.jsonl": names("b", 2), "c.jsonl": names("c", 2)}
    return Scenario(
        name="priorities",
        operations=(
            _drop("y/default.prompt", "---\nbatch:\n  priority: 9\n---\n", 0),
            _drop("c.jsonl", as_requests(files["c.jsonl"])),
            _drop("x/a.jsonl", as_requests(files["x/a.jsonl"]), 130),
            _drop("y/b.jsonl", as_requests(files["y/b.jsonl"]), 133),
        ),
        settings=settings(slots=1, batch_rows=2),
        expected=tuple(Expected(name=name, rows=rows) for name, rows in files.items()),
        hunted=True,
    )


def _huge_plan() -> Scenario:
    rows = names("a", 150)
    return Scenario(
        name="huge-plan",
        operations=(_drop("a.jsonl", as_requests(rows)),),
        settings=settings(shard_bytes=REQUEST_BYTES),
        expected=(Expected(name="a.jsonl", rows=rows),),
        share=0.02,
    )


def _all_bad() -> Scenario:
    rows = names("a", 5)
    return Scenario(
        name="all-rows-bad",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows))),
        manner=Manner(status=lambda _text, _nth: BAD),
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.FAILED}), errors=frozenset(rows)),),
    )


def _event_lost() -> Scenario:
    rows = names("a", 3)
    drop = Operation(5, lambda world: world.drop_unannounced("a.csv", as_csv(rows)))
    return Scenario(
        name="input-event-lost",
        operations=(_PROMPT, drop),
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _permission() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 4) for letter in "ab"}
    end = End(state=VertexState.FAILED, code=7, message="no permission", share=0.5)
    return Scenario(
        name="permission-denied",
        operations=tuple(_drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=1),
        manner=Manner(end=lambda _nth: end),
        vertex_bears=0,
        expected=tuple(
            Expected(name=name, rows=rows, states=frozenset({_S.FAILED}), errors=None) for name, rows in files.items()
        ),
    )


def _throttled() -> Scenario:
    rows = names("a", 6)
    return Scenario(
        name="throttled-create",
        operations=(
            _refuse(
                Refusal(CreateThrottled("Quota exceeded.")),
                Refusal(CreateUnknown("HTTP 503"), made=True),
                Refusal(CreateUnknown("HTTP 503")),
                Refusal(CreateThrottled("Quota exceeded.")),
            ),
            _drop("a.jsonl", as_requests(rows)),
        ),
        settings=settings(lot_rows=2, batch_rows=2),
        expected=(Expected(name="a.jsonl", rows=rows),),
        hunted=True,
    )


def _refused() -> Scenario:
    rows = names("a", 3)
    return Scenario(
        name="refused-create",
        operations=(
            _refuse(*[Refusal(CreateRefused(404, "The PublisherModel does not exist."))] * 9),
            _PROMPT,
            _drop("a.csv", as_csv(rows)),
        ),
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.FAILED}), errors=frozenset(rows)),),
    )


def _rejected() -> Scenario:
    rows = names("a", 30)
    broken = frozenset(rows[4:18])
    return Scenario(
        name="rejected",
        operations=(_PROMPT, _drop("a.jsonl", as_jsonl(rows, broken))),
        settings=settings(shard_bytes=150),
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.REJECTED}), invalid=broken),),
    )


def _some_invalid() -> Scenario:
    rows = names("a", 8)
    broken = frozenset({"a0", "a5"})
    return Scenario(
        name="some-invalid",
        operations=(_PROMPT, _drop("a.jsonl", as_jsonl(rows, broken))),
        settings=settings(shard_bytes=40),
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.PARTIAL}), invalid=broken),),
    )


def _unusable() -> Scenario:
    rejected = frozenset({_S.REJECTED})
    return Scenario(
        name="unusable-inputs",
        operations=(
            _PROMPT,
            _drop("x/default.prompt", "---\nmodel: [oops\n---\nhi\n", 0),
            _drop("a.csv", "id,name\n"),
            _drop("b.xlsx", "PK"),
            _drop("x/c.csv", as_csv(names("c", 2))),
        ),
        expected=(
            Expected(name="a.csv", rows=(), states=rejected),
            Expected(name="b.xlsx", rows=(), states=rejected),
            Expected(name="x/c.csv", rows=(), states=rejected),
        ),
    )


def _stopped_by_others() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 4) for letter in "ab"}

    def stop(world: World) -> None:
        for name in world.vertex.running():
            world.vertex.cancel(name)

    states = frozenset({_S.SUCCEEDED, _S.PARTIAL, _S.FAILED})
    return Scenario(
        name="cancelled-at-vertex",
        operations=(
            *(_drop(name, as_requests(rows)) for name, rows in files.items()),
            Operation(70, stop),
            _drop("a.jsonl.approve", "", 4000),
        ),
        settings=settings(slots=1),
        vertex_bears=0,
        most_ticks=2000,
        expected=tuple(Expected(name=name, rows=rows, states=states, errors=None) for name, rows in files.items()),
    )


def _deleted_by_others() -> Scenario:
    rows = names("a", 4)

    def remove(world: World) -> None:
        for name in world.vertex.running():
            world.vertex.remove(name)

    states = frozenset({_S.SUCCEEDED, _S.PARTIAL, _S.FAILED})
    return Scenario(
        name="deleted-at-vertex",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows)), Operation(70, remove), _drop("a.csv.approve", "", 4000)),
        vertex_bears=0,
        most_ticks=2000,
        expected=(Expected(name="a.csv", rows=rows, states=states, errors=None),),
    )


def _swapped_keys() -> Scenario:
    rows = names("a", 5)
    swapped = ("Describe a1 now.", "Describe a3 now.")
    return Scenario(
        name="swapped-keys",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows))),
        manner=Manner(swapped=swapped),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.PARTIAL}), errors=frozenset({"a1", "a3"})),),
    )


def _superseded_at_the_end() -> Scenario:
    old, new = names("a", 3), names("b", 3)
    return Scenario(
        name="superseded-at-the-end",
        operations=(_PROMPT, _drop("a.csv", as_csv(old)), _drop("a.csv", as_csv(new), 102)),
        expected=(Expected(name="a.csv", rows=new),),
        hunted=True,
    )


def _doomed(step: str, expected: Expected) -> Scenario:
    return Scenario(
        name=f"{step}-always-dies",
        operations=(_PROMPT, _drop("a.csv", as_csv(names("a", 3)))),
        doomed=step,
        expected=(expected,),
    )


def _endless() -> Scenario:
    rows = names("a", 4)
    ends = {1: End(seconds=0), 2: End(seconds=0, deaf=True)}
    return Scenario(
        name="jobs-without-end",
        operations=(_drop("a.jsonl", as_requests(rows)),),
        manner=Manner(end=lambda nth: ends.get(nth, End())),
        vertex_bears=0,
        most_ticks=900,
        expected=(Expected(name="a.jsonl", rows=rows),),
    )


def _never_approved() -> Scenario:
    rows = names("a", 4)
    stopped = End(state=VertexState.CANCELLED, code=1, message="CANCELED", share=0.5, promised=False)
    return Scenario(
        name="never-approved",
        operations=(_drop("a.jsonl", as_requests(rows)),),
        manner=Manner(end=lambda nth: stopped if nth == 1 else End()),
        vertex_bears=0,
        most_ticks=900,
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.FAILED}), errors=frozenset(rows[2:])),),
    )


def _many_submissions() -> Scenario:
    rows = names("a", limits.SUBMISSIONS + 2)
    return Scenario(
        name="many-submissions",
        operations=(_drop("a.jsonl", as_requests(rows)),),
        settings=settings(slots=len(rows), lot_rows=1, batch_rows=1),
        expected=(Expected(name="a.jsonl", rows=rows),),
        share=0.05,
        also=_within_quota,
    )


def _within_quota(world: World) -> Iterator[str]:
    times = sorted(world.vertex.created)
    for first, one_too_many in zip(times, times[limits.SUBMISSIONS :], strict=False):
        if one_too_many - first < limits.SUBMISSION_WINDOW:
            yield f"more than {limits.SUBMISSIONS} submissions in a minute, until {one_too_many}"


def _outage() -> Scenario:
    rows = names("a", 3)

    def fail(world: World) -> None:
        world.go_down(_DAY)

    return Scenario(
        name="outage-of-a-day",
        operations=(_PROMPT, _drop("a.csv", as_csv(rows)), Operation(20, fail), _drop("b.csv", as_csv(rows), 4000)),
        expected=(Expected(name="a.csv", rows=rows), Expected(name="b.csv", rows=rows)),
        most_ticks=2000,
    )


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        _small_file(),
        _first_file(),
        _single_row(),
        _many_shards(),
        _coalesced(),
        _row_retries(),
        _poison(),
        _expiry(),
        _partly(),
        _cancel(),
        _deleted_at_once(),
        _supersede(),
        _same_bytes(),
        _waiting_prompt(),
        _over_slots(),
        _priorities(),
        _huge_plan(),
        _all_bad(),
        _event_lost(),
        _permission(),
        _throttled(),
        _refused(),
        _rejected(),
        _some_invalid(),
        _unusable(),
        _stopped_by_others(),
        _deleted_by_others(),
        _outage(),
        _endless(),
        _never_approved(),
        _many_submissions(),
        _swapped_keys(),
        _superseded_at_the_end(),
        _doomed("stage", Expected(name="a.csv", rows=(), states=frozenset({_S.FAILED}))),
        _doomed(
            "collect",
            Expected(name="a.csv", rows=names("a", 3), states=frozenset({_S.FAILED}), errors=frozenset(names("a", 3))),
        ),
    )
}
