"""Files of all kinds that simply go through: small, many, huge, early, late, too many at once."""

from collections.abc import Iterator

from batchdrop.domain import limits
from batchdrop.domain.states import JobState
from tests.simulation.checks import Expected
from tests.simulation.inputs import PROMPT, REQUEST_BYTES, as_csv, as_requests, names, settings
from tests.simulation.scenario import PROMPT_DROP, Scenario, drop
from tests.simulation.world import World

_S = JobState


def _small_file() -> Scenario:
    rows = names("a", 4)
    return Scenario(
        name="small-file",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows))),
        expected=(Expected(name="a.csv", rows=rows),),
        small=True,
        hunted=True,
    )


def _first_file() -> Scenario:
    rows = names("a", 2)
    return Scenario(
        name="first-file",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows), 70)),
        expected=(Expected(name="a.csv", rows=rows),),
        fresh=True,
    )


def _single_row() -> Scenario:
    rows = names("a", 1)
    return Scenario(
        name="single-row",
        small=True,
        operations=(drop("a.jsonl", as_requests(rows)),),
        expected=(Expected(name="a.jsonl", rows=rows),),
    )


def _many_shards() -> Scenario:
    rows = names("a", 14)
    return Scenario(
        name="many-shards",
        operations=(drop("a.jsonl", as_requests(rows)),),
        settings=settings(shard_bytes=3 * REQUEST_BYTES, lot_rows=2),
        expected=(Expected(name="a.jsonl", rows=rows),),
    )


def _coalesced() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 3) for letter in "abcd"}
    return Scenario(
        name="coalesced-files",
        operations=tuple(drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=1),
        expected=tuple(Expected(name=name, rows=rows) for name, rows in files.items()),
    )


def _waiting_prompt() -> Scenario:
    rows = names("a", 3)
    return Scenario(
        name="waiting-prompt",
        operations=(drop("x/y/a.csv", as_csv(rows)), drop("x/default.prompt", PROMPT, 130)),
        expected=(Expected(name="x/y/a.csv", rows=rows),),
    )


def _over_slots() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 4) for letter in "abc"}
    return Scenario(
        name="over-slots",
        operations=tuple(drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=2, lot_rows=2, batch_rows=3),
        expected=tuple(Expected(name=name, rows=rows) for name, rows in files.items()),
    )


def _priorities() -> Scenario:
    files = {"x/a.jsonl": names("a", 2), "y/b.jsonl": names("b", 2), "c.jsonl": names("c", 2)}
    return Scenario(
        name="priorities",
        operations=(
            drop("y/default.prompt", "---\nbatch:\n  priority: 9\n---\n", 0),
            drop("c.jsonl", as_requests(files["c.jsonl"])),
            drop("x/a.jsonl", as_requests(files["x/a.jsonl"]), 130),
            drop("y/b.jsonl", as_requests(files["y/b.jsonl"]), 133),
        ),
        settings=settings(slots=1, batch_rows=2),
        expected=tuple(Expected(name=name, rows=rows) for name, rows in files.items()),
        hunted=True,
    )


def _many_submissions() -> Scenario:
    rows = names("a", limits.SUBMISSIONS + 2)
    return Scenario(
        name="many-submissions",
        operations=(drop("a.jsonl", as_requests(rows)),),
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


def _huge_plan() -> Scenario:
    rows = names("a", 150)
    return Scenario(
        name="huge-plan",
        operations=(drop("a.jsonl", as_requests(rows)),),
        settings=settings(shard_bytes=REQUEST_BYTES),
        expected=(Expected(name="a.jsonl", rows=rows),),
        share=0.02,
    )


CASES = (
    _small_file(),
    _first_file(),
    _single_row(),
    _many_shards(),
    _coalesced(),
    _waiting_prompt(),
    _over_slots(),
    _priorities(),
    _many_submissions(),
    _huge_plan(),
)
