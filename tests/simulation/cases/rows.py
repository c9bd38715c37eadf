"""Rows that fail: for a while, for good, at the importer, or before anything is asked."""

from batchdrop.domain.states import JobState
from tests.simulation.checks import Expected
from tests.simulation.inputs import REQUEST_BYTES, as_csv, as_jsonl, as_requests, name_in, names, settings
from tests.simulation.scenario import PROMPT_DROP, Scenario, drop
from tests.simulation.vertex import BAD, BUSY, Manner

_S = JobState


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
        operations=(PROMPT_DROP, drop("a.jsonl", as_jsonl(rows))),
        manner=Manner(status=status),
        vertex_bears=0,
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.PARTIAL}), errors=frozenset({"a3", "a4"})),),
    )


def _poison() -> Scenario:
    files = {"a.jsonl": names("a", 9), "b.jsonl": names("b", 3), "c.jsonl": names("c", 2)}
    poison = frozenset({"a2", "a7"})
    return Scenario(
        name="poison",
        operations=tuple(drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=2, shard_bytes=5 * REQUEST_BYTES),
        manner=Manner(poisonous=lambda text: name_in(text) in poison),
        expected=(
            Expected(name="a.jsonl", rows=files["a.jsonl"], states=frozenset({_S.PARTIAL}), errors=poison),
            Expected(name="b.jsonl", rows=files["b.jsonl"]),
            Expected(name="c.jsonl", rows=files["c.jsonl"]),
        ),
    )


def _all_bad() -> Scenario:
    rows = names("a", 5)
    return Scenario(
        name="all-rows-bad",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows))),
        manner=Manner(status=lambda _text, _nth: BAD),
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.FAILED}), errors=frozenset(rows)),),
    )


def _swapped_keys() -> Scenario:
    rows = names("a", 5)
    swapped, unfit = ("Describe a1 now.", "Describe a3 now."), frozenset({"a1", "a3"})
    return Scenario(
        name="swapped-keys",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows))),
        manner=Manner(swapped=swapped),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.PARTIAL}), errors=unfit, unfit=unfit),),
    )


def _rejected() -> Scenario:
    rows = names("a", 30)
    broken = frozenset(rows[4:18])
    return Scenario(
        name="rejected",
        operations=(PROMPT_DROP, drop("a.jsonl", as_jsonl(rows, broken))),
        settings=settings(shard_bytes=150),
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.REJECTED}), invalid=broken),),
    )


def _some_invalid() -> Scenario:
    rows = names("a", 8)
    broken = frozenset({"a0", "a5"})
    return Scenario(
        name="some-invalid",
        operations=(PROMPT_DROP, drop("a.jsonl", as_jsonl(rows, broken))),
        settings=settings(shard_bytes=40),
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.PARTIAL}), invalid=broken),),
    )


def _unusable() -> Scenario:
    rejected = frozenset({_S.REJECTED})
    return Scenario(
        name="unusable-inputs",
        operations=(
            PROMPT_DROP,
            drop("x/default.prompt", "---\nmodel: [oops\n---\nhi\n", 0),
            drop("a.csv", "id,name\n"),
            drop("b.xlsx", "PK"),
            drop("x/c.csv", as_csv(names("c", 2))),
        ),
        expected=(
            Expected(name="a.csv", rows=(), states=rejected),
            Expected(name="b.xlsx", rows=(), states=rejected),
            Expected(name="x/c.csv", rows=(), states=rejected),
        ),
    )


CASES = (
    _row_retries(),
    _poison(),
    _all_bad(),
    _swapped_keys(),
    _rejected(),
    _some_invalid(),
    _unusable(),
)
