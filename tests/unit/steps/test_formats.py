"""The whole service in memory: every format gives the same answers, however it is packed and cut."""

import gzip
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdrop.domain import limits
from batchdrop.domain.job import Compression
from batchdrop.domain.reasons import Code
from batchdrop.domain.shard import ByteSlice, RowGroups, StoredSlice
from batchdrop.domain.states import JobState
from tests.fakes.service import SETTINGS, FakeService
from tests.unit.steps.packed import (
    PACK,
    PROMPT,
    RECORDS,
    Records,
    as_csv,
    as_jsonl,
    as_native,
    as_parquet,
    lines_of,
    results,
    service_of,
)


@pytest.mark.parametrize("packed", list(PACK))
@pytest.mark.parametrize(
    ("name", "write"),
    [("a.csv", as_csv), ("a.jsonl", as_jsonl), ("a.ndjson", as_native)],
    ids=["csv", "jsonl", "native"],
)
def test_text_gives_the_same_bytes_whatever_the_shards_and_however_it_is_packed(
    name: str, write: Callable[[Records], bytes], packed: str
) -> None:
    data = write(RECORDS)
    expected = results(name, data)
    assert len(expected.splitlines()) == len(RECORDS)
    for shard_bytes in (SETTINGS.shard_bytes, 2_000, 61):
        assert results(name + packed, PACK[packed](data), shard_bytes) == expected


@pytest.mark.parametrize("packed", list(PACK))
def test_parquet_gives_the_same_bytes_whatever_the_shards_and_however_it_is_packed(packed: str) -> None:
    expected = results("a.parquet", as_parquet(RECORDS))
    assert lines_of(expected) == lines_of(results("a.jsonl", as_jsonl(RECORDS)))
    for shard_bytes, rows in ((2_000, 7), (1, 7), (1, 1), (1, 1000)):
        assert results(f"a.parquet{packed}", PACK[packed](as_parquet(RECORDS, rows)), shard_bytes) == expected


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=15, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=12), st.integers(1, 120), st.sampled_from(list(PACK)), st.integers(1, 5))
def test_any_records_give_the_same_answers_in_every_format(
    names: list[str], shard_bytes: int, packed: str, rows: int
) -> None:
    records = [(f"r{number}", name) for number, name in enumerate(names)]
    expected = lines_of(results("a.jsonl", as_jsonl(records)))
    assert lines_of(results(f"a.jsonl{packed}", PACK[packed](as_jsonl(records)), shard_bytes)) == expected
    assert lines_of(results(f"a.csv{packed}", PACK[packed](as_csv(records)), shard_bytes)) == expected
    assert lines_of(results(f"a.parquet{packed}", PACK[packed](as_parquet(records, rows)), shard_bytes)) == expected


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.csv", as_csv(RECORDS), ByteSlice),
        ("a.csv.gz", gzip.compress(as_csv(RECORDS)), StoredSlice),
        ("a.csv", gzip.compress(as_csv(RECORDS)), StoredSlice),
        ("a.jsonl.zst", as_jsonl(RECORDS), ByteSlice),
        ("a.parquet", as_parquet(RECORDS, 1), RowGroups),
        ("a.parquet.zst", zstandard.compress(as_parquet(RECORDS, 1)), RowGroups),
    ],
)
def test_plans_of_several_waves_make_every_slice_once(name: str, data: bytes, kind: type) -> None:
    service = service_of(40)
    info = service.drop(name, data)
    most = 0
    while service._deliver_object() or service._deliver_turn():
        most = max(most, sum(turn.startswith("turns/stage/") for turn in service.turns()))
    service.run()
    shards = service.shards(info)
    assert {type(shard.slice) for shard in shards} == {kind}
    assert len(shards) > 64
    assert most <= 64
    assert service.job(info).cursor.waves == -(-len(shards) // 64)
    assert sum(shard.rows for shard in shards) == len(RECORDS)
    assert service.manifest(name)["counts"]["results"] == len(RECORDS)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", as_csv(RECORDS)),
        ("a.jsonl", as_jsonl(RECORDS)),
        ("a.parquet", as_parquet(RECORDS)),
        ("a.csv.gz", gzip.compress(as_csv(RECORDS))),
    ],
)
def test_slices_are_staged_in_any_order_and_each_twice(name: str, data: bytes) -> None:
    expected = results(name, data)
    service = service_of(500)
    info = service.drop(name, data)
    late: list[str] = []
    while service.deliver_but(lambda path: path.startswith("turns/stage/"), late):
        pass
    assert len(late) == len(service.shards(info)) > 5
    for path in (*late[::-1], *late):
        service.deliver_turn(path)
    service.run()
    assert service.file(name, "results") == expected


