"""What is measured, beside what, and what must hold."""

import msgspec

from tests.bench.meter import Spent

MEMORY_MB = 150


class Bound(msgspec.Struct, frozen=True):
    """Our speed must be at least so many times that of a rival measured in the same run."""

    rival: str
    at_least: float


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One measured step; the whole pipeline if `step` is None.

    `data` is the kind of input, `answers` how Vertex answers. `limit` is the rival that is the most anyone could
    reach, `rivals` are what a user would do otherwise. `by_answers`: sizes in bytes mean the answers.
    """

    name: str
    data: str
    step: str | None
    prompt: str = ""
    answers: str = "text"
    limit: str = ""
    rivals: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()
    answer_bytes: int = 0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One run: what went through, what it took, and that by steps."""

    rows: int
    bytes: int
    spent: Spent
    steps: dict[str, Spent] = {}

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.spent.wall

    @property
    def cpu_rate(self) -> float:
        """Rows a second of CPU."""
        return self.rows / self.spent.cpu


CASES = (
    Case(
        name="stage native",
        data="native",
        step="stage",
        limit="decode and write",
        rivals=("google-genai", "stdlib json"),
        bounds=(Bound("decode and write", 0.4), Bound("google-genai", 10.0)),
    ),
    Case(
        name="stage CSV, plain template",
        data="csv",
        prompt="plain",
        step="stage",
        limit="csv and orjson",
        rivals=("google-genai", "stdlib csv"),
        bounds=(Bound("google-genai", 10.0),),
    ),
    Case(
        name="stage CSV, helpers",
        data="csv",
        prompt="helpers",
        step="stage",
        limit="csv and orjson",
        rivals=("google-genai", "stdlib csv"),
    ),
    Case(
        name="stage Parquet",
        data="parquet",
        prompt="plain",
        step="stage",
        limit="pyarrow and orjson",
        rivals=("google-genai",),
    ),
    Case(
        name="collect, no schema",
        data="records",
        prompt="plain",
        step="collect",
        limit="orjson join",
        rivals=("DuckDB join", "stdlib join"),
        bounds=(Bound("orjson join", 0.7),),
        answer_bytes=1_600,
    ),
    Case(
        name="collect, schema",
        data="records",
        prompt="schema",
        answers="schema",
        step="collect",
        limit="orjson join",
        rivals=("google-genai", "DuckDB join"),
        bounds=(Bound("google-genai", 6.0),),
        answer_bytes=1_900,
    ),
    Case(
        name="collect, 32 KB answers",
        data="records",
        prompt="plain",
        answers="long",
        step="collect",
        limit="orjson join",
        answer_bytes=34_000,
    ),
    Case(
        name="collect, short rows",
        data="short",
        prompt="short",
        step="collect",
        limit="orjson join",
        answer_bytes=820,
    ),
    Case(name="pipeline, CSV", data="csv", prompt="plain", step=None, rivals=("google-genai",)),
)
