"""How fast the Vertex stand-in answers, and in how much memory; by the CPU's clock, since tests share the machine."""

import pytest

from infra.local.vertex.measure import Measured, measured

_ROWS = 200_000
_SECONDS = 60.0


@pytest.fixture(scope="module")
def runs() -> tuple[Measured, Measured]:
    """A small job and a large one."""
    return measured(1_000), measured(9_000)


def test_a_job_of_200_000_rows_takes_less_than_a_minute(runs: tuple[Measured, Measured]) -> None:
    small, large = runs

    each = (large.cpu_s - small.cpu_s) / (large.rows - small.rows)
    assert each * _ROWS < _SECONDS


def test_memory_does_not_grow_with_the_rows(runs: tuple[Measured, Measured]) -> None:
    small, large = runs

    assert large.peak_mb - small.peak_mb < 10
