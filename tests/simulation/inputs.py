"""Inputs of scenarios: rows with names that find their way into the request, the answer and the output."""

import io
import json
from collections.abc import Mapping, Sequence

from batchdrop.domain.budget import parse_budgets
from batchdrop.settings import Settings
from tests.fakes.service import SETTINGS

PROMPT = """---
model: gemini-3.5-flash-lite
---
Describe {{name}} now.
"""


def names(letter: str, count: int) -> tuple[str, ...]:
    """Names of rows, `a0` and on."""
    return tuple(f"{letter}{number}" for number in range(count))


def as_csv(rows: Sequence[str]) -> str:
    """Rows as a CSV with a header."""
    return "id,name\n" + "".join(f"{number},{name}\n" for number, name in enumerate(rows))


def as_questions(asks: Mapping[str, str]) -> str:
    """Rows as a CSV with a header, each with the name that it asks about."""
    return "name,asks\n" + "".join(f"{name},{about}\n" for name, about in asks.items())


def as_jsonl(rows: Sequence[str], broken: frozenset[str] = frozenset()) -> str:
    """Rows as JSONL; a broken row is no JSON."""
    return "".join(_line(name, broken=name in broken) for name in rows)


def as_requests(rows: Sequence[str]) -> str:
    """Rows as requests in Vertex's own form, which need no prompt, each of REQUEST_BYTES or a little more."""
    return "".join(_request(name) for name in rows)


def as_parquet(rows: Sequence[str]) -> bytes:
    """Rows as a Parquet file, two to a row group."""
    import pyarrow as pa  # noqa: PLC0415  # it takes a while, and one scenario needs it
    import pyarrow.parquet as pq  # noqa: PLC0415  # the same

    written = io.BytesIO()
    pq.write_table(pa.table({"name": list(rows)}), written, row_group_size=2)
    return written.getvalue()


def name_in(text: str) -> str:
    """The name of the row that a request asks about."""
    return text.split()[1]


def settings(  # noqa: PLR0913  # what an installation may differ in
    *,
    slots: int = 8,
    shard_bytes: int = SETTINGS.shard_bytes,
    lot_rows: int = SETTINGS.lot_rows,
    batch_rows: int = SETTINGS.batch_rows,
    answer_bytes: int = SETTINGS.answer_bytes,
    budgets: str = "",
) -> Settings:
    """Settings of an installation that is small where it matters."""
    return Settings(
        google_cloud_project="project",
        input_bucket="input",
        work_bucket="work",
        predictions_bucket="predictions",
        output_bucket="output",
        default_model=SETTINGS.default_model,
        max_running_batches=slots,
        shard_bytes=shard_bytes,
        lot_rows=lot_rows,
        batch_rows=batch_rows,
        answer_bytes=answer_bytes,
        budgets_usd_per_day=parse_budgets(budgets),
    )


def _request(name: str) -> str:
    content = {"role": "user", "parts": [{"text": f"Describe {name} now."}]}
    return json.dumps({"name": name, "request": {"contents": [content]}}) + "\n"


REQUEST_BYTES = len(_request("a0"))


def _line(name: str, *, broken: bool) -> str:
    return f"{{ {name} broken\n" if broken else json.dumps({"name": name}) + "\n"
