"""Rows that ask the same, and share an answer, a second attempt or an error."""

from batchdrop.domain.states import JobState
from tests.simulation.checks import Expected
from tests.simulation.inputs import PROMPT, as_questions, name_in, names, settings
from tests.simulation.scenario import Scenario, drop
from tests.simulation.vertex import BAD, BUSY, Manner

_S = JobState
_ROWS = names("a", 11)
_ASKS = dict(zip(_ROWS, ("x", "y", "x", "z", "y", "x", "w", "x", "z", "x", "v"), strict=True))
_TOLD = "batch.dedupe: true\n---\nDescribe {{asks}}"
_PROMPT = drop("default.prompt", PROMPT.replace("---\nDescribe {{name}}", _TOLD), 0)


def _asking(*about: str) -> frozenset[str]:
    return frozenset(name for name, asked in _ASKS.items() if asked in about)


def _answered() -> Scenario:
    return Scenario(
        name="twins",
        operations=(_PROMPT, drop("a.csv", as_questions(_ASKS))),
        settings=settings(shard_bytes=30, lot_rows=2),
        expected=(Expected(name="a.csv", rows=_ROWS, asks=_ASKS),),
    )


def _asked_again() -> Scenario:
    def status(text: str, nth: int) -> str:
        return BAD if name_in(text) == "w" else BUSY if name_in(text) in {"x", "z"} and nth == 1 else ""

    return Scenario(
        name="twins-asked-again",
        operations=(_PROMPT, drop("a.csv", as_questions(_ASKS))),
        settings=settings(lot_rows=3, batch_rows=3),
        manner=Manner(status=status),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=_ROWS, asks=_ASKS, states=frozenset({_S.PARTIAL}), errors=_asking("w")),),
    )


def _poisoned() -> Scenario:
    return Scenario(
        name="twins-poisoned",
        operations=(_PROMPT, drop("a.csv", as_questions(_ASKS))),
        manner=Manner(poisonous=lambda text: name_in(text) in {"x", "v"}),
        expected=(
            Expected(name="a.csv", rows=_ROWS, asks=_ASKS, states=frozenset({_S.PARTIAL}), errors=_asking("x", "v")),
        ),
    )


CASES = (_answered(), _asked_again(), _poisoned())
