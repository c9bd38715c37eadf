"""Jobs that ask some rows first: the rest follows, or does not."""

from batchdrop.domain.states import JobState
from batchdrop.domain.vertex import VertexState
from tests.simulation.checks import Expected
from tests.simulation.inputs import PROMPT, REQUEST_BYTES, as_csv, as_requests, name_in, names, settings
from tests.simulation.scenario import Scenario, delete, drop
from tests.simulation.vertex import BAD, BUSY, End, Manner
from tests.simulation.world import Operation

_S = JobState
_CANARY = 3


def _prompt(most_errors: float = 0.4) -> Operation:
    """Some errors must be borne, where the chaos makes a row miss its answer."""
    told = f"batch.canary_rows: {_CANARY}\nbatch.canary_max_errors: {most_errors}\n---\nDescribe"
    return drop("default.prompt", PROMPT.replace("---\nDescribe", told), 0)


def _passes() -> Scenario:
    rows = names("a", 9)
    return Scenario(
        name="canary-passes",
        operations=(_prompt(), drop("a.jsonl", as_requests(rows))),
        settings=settings(shard_bytes=4 * REQUEST_BYTES, lot_rows=2),
        expected=(Expected(name="a.jsonl", rows=rows),),
        hunted=True,
    )


def _whole_shard() -> Scenario:
    rows = names("a", 6)
    return Scenario(
        name="canary-of-a-whole-shard",
        operations=(_prompt(), drop("a.jsonl", as_requests(rows))),
        settings=settings(shard_bytes=2 * REQUEST_BYTES),
        expected=(Expected(name="a.jsonl", rows=rows),),
    )


def _fails() -> Scenario:
    rows = names("a", 8)
    return Scenario(
        name="canary-fails",
        operations=(_prompt(), drop("a.csv", as_csv(rows)), drop("b.csv", as_csv(rows), 40)),
        settings=settings(shard_bytes=20),
        manner=Manner(status=lambda text, _: BAD if name_in(text) in {"a0", "a2"} else ""),
        vertex_bears=0,
        expected=tuple(
            Expected(
                name=name,
                rows=rows,
                states=frozenset({_S.FAILED}),
                errors=frozenset({"a0", "a2"}),
                unasked=frozenset(rows[_CANARY:]),
            )
            for name in ("a.csv", "b.csv")
        ),
        hunted=True,
    )


def _asked_again() -> Scenario:
    rows = names("a", 7)
    return Scenario(
        name="canary-asked-again",
        operations=(_prompt(0.2), drop("a.csv", as_csv(rows))),
        manner=Manner(status=lambda text, nth: BUSY if name_in(text) in {"a0", "a2"} and nth == 1 else ""),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _poisoned() -> Scenario:
    rows = names("a", 7)
    return Scenario(
        name="canary-poisoned",
        operations=(_prompt(), drop("a.csv", as_csv(rows))),
        manner=Manner(poisonous=lambda text: name_in(text) == "a1"),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.PARTIAL}), errors=frozenset({"a1"})),),
    )


def _held() -> Scenario:
    rows = names("a", 7)
    stopped = End(state=VertexState.CANCELLED, code=1, message="CANCELED", share=0.5, promised=False)
    return Scenario(
        name="canary-held",
        operations=(_prompt(), drop("a.csv", as_csv(rows)), drop("a.csv.approve", "", 4000)),
        manner=Manner(end=lambda nth: stopped if nth == 1 else End()),
        vertex_bears=0,
        most_ticks=2000,
        expected=(
            Expected(name="a.csv", rows=rows, states=frozenset({_S.SUCCEEDED, _S.PARTIAL, _S.FAILED}), errors=None),
        ),
    )


def _cancelled() -> Scenario:
    rows, new = names("a", 7), names("b", 5)
    return Scenario(
        name="canary-superseded",
        operations=(
            _prompt(),
            drop("a.csv", as_csv(rows)),
            drop("c.csv", as_csv(rows)),
            drop("a.csv", as_csv(new), 50),
            delete("c.csv", 102),
        ),
        expected=(
            Expected(name="a.csv", rows=new),
            Expected(name="c.csv", rows=rows, states=frozenset({_S.CANCELLED, _S.SUCCEEDED})),
        ),
    )


CASES = (_passes(), _whole_shard(), _fails(), _asked_again(), _poisoned(), _held(), _cancelled())
