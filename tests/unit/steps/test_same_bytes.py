"""One input has one output, byte for byte, however the work is cut and in whatever order and files answers come."""

import io
import json
import random
import re
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.service import SETTINGS, FakeService, Line, answered, echo

PROMPT = """---
model: gemini-3.5-flash-lite
batch.max_invalid: 1
batch.dedupe: true
batch.output: OUTPUT
output:
  schema:
    label: string
    count: integer
---
Describe {{name}}.
"""
NAMES = [
    *(f"P{row}" for row in range(17)),
    'P17, "in\nquotes"',
    "=P18",
    "P0",
    *(f"P{row} é" for row in range(20, 26)),
]
BROKEN = (10, 21)
"""Rows that cannot be read."""
PAGE_ROWS = 2


def as_csv() -> bytes:
    cells = ('"' + name.replace('"', '""') + '"' for name in NAMES)
    rows = [f"{row},{'x,' * (row in BROKEN)}{cell}\n" for row, cell in enumerate(cells)]
    return "".join(["id,name\n", "\n", *rows]).encode()


def as_jsonl() -> bytes:
    records = ({"id": row, "name": name} | ({"more": [row]} if row == 19 else {}) for row, name in enumerate(NAMES))
    lines = (json.dumps(record)[row in BROKEN :] for row, record in enumerate(records))
    return "\r\n \n".join(lines).encode()


def as_native() -> bytes:
    """Rows of three kinds of types, which cannot share a lot."""
    lines = []
    for row, name in enumerate(NAMES):
        call = {"functionCall": {"name": "find", "args": {"at": [row, "x", {"y": 1}][row % 3]}}}
        turns = [
            {"role": "user", "parts": [{"text": "Find"}]},
            {"role": "model", "parts": [call]},
            {"role": "user", "parts": [{"text": name} if row not in BROKEN else {"txt": name}]},
        ]
        lines.append(json.dumps({"id": row, "request": {"contents": turns}}))
    return "\n".join(lines).encode()


def as_parquet() -> bytes:
    written = io.BytesIO()
    names = [b"\xff" if row in BROKEN else name.encode() for row, name in enumerate(NAMES)]
    table = pa.table({"id": range(len(NAMES)), "name": pa.array(names).view(pa.string())})
    pq.write_table(table, written, row_group_size=PAGE_ROWS)
    return written.getvalue()


INPUTS: dict[str, Callable[[], bytes]] = {
    "a.csv": as_csv,
    "a.jsonl": as_jsonl,
    "b.jsonl": as_native,
    "a.parquet": as_parquet,
}


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """How the work is cut, and how the answers come. The input is cut into shards of such a share of its bytes."""

    shard: float = 1.0
    lot_rows: int = SETTINGS.lot_rows
    batch_rows: int = SETTINGS.batch_rows
    answer_bytes: int = SETTINGS.answer_bytes
    files: int = 1
    seed: int = 0


CUTS = st.builds(
    Cut,
    shard=st.floats(0.07, 1),
    lot_rows=st.integers(1, 30),
    batch_rows=st.sampled_from([3, 7, 1_000]),
    answer_bytes=st.sampled_from([1, 500, 2_000, 10_000, SETTINGS.answer_bytes]),
    files=st.integers(1, 5),
    seed=st.integers(0, 99),
)
FINE = Cut(shard=0.1, lot_rows=2, batch_rows=5, answer_bytes=600, files=3)


class Run(msgspec.Struct, frozen=True):
    """What a job gave, and how often the work was cut."""

    files: dict[str, bytes]
    shards: int
    lots: int
    batches: int
    runs: int


def model() -> Callable[[Line], Line | None]:
    """Answers of every kind, by what is asked alone."""
    tried: set[str] = set()

    def answer(line: Line) -> Line | None:
        text = json.dumps(line["request"]["contents"][-1])
        found = re.search(r"P(\d+)", text)
        assert found
        row, first = int(found[1]), text not in tried
        tried.add(text)
        match row % 12:
            case 1:
                return answered(line, "", "SAFETY")
            case 2:
                return line | {"status": "429 later", "response": {}} if first else answered(line, fitting(row))
            case 3:
                return None if first else answered(line, fitting(row))
            case 4:
                return answered(line, '{"label": 1}')
            case 5:
                return line | {"status": "Bad Request: 400", "response": {}}
            case 7:
                return answered(line, fitting(row)) | {"custom_id": 7}
            case 8:
                return echo(line)
            case _:
                return answered(line, fitting(row))

    return answer


