"""Compressed inputs: unpacked once, whatever interrupts it."""

import gzip
from datetime import timedelta
from random import Random

import pytest
import zstandard

from batchdrop.domain.shard import StoredSlice
from batchdrop.steps.run import run_turn
from tests.fakes.service import FakeService
from tests.unit.steps.packed import PROMPT, RECORDS, as_csv, as_jsonl, as_parquet, results, service_of


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


def test_a_parquet_file_whose_unpacking_takes_longer_than_a_run_is_unpacked_on_in_the_next() -> None:
    random = Random(0)
    records = [(str(row), random.randbytes(5_000).hex()) for row in range(400)]
    service = service_of(200_000)
    slow = timedelta(seconds=220)
    service.objects.before_call = lambda method, name: (
        service.clock.advance(slow) if method == "read" and name == "a.parquet.zst" else None
    )
    info = service.drop("a.parquet.zst", zstandard.compress(as_parquet(records, 50)))
    service.run()
    plain = service.job(info).cursor.plain
    assert plain is not None
    assert len(plain.parts) > 2
    assert service.manifest("a.parquet.zst")["counts"]["results"] == len(records)


def test_a_compressed_parquet_file_is_unpacked_once_though_its_prompt_comes_later() -> None:
    service = FakeService()
    written: list[str] = []
    service.objects.before_call = lambda method, name: (
        written.append(name) if method == "write" and "/plain/" in name else None
    )
    service.drop("a.parquet.gz", gzip.compress(as_parquet(RECORDS)))
    service.run()
    service.drop("default.prompt", PROMPT)
    service.run()
    assert len(written) == 1
    assert service.manifest("a.parquet.gz")["counts"]["results"] == len(RECORDS)