def test_a_compressed_text_is_unpacked_in_one_pass_and_read_from_its_slices() -> None:
    service = service_of(500)
    reads: list[str] = []
    service.objects.before_call = lambda method, name: (
        reads.append(name) if method == "read" and name == "a.csv.gz" else None
    )
    info = service.drop("a.csv.gz", gzip.compress(as_csv(RECORDS)))
    service.run()
    assert len(service.shards(info)) > 5
    assert len(reads) == len(("its head", "all of it"))


def test_large_results_are_composed_in_storage_without_passing_through() -> None:
    service = service_of(60, PROMPT.replace("jsonl", "csv"))
    composed: list[str] = []
    moved: dict[str, list[str]] = {"read": [], "write": []}

    def watch(method: str, name: str) -> None:
        if method == "compose" and name.endswith("/results.csv"):
            composed.append(name)
        if composed and method in moved:
            moved[method].append(name)

    service.objects.before_call = watch
    info = service.drop("a.csv", as_csv(RECORDS))
    service.run()
    assert len(service.shards(info)) > limits.COMPOSE_SOURCES
    assert service.manifest("a.csv")["counts"]["results"] == len(RECORDS)
    assert len(composed) == 1
    assert moved["read"] == ["default.prompt"]
    assert moved["write"] == [f"a.csv/{info.generation}/job.prompt"]


def test_a_compressed_file_has_the_prompt_of_the_file_inside() -> None:
    service = FakeService()
    service.drop("shop/default.prompt", PROMPT.replace("Describe", "Forget"))
    service.drop("shop/a.prompt", PROMPT)
    service.drop("shop/a.csv.gz", gzip.compress(b"name\nChair\n"))
    service.run()
    (line,) = service.lines("shop/a.csv.gz", "results.jsonl")
    assert line == {"name": "Chair", "output": "about Describe Chair in one line."} | {
        key: line[key] for key in ("finish_reason", "prompt_tokens", "output_tokens")
    }


def test_what_is_stored_with_an_encoding_is_read_as_it_is_stored() -> None:
    service = service_of(SETTINGS.shard_bytes)
    info = service.objects.put("input", "a.csv", gzip.compress(as_csv(RECORDS)), content_encoding="gzip")
    service.run()
    layout = service.job(info).layout
    assert layout is not None
    assert layout.compression is Compression.GZIP
    assert service.manifest("a.csv")["counts"]["results"] == len(RECORDS)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.csv.gz", gzip.compress(as_csv(RECORDS))[:-9], Code.INPUT_DAMAGED),
        ("a.jsonl.zst", zstandard.compress(as_jsonl(RECORDS))[:-9], Code.INPUT_DAMAGED),
        ("a.csv.gz", gzip.compress(as_csv(RECORDS)) + b"junk", Code.INPUT_DAMAGED),
        ("a.csv.gz", gzip.compress(gzip.compress(as_csv(RECORDS))), Code.INPUT_TYPE),
        ("a.csv.gz", gzip.compress(b""), Code.INPUT_EMPTY),
        ("a.csv.gz", gzip.compress(b"id,name\n"), Code.INPUT_EMPTY),
        ("a.parquet", as_parquet(RECORDS)[:-9], Code.INPUT_DAMAGED),
        ("a.parquet", b"id,name\n1,Chair\n", Code.INPUT_TYPE),
        ("a.parquet.gz", gzip.compress(as_parquet(RECORDS))[:-9], Code.INPUT_DAMAGED),
        ("a.parquet.gz", gzip.compress(gzip.compress(as_parquet(RECORDS))), Code.INPUT_TYPE),
        ("a.parquet.gz", gzip.compress(as_csv(RECORDS)), Code.INPUT_TYPE),
        ("a.gz", gzip.compress(as_csv(RECORDS)), Code.INPUT_TYPE),
        ("a.jsonl", as_jsonl(RECORDS).decode().encode("utf-16"), Code.INPUT_TYPE),
        ("a.jsonl.zst", zstandard.compress(as_jsonl(RECORDS).decode().encode("utf-16-le")), Code.INPUT_TYPE),
        ("a.csv.gz", gzip.compress(as_csv(RECORDS).decode().encode("utf-16")), Code.INPUT_TYPE),
        ("a.csv", as_csv(RECORDS).replace(b"name", b"n\xe4me"), Code.INPUT_HEADER),
        ("a.csv", as_csv(RECORDS).replace(b"\n", b"\r"), Code.INPUT_HEADER),
    ],
)
def test_a_file_that_cannot_be_read_is_rejected_and_costs_nothing(name: str, data: bytes, code: Code) -> None:
    service = service_of(1_000)
    info = service.drop(name, data)
    service.run()
    job = service.job(info)
    assert job.state is JobState.REJECTED
    assert job.reason is not None
    assert job.reason.code is code
    assert job.reason.hint
    assert service.submissions() == 0
    assert not service.objects.names("work")


