from pathlib import Path

import pytest

from tests.bench.cases import CASES, Case, Measured
from tests.bench.data import data_file
from tests.bench.meter import Spent
from tests.bench.ours import _state, measure, prepare
from tests.bench.report import entry, table
from tests.bench.runner import Result
from tests.bench.service import BenchService
from tests.bench.sizes import parse_size, rows_of

MB = 1_000_000


def by_name(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def run(rows: int, seconds: float, peak_mb: int = 1) -> Measured:
    return Measured(rows=rows, bytes=rows * 100, spent=Spent(wall=seconds, cpu=seconds, peak=peak_mb * MB, runs=1))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_measures_its_step_on_the_real_service(case: Case, tmp_path: Path) -> None:
    data = data_file(tmp_path / "data", case.data, 40)
    for folder in ("full", "warm"):
        prepare(case, data, tmp_path / folder)
    measured = measure(case, tmp_path / "full", tmp_path / "warm", 40)
    assert (measured.rows, measured.spent.runs > 0, measured.spent.wall > 0) == (40, True, True)


def test_another_process_finds_what_was_prepared(tmp_path: Path) -> None:
    case = by_name("collect, no schema")
    prepare(case, data_file(tmp_path / "data", case.data, 40), tmp_path / "full")
    service = BenchService(tmp_path / "look", case.answers, "look", _state(tmp_path / "full"))
    assert sum(shard.rows for shard in service.shards()) == 40


def test_a_ratio_is_the_median_of_rounds_not_of_times() -> None:
    ours = [run(100, 1.0), run(100, 10.0), run(100, 2.0)]
    theirs = [run(100, 0.5), run(100, 5.0), run(100, 0.5)]
    result = Result(
        case="stage native",
        size="100",
        rows=100,
        ours=ours,
        rivals={"decode and write": theirs, "google-genai": theirs},
    )
    assert [ratio.wall for ratio in entry(result).ratios] == [0.5, 0.5]


def test_what_must_hold_and_does_not_is_named() -> None:
    rivals = {"decode and write": [run(100, 0.5)], "google-genai": [run(100, 5.0)]}
    found = entry(Result(case="stage native", size="100", rows=100, ours=[run(100, 1.0, 200)], rivals=rivals))
    assert found.verdict == "FAILS: 5.00 < 10 x google-genai, 200 > 150 MB"


def test_what_is_not_measured_does_not_hold_and_stands_in_the_table() -> None:
    found = entry(Result(case="stage Parquet", size="100", rows=100, refused="REJECTED"))
    assert not found.holds
    assert "NOT MEASURED: REJECTED" in table([found])


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [("stage native", "10k", 10_000), ("collect, 32 KB answers", "10k", 500), ("collect, no schema", "16MB", 10_000)],
)
def test_a_size_is_so_many_rows_or_so_many_bytes_of_what_is_read(name: str, text: str, rows: int) -> None:
    assert rows_of(by_name(name), parse_size(text)) == rows
