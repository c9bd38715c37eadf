"""What must be true when a run has come to rest: every row once, its own answer, and nothing that should not be."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from batchdrop.domain.ids import JobId, name_id
from batchdrop.domain.states import JobState
from tests.simulation.outputs import MANIFEST, stem_of
from tests.simulation.world import World

_WHOLE = frozenset({JobState.SUCCEEDED, JobState.PARTIAL, JobState.FAILED})
Record = dict[str, Any]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What must become of an input: one of `states`; `rows` are the names in it, in order.

    `errors` are the rows that must end as errors if the job ends whole, all others being answered; None where that is
    open. `invalid` rows are errors even of a rejected job. `unasked` rows were to follow a canary that failed.
    `asks` is what rows ask about that do not ask about their own name. Answers to `unfit` rows may be paid for and be
    no results.
    """

    name: str
    rows: tuple[str, ...]
    states: frozenset[JobState] = frozenset({JobState.SUCCEEDED})
    errors: frozenset[str] | None = frozenset()
    invalid: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    asks: dict[str, str] = {}
    unfit: frozenset[str] = frozenset()


def problems(world: World, expected: Expected) -> Iterator[str]:
    """What is wrong with the output of one input."""
    found = world.objects.stat(world.settings.output_bucket, expected.name + MANIFEST)
    if found is None:
        if not _is_unheard_of(world, expected):
            yield f"{expected.name} has no manifest"
        return
    manifest: Record = json.loads(world.objects.content(world.settings.output_bucket, found.name))
    state = JobState(manifest["state"])
    if state not in expected.states:
        yield f"{expected.name} is {state} ({manifest['reason']}), not {' or '.join(sorted(expected.states))}"
    yield from _newest(world, expected, manifest)
    yield from _counts(expected, manifest)
    yield from _rows(expected, state, _Files(world, manifest))
    yield from _paid(expected, state, manifest, world.ledger.money.rows_paid(JobId(manifest["job"])))


def strangers(world: World) -> Iterator[str]:
    """Objects of `output` that no manifest names, and outputs of cancelled jobs."""
    bucket = world.settings.output_bucket
    for job in world.ledger.mirror.jobs.values():
        folder = f"{job.input.name}/{job.input.generation}/"
        left = [name for name in world.objects.names(bucket) if name.startswith(folder)]
        if job.state is JobState.CANCELLED and left:
            yield f"{job.input.name}, generation {job.input.generation}, was cancelled, but left {left[0]}"
    if world.vertex.running():
        yield f"{world.vertex.running()[0]} still runs"


class _Files:
    """The files that a manifest names, read."""

    def __init__(self, world: World, manifest: Record) -> None:
        self.wrong: list[str] = []
        self._records: defaultdict[str, list[Record]] = defaultdict(list)
        for file in manifest["files"]:
            records = _read(file["name"], world.objects.content(world.settings.output_bucket, file["name"]))
            if file.get("rows") is not None and len(records) != file["rows"]:
                self.wrong.append(f"{file['name']} has {len(records)} rows, not {file['rows']}")
            self._records[stem_of(file["name"])] += records

    def records(self, stem: str) -> list[Record]:
        return self._records[stem]


def _read(name: str, data: bytes) -> list[Record]:
    match name.rsplit(".", 1)[-1]:
        case "csv":
            return list(csv.DictReader(io.StringIO(data.decode(), newline="")))
        case "jsonl" if stem_of(name) == "failed":
            return [{} for _ in data.splitlines()]  # as they came: some are no JSON
        case "jsonl":
            return [json.loads(line) for line in data.splitlines()]
        case "parquet":
            import pyarrow.parquet as pq  # noqa: PLC0415  # it takes a while, and one scenario needs it

            records: list[Record] = pq.read_table(io.BytesIO(data)).to_pylist()
            return records
        case _:
            return []


def _is_unheard_of(world: World, expected: Expected) -> bool:
    """Tell whether an input was gone again before anything told of it."""
    gone = world.objects.stat(world.settings.input_bucket, expected.name) is None
    return gone and all(job.input.name != expected.name for job in world.ledger.mirror.jobs.values())


def _newest(world: World, expected: Expected, manifest: Record) -> Iterator[str]:
    path = f"names/{name_id(world.settings.input_bucket, expected.name)}"
    newest = world.ledger.mirror.names[path].job
    if manifest["job"] != newest:
        yield f"the manifest of {expected.name} is of job {manifest['job']}, but {newest} is the newest"


def _counts(expected: Expected, manifest: Record) -> Iterator[str]:
    counts = manifest["counts"]
    summed = counts["results"] + counts["errors"] + counts["not_asked"]
    if counts["rows"] != summed:
        yield f"{expected.name} counts {counts['rows']} rows, but {summed} results, errors and not asked"
    wanted = (len(expected.rows), len(expected.unasked))
    if JobState(manifest["state"]) in _WHOLE and (counts["rows"], counts["not_asked"]) != wanted:
        yield f"{expected.name} has {wanted[0]} rows, {wanted[1]} not to be asked, but its manifest says {counts}"


def _paid(expected: Expected, state: JobState, manifest: Record, paid: int) -> Iterator[str]:
    """However a job ends, what was answered is in its results, unless it was cancelled."""
    results = manifest["counts"]["results"]
    if state in _WHOLE and results < paid - len(expected.unfit):
        yield f"{paid} rows of {expected.name} were paid for, but it has {results} results"


def _rows(expected: Expected, state: JobState, files: _Files) -> Iterator[str]:
    yield from files.wrong
    results = [record["name"] for record in files.records("results")]
    errors = [_failed(record) for record in files.records("errors")]
    yield from _order(expected, "results", results)
    yield from _order(expected, "errors", errors)
    for record in files.records("results"):
        if f" {expected.asks.get(record['name'], record['name'])} " not in _answer(record):
            yield f"row {record['name']} of {expected.name} has the answer {_answer(record)!r}"
    if both := set(results) & set(errors):
        yield f"{expected.name} has {min(both)} in results and in errors"
    if state in _WHOLE:
        yield from _whole(expected, set(results), set(errors))
    elif state is JobState.REJECTED and set(errors) != expected.invalid:
        yield f"{expected.name} was rejected with the errors {sorted(errors)}, not {sorted(expected.invalid)}"


def _whole(expected: Expected, results: set[str], errors: set[str]) -> Iterator[str]:
    lost = set(expected.rows) - results - errors - expected.unasked
    if asked := (results | errors) & expected.unasked:
        yield f"{expected.name} was to stop before {min(asked)}, which has an end"
    if lost:
        yield f"{expected.name} lost {len(lost)} rows, {min(lost)} among them"
    if expected.errors is not None and errors != expected.errors | expected.invalid:
        wrong = errors ^ (expected.errors | expected.invalid)
        yield f"{expected.name} has the errors {sorted(errors)}; wrong are {sorted(wrong)}"


def _order(expected: Expected, what: str, names: list[str]) -> Iterator[str]:
    places = {name: place for place, name in enumerate(expected.rows)}
    unknown = [name for name in names if name not in places]
    if unknown:
        yield f"{what} of {expected.name} have the row {unknown[0]}, which its input has not"
        return
    order = [places[name] for name in names]
    if order != sorted(set(order)):
        yield f"{what} of {expected.name} are out of order, or twice: {names}"


def _answer(record: Record) -> str:
    if "response" in record:
        return str(record["response"]["candidates"][0]["content"]["parts"][0]["text"])
    return str(record["output"])


def _failed(error: Record) -> str:
    record = error["record"]
    if isinstance(record, dict):
        return str(record["name"])
    return str(record).split()[1]
