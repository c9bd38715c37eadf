"""The targets of `make fuzz` on inputs that Hypothesis builds: a short look with every test run."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.guard import MIB, Grew, Guard, Limits, TooSlow
from tests.fuzz.inputs import INPUTS
from tests.fuzz.targets import TARGETS

SEEDS = Path(__file__).parents[2] / "fuzz" / "seeds"
SHORT = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("target", TARGETS)
@SHORT
@given(data=st.data())
def test_no_input_breaks_a_promise(target: str, data: st.DataObject) -> None:
    Guard(TARGETS[target])(data.draw(INPUTS[target]))


@pytest.mark.parametrize("seed", sorted(SEEDS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_seed_breaks_a_promise(seed: Path) -> None:
    TARGETS[seed.parent.name](seed.read_bytes())


def test_every_target_has_seeds_and_inputs() -> None:
    assert {folder.name for folder in SEEDS.iterdir()} == set(TARGETS) == set(INPUTS)


def test_an_input_that_takes_long_is_told() -> None:
    def forever(_data: bytes) -> None:
        while True:
            pass

    with pytest.raises(TooSlow):
        Guard(forever, Limits(seconds=0.2))(b"")


def test_an_input_that_takes_memory_is_told() -> None:
    with pytest.raises(Grew, match="3 bytes took"):
        Guard(lambda _data: b"x" * 200_000_000)(b"abc")


def test_inputs_that_leave_memory_behind_are_told() -> None:
    kept: list[bytes] = []
    guard = Guard(lambda data: kept.append(data * 8 * MIB), Limits(every=10, in_all=20 * MIB))

    def often() -> None:
        for _ in range(60):
            guard(b"x")

    with pytest.raises(Grew, match="left"):
        often()
