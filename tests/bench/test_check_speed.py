"""`batchdrop check` on long files. How fast it is on an idle machine, `python -m tests.bench.check` says."""

from pathlib import Path

from tests.bench.check import measure


def test_a_longer_file_takes_no_more_memory_and_its_first_error_comes_as_soon(tmp_path: Path) -> None:
    (tmp_path / "short").mkdir()
    (tmp_path / "long").mkdir()
    short, long = measure(tmp_path / "short", 250_000), measure(tmp_path / "long", 750_000)
    assert long.peak < short.peak * 1.2
    assert long.first_error < 0.5 * long.wall
    assert long.rows / long.cpu > 40_000
