"""Inputs that are stored in their own ways, or gone before they are read."""

import gzip

from batchdrop.domain.price_list import OWN_PRICES
from batchdrop.domain.states import JobState
from tests.simulation.checks import Expected
from tests.simulation.inputs import PROMPT, as_csv, as_jsonl, as_parquet, names, settings
from tests.simulation.scenario import PROMPT_DROP, Scenario, delete, drop
from tests.simulation.world import Operation

_S = JobState


def _compressed() -> Scenario:
    rows = names("a", 12)
    return Scenario(
        name="compressed",
        operations=(PROMPT_DROP, drop("a.jsonl.gz", gzip.compress(as_jsonl(rows).encode(), mtime=0))),
        settings=settings(shard_bytes=60),
        call_seconds=60,
        most_ticks=900,
        expected=(Expected(name="a.jsonl.gz", rows=rows),),
    )


def _parquet() -> Scenario:
    rows = names("a", 6)
    return Scenario(
        name="parquet",
        operations=(PROMPT_DROP, drop("a.parquet", as_parquet(rows))),
        settings=settings(shard_bytes=60),
        expected=(Expected(name="a.parquet", rows=rows),),
    )


def _packed_parquet() -> Scenario:
    rows = names("a", 6)
    return Scenario(
        name="compressed-parquet",
        operations=(PROMPT_DROP, drop("a.parquet.gz", gzip.compress(as_parquet(rows), mtime=0))),
        settings=settings(shard_bytes=60),
        call_seconds=60,
        most_ticks=900,
        expected=(Expected(name="a.parquet.gz", rows=rows),),
    )


def _priced() -> Scenario:
    rows = names("a", 2)
    prices = '{"models": {"gemini-3.5-flash-lite": {"input": "0.15", "output": "1.25"}}}'
    return Scenario(
        name="own-prices",
        operations=(drop(OWN_PRICES, prices, 0), PROMPT_DROP, drop("a.csv", as_csv(rows))),
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _purged() -> Scenario:
    rows = names("a", 3)
    return Scenario(
        name="purged",
        operations=(
            PROMPT_DROP,
            drop("b.csv", as_csv(rows), 0),
            drop("a.csv", as_csv(rows)),
            Operation(3, lambda world: world.purge("a.csv")),
            Operation(3, lambda world: world.purge("b.csv")),
        ),
        expected=tuple(
            Expected(name=name, rows=rows, states=frozenset({_S.CANCELLED, _S.SUCCEEDED}))
            for name in ("a.csv", "b.csv")
        ),
    )


def _gone_unheard() -> Scenario:
    rows = names("a", 3)
    return Scenario(
        name="deleted-unheard-of",
        operations=(
            PROMPT_DROP,
            Operation(5, lambda world: world.drop_unannounced("a.csv", as_csv(rows))),
            delete("a.csv", 9),
        ),
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.CANCELLED, _S.SUCCEEDED})),),
    )


def _vanishing_prompt() -> Scenario:
    rows = names("a", 3)
    return Scenario(
        name="prompt-that-vanishes",
        operations=(
            drop("x/a.csv", as_csv(rows)),
            drop("x/a.prompt", PROMPT, 130),
            delete("x/a.prompt", 131),
        ),
        most_ticks=2500,
        share=0.2,
        expected=(Expected(name="x/a.csv", rows=rows, states=frozenset({_S.REJECTED, _S.SUCCEEDED}), errors=None),),
    )


CASES = (_compressed(), _parquet(), _packed_parquet(), _priced(), _purged(), _gone_unheard(), _vanishing_prompt())