@pytest.mark.parametrize("packed", list(PACK))
@pytest.mark.parametrize("shard_bytes", [SETTINGS.shard_bytes, 300])
def test_errors_name_the_line_of_the_unpacked_file(packed: str, shard_bytes: int) -> None:
    lines = as_csv(RECORDS).decode().splitlines(keepends=True)
    broken = [number for number in range(5, len(lines), 40) if lines[number - 1].endswith('"\n')]
    data = "".join(line + ("too,many,fields\n" if number in broken else "") for number, line in enumerate(lines, 1))
    service = service_of(shard_bytes)
    service.drop(f"a.csv{packed}", PACK[packed](data.encode()))
    service.run()
    found = [error["line"] for error in service.lines(f"a.csv{packed}", "errors.jsonl")]
    assert found == [number + 1 + place for place, number in enumerate(broken)]


def test_errors_of_parquet_name_the_record_by_its_number() -> None:
    table = pa.table({"name": pa.array([b"one", b"two", b"\xff", b"four"] * 3).view(pa.string())})
    written = io.BytesIO()
    pq.write_table(table, written, row_group_size=2)
    service = service_of(1, PROMPT.replace("batch.output", "batch.max_invalid: 1\nbatch.output"))
    service.drop("a.parquet", written.getvalue())
    service.run()
    errors = service.lines("a.parquet", "errors.jsonl")
    assert [(error["line"], error["row"], error["path"]) for error in errors] == [
        (3, 3, "name"),
        (7, 7, "name"),
        (11, 11, "name"),
    ]
    assert service.manifest("a.parquet")["counts"]["results"] == 9


def test_a_header_that_only_the_prompt_can_read_waits_for_it() -> None:
    data = b"a^id^name^id\n1^2^Chair^3\n".replace(b"^id\n", b"^b\n").replace(b"a^", b",^")
    outcomes: list[Any] = []
    prompt = PROMPT.replace("batch.output", 'batch.csv_delimiter: "^"\nbatch.output')
    for prompt_first in (True, False):
        service = FakeService()
        if prompt_first:
            service.drop("default.prompt", prompt)
        info = service.drop("a.csv", data)
        service.run()
        if not prompt_first:
            assert service.job(info).state is JobState.WAITING
            service.drop("default.prompt", prompt)
            service.run()
        outcomes.append(service.file("a.csv", "results"))
    assert outcomes[0] == outcomes[1] != b""


@pytest.mark.parametrize("prompt_first", [True, False])
def test_a_header_that_nobody_can_read_is_rejected_when_the_prompt_is_there(prompt_first: bool) -> None:  # noqa: FBT001
    service = FakeService()
    if prompt_first:
        service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", b"id,id\n1,2\n")
    service.run()
    if not prompt_first:
        service.drop("default.prompt", PROMPT)
        service.run()
    job = service.job(info)
    assert job.state is JobState.REJECTED
    assert job.reason is not None
    assert job.reason.code is Code.INPUT_HEADER


def test_who_drops_no_such_file_does_not_wait_for_its_library() -> None:
    code = "import sys, main; print([name for name in ('pyarrow', 'zstandard') if name in sys.modules])"
    functions = Path(__file__).parents[3] / "functions"
    run = subprocess.run([sys.executable, "-c", code], cwd=functions, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
