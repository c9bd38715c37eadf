"""The whole service in memory: every format gives the same answers, however it is packed, cut and delivered."""

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdrop.domain.job import Compression
from batchdrop.domain.reasons import Code
from batchdrop.domain.shard import ByteSlice, RowGroups, StoredSlice
from batchdrop.domain.states import JobState
from batchdrop.steps.run import run_turn
from tests.fakes.service import SETTINGS, FakeService

PROMPT = "---\nmodel: gemini-3.5-flash-lite\nbatch.output: jsonl\n---\nDescribe {{name}} in one line.\n"
RECORDS = [
    (str(number), f'Chair "{number}", with\narms' if number % 4 == 0 else f"Table {number}") for number in range(150)
]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
}

Records = list[tuple[str, str]]


def as_csv(records: Records) -> bytes:
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in record) for record in records)
    return ("id,name\n" + "".join(f"{line}\n" for line in quoted)).encode()


def as_jsonl(records: Records) -> bytes:
    return "".join(json.dumps({"id": key, "name": name}) + "\n" for key, name in records).encode()


def as_native(records: Records) -> bytes:
    requests = ({"contents": [{"role": "user", "parts": [{"text": name}]}]} for _, name in records)
    return "".join(
        json.dumps({"id": key, "request": request}) + "\n" for (key, _), request in zip(records, requests, strict=True)
    ).encode()


def as_parquet(records: Records, rows: int = 7) -> bytes:
    written = io.BytesIO()
    table = pa.table({"id": [key for key, _ in records], "name": [name for _, name in records]})
    pq.write_table(table, written, row_group_size=rows)
    return written.getvalue()


def service_of(shard_bytes: int, prompt: str = PROMPT) -> FakeService:
    service = FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=shard_bytes))
    service.drop("default.prompt", prompt)
    return service


def results(name: str, data: bytes, shard_bytes: int = SETTINGS.shard_bytes) -> bytes:
    """The result file, all rows of which were answered."""
    service = service_of(shard_bytes)
    service.drop(name, data)
    service.run()
    counts = service.manifest(name)["counts"]
    assert counts["rows"] == counts["results"]
    return service.file(name, "results")


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


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


def test_parquet_gives_the_same_bytes_whatever_the_shards() -> None:
    expected = results("a.parquet", as_parquet(RECORDS))
    assert lines_of(expected) == lines_of(results("a.jsonl", as_jsonl(RECORDS)))
    for shard_bytes, rows in ((2_000, 7), (1, 7), (1, 1), (1, 1000)):
        assert results("a.parquet", as_parquet(RECORDS, rows), shard_bytes) == expected


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=25, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=12), st.integers(1, 120), st.sampled_from(list(PACK)), st.integers(1, 5))
def test_any_records_give_the_same_answers_in_every_format(
    names: list[str], shard_bytes: int, packed: str, rows: int
) -> None:
    records = [(f"r{number}", name) for number, name in enumerate(names)]
    expected = lines_of(results("a.jsonl", as_jsonl(records)))
    assert lines_of(results(f"a.jsonl{packed}", PACK[packed](as_jsonl(records)), shard_bytes)) == expected
    assert lines_of(results(f"a.csv{packed}", PACK[packed](as_csv(records)), shard_bytes)) == expected
    assert lines_of(results("a.parquet", as_parquet(records, rows), shard_bytes)) == expected


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.csv", as_csv(RECORDS), ByteSlice),
        ("a.csv.gz", gzip.compress(as_csv(RECORDS)), StoredSlice),
        ("a.csv", gzip.compress(as_csv(RECORDS)), StoredSlice),
        ("a.jsonl.zst", as_jsonl(RECORDS), ByteSlice),
        ("a.parquet", as_parquet(RECORDS, 1), RowGroups),
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


def test_unpacking_that_takes_longer_than_a_run_goes_on_in_the_next() -> None:
    expected = results("a.csv", as_csv(RECORDS))
    service = service_of(500)
    slow = timedelta(seconds=150)
    service.objects.before_call = lambda method, name: (
        service.clock.advance(slow) if method == "write" and "/plain/" in name else None
    )
    info = service.drop("a.csv.gz", gzip.compress(as_csv(RECORDS)))
    service.run()
    unpacked = service.job(info).cursor.unpacked
    assert unpacked is not None
    assert len(unpacked.lists) > 2
    assert unpacked.slices == len(service.shards(info))
    assert service.file("a.csv.gz", "results") == expected


@pytest.mark.parametrize("moment", range(1, 8))
def test_a_plan_that_is_delivered_again_amid_unpacking_loses_and_doubles_nothing(moment: int) -> None:
    service = service_of(400)
    info = service.drop("a.csv.gz", gzip.compress(as_csv(RECORDS)))
    calls = 0

    def again(method: str, name: str) -> None:
        nonlocal calls
        if method == "write" and "/plain/" in name:
            calls += 1
            if calls == moment:
                (turn,) = [path for path in service.turns() if "/plan-" in path]
                run_turn(service.context, turn)

    service.objects.before_call = again
    service.run()
    assert calls > moment
    folders = {
        shard.slice.name.rsplit("/", 1)[0] for shard in service.shards(info) if isinstance(shard.slice, StoredSlice)
    }
    assert len(folders) == 1
    assert service.file("a.csv.gz", "results") == results("a.csv", as_csv(RECORDS))


class Crash(Exception):
    """A run that dies."""


@pytest.mark.parametrize("moment", range(1, 8))
def test_a_run_that_dies_amid_unpacking_is_made_good(moment: int) -> None:
    service = service_of(400)
    calls = 0

    def die(method: str, name: str) -> None:
        nonlocal calls
        if method == "write" and "/plain/" in name:
            calls += 1
            if calls == moment:
                raise Crash

    service.objects.before_call = die
    service.drop("a.jsonl.zst", zstandard.compress(as_jsonl(RECORDS)))
    with pytest.raises(Crash):
        service.run()
    service.run_on(timedelta(minutes=20), ticks=2)
    assert service.file("a.jsonl.zst", "results") == results("a.jsonl", as_jsonl(RECORDS))


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
        ("a.parquet.gz", gzip.compress(as_parquet(RECORDS)), Code.INPUT_TYPE),
        ("a.gz", gzip.compress(as_csv(RECORDS)), Code.INPUT_TYPE),
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