def fitting(row: int) -> str:
    return json.dumps({"label": f"é{row}" * (row % 5), "count": row}, ensure_ascii=False)


def spreading(cut: Cut) -> Callable[[list[Line]], list[list[Line]]]:
    """Put answers in any order into files, one in five of them twice."""
    chance = random.Random(cut.seed)

    def spread(answers: list[Line]) -> list[list[Line]]:
        twice = [line | {"processed_time": "2026-11-01T13:00:00Z"} for line in answers[::5]]
        shuffled = chance.sample([*answers, *twice], len(answers) + len(twice))
        return [shuffled[number :: cut.files] for number in range(cut.files)]

    return spread


def run(name: str, output: str, cut: Cut) -> Run:
    data = INPUTS[name]()
    limits = msgspec.structs.replace(
        SETTINGS,
        shard_bytes=1 + int(len(data) * cut.shard),
        lot_rows=cut.lot_rows,
        batch_rows=cut.batch_rows,
        answer_bytes=cut.answer_bytes,
    )
    service = FakeService(limits, model())
    service.spread = spreading(cut)
    service.drop("default.prompt", PROMPT.replace("OUTPUT", output))
    info = service.drop(name, data)
    service.run()
    service.run_on(timedelta(minutes=30), ticks=4)
    counts = service.manifest(name)["counts"]
    assert counts["rows"] == counts["results"] + counts["errors"] == len(NAMES)
    shards = service.shards(info)
    return Run(
        files_of(service, name),
        shards=len(shards),
        lots=sum(len(shard.lots) for shard in shards),
        batches=service.submissions(),
        runs=sum("/run-" in path for path in service.objects.names("work")),
    )


def files_of(service: FakeService, name: str) -> dict[str, bytes]:
    """Files by their names, without the keys that errors tell: those name shards."""
    folder = service.manifest(name)["input"]["generation"]
    stems = (file["name"] for file in service.manifest(name)["files"])
    found = {stem.split(f"/{folder}/")[1]: service.output(stem) for stem in stems}
    return found | {"errors.jsonl": re.sub(rb'"key":"[^"]*",', b"", found["errors.jsonl"])}


def as_tables(files: dict[str, bytes]) -> dict[str, bytes | pa.Table]:
    """The same with folders of Parquet files, of which there is one a shard, as one table each."""
    read = {name: pq.read_table(pa.BufferReader(data)) for name, data in files.items() if name.endswith(".parquet")}
    folders: dict[str, list[pa.Table]] = {}
    for name in sorted(read):
        folders.setdefault(name.split("/")[0], []).append(read[name])
    whole = {folder: pa.concat_tables(tables).combine_chunks() for folder, tables in folders.items()}
    return {name: data for name, data in files.items() if name not in read} | whole


@pytest.mark.parametrize("output", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("name", INPUTS)
def test_the_output_is_the_same_bytes_however_the_work_is_cut(name: str, output: str) -> None:
    plain = run(name, output, Cut())
    assert (plain.shards, plain.runs) == (1, 0)
    expected = as_tables(plain.files)

    @settings(max_examples=15, deadline=None)
    @given(CUTS)
    def check(cut: Cut) -> None:
        assert as_tables(run(name, output, cut).files) == expected

    check()


@pytest.mark.parametrize("name", INPUTS)
def test_parquet_files_are_the_same_bytes_however_answers_come(name: str) -> None:
    expected = run(name, "parquet", Cut(shard=0.3)).files

    @settings(max_examples=10, deadline=None)
    @given(CUTS)
    def check(cut: Cut) -> None:
        assert run(name, "parquet", msgspec.structs.replace(cut, shard=0.3)).files == expected

    check()


@pytest.mark.parametrize("name", INPUTS)
def test_the_work_is_cut_as_told(name: str) -> None:
    fine = run(name, "jsonl", FINE)
    assert fine.shards > 5
    assert fine.lots > fine.shards
    assert fine.batches > 3
    assert fine.runs > 5
