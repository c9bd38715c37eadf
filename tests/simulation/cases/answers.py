"""Answers that are asked for again, changed or not, and answers that are hard to bring home."""

from batchdrop.domain.states import JobState
from tests.simulation.checks import Expected
from tests.simulation.inputs import as_csv, as_jsonl, as_requests, name_in, names, settings
from tests.simulation.scenario import PROMPT_DROP, Scenario, drop
from tests.simulation.vertex import BUSY, Manner
from tests.simulation.world import Operation, World

_S = JobState
_CUT_PROMPT = """---
model: gemini-3.5-flash-lite
config: {maxOutputTokens: 10}
batch.max_attempts: 3
---
Describe {{name}} now.
"""
_SCHEMA_PROMPT = """---
model: gemini-3.5-flash-lite
output: {schema: {output: string}}
batch.max_attempts: 4
---
Describe {{name}} now.
"""


def _all_but(rows: tuple[str, ...], row: str) -> Expected:
    """One row is answered and paid for as often as may be, and never well."""
    unfit = frozenset({row})
    return Expected(name="a.jsonl", rows=rows, states=frozenset({_S.PARTIAL}), errors=unfit, unfit=unfit)


def _cut() -> Scenario:
    rows = names("a", 6)
    tokens = {"a1": 30, "a2": 100, "a4": 1000}
    return Scenario(
        name="cut-answers",
        operations=(drop("default.prompt", _CUT_PROMPT, 0), drop("a.jsonl", as_jsonl(rows))),
        settings=settings(lot_rows=4),
        manner=Manner(
            needs=lambda text: tokens.get(name_in(text), 1),
            status=lambda text, nth: BUSY if (name_in(text), nth) in {("a1", 1), ("a3", 1)} else "",
        ),
        vertex_bears=0,
        expected=(_all_but(rows, "a4"),),
    )


def _misfits() -> Scenario:
    rows = names("a", 5)
    fit = {"a1": 2, "a3": 3}

    def says(text: str, nth: int) -> str:
        return f'{{"output": "about {text}"}}' if nth >= fit.get(name_in(text), 1) else "No."

    return Scenario(
        name="misfits",
        operations=(drop("default.prompt", _SCHEMA_PROMPT, 0), drop("a.jsonl", as_jsonl(rows))),
        manner=Manner(says=says),
        vertex_bears=0,
        expected=(_all_but(rows, "a3"),),
    )


def _many_answers() -> Scenario:
    rows = names("a", 12)
    return Scenario(
        name="more-answers-than-memory",
        operations=(drop("a.jsonl", as_requests(rows)),),
        settings=settings(answer_bytes=1200),
        expected=(Expected(name="a.jsonl", rows=rows),),
    )


def _work_lost() -> Scenario:
    rows = names("a", 5)

    def lose(world: World) -> None:
        bucket = world.settings.work_bucket
        world.objects.delete(bucket, [name for name in world.objects.names(bucket) if name.startswith("batches/")])

    return Scenario(
        name="request-file-lost",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows)), Operation(60, lose)),
        manner=Manner(swapped=("Describe a1 now.", "Describe a3 now.")),
        vertex_bears=0,
        expected=(
            Expected(
                name="a.csv",
                rows=rows,
                states=frozenset({_S.PARTIAL, _S.SUCCEEDED}),
                errors=None,
                unfit=frozenset({"a1", "a3"}),
            ),
        ),
    )


def _requests_lost() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 3) for letter in "abc"}

    def lose(world: World) -> None:
        bucket, jobs = world.settings.work_bucket, world.ledger.mirror.jobs.values()
        folders = tuple(f"jobs/{job.id}/" for job in jobs if job.input.name == "b.jsonl")
        lots = [name for name in world.objects.names(bucket) if name.startswith(folders) and "requests" in name]
        world.objects.delete(bucket, lots)

    return Scenario(
        name="requests-lost",
        operations=(
            drop("a.jsonl", as_requests(files["a.jsonl"])),
            drop("b.jsonl", as_requests(files["b.jsonl"]), 30),
            drop("c.jsonl", as_requests(files["c.jsonl"]), 30),
            Operation(60, lose),
        ),
        settings=settings(slots=1),
        most_ticks=900,
        share=0.5,
        expected=(
            Expected(name="a.jsonl", rows=files["a.jsonl"]),
            Expected(
                name="b.jsonl",
                rows=files["b.jsonl"],
                states=frozenset({_S.FAILED, _S.SUCCEEDED}),
                errors=None,
            ),
            Expected(name="c.jsonl", rows=files["c.jsonl"]),
        ),
    )


CASES = (_cut(), _misfits(), _many_answers(), _work_lost(), _requests_lost())
