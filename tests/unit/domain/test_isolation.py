import random
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.isolation import Cut, partition

Row = tuple[int, str]


class Search(msgspec.Struct):
    """Plays Vertex: counts the submissions until every bad row stands alone."""

    bad: frozenset[int]
    submissions: int = 0
    found: set[int] = msgspec.field(default_factory=set)
    answered: set[int] = msgspec.field(default_factory=set)

    def submit(self, rows: Sequence[Row], *, sifted: bool = False) -> None:
        self.submissions += 1
        if not any(number in self.bad for number, _ in rows):
            self.answered.update(number for number, _ in rows)
            return
        if len(rows) == 1:
            self.found.add(rows[0][0])
            return
        cut = partition(Counter(shape for _, shape in rows), sifted=sifted)
        parts: dict[int, list[Row]] = {}
        for index, row in enumerate(rows):
            parts.setdefault(cut.part_of(index, row[1]), []).append(row)
        for part in parts.values():
            self.submit(part, sifted=True)


def searched(rows: Sequence[Row], bad: set[int]) -> Search:
    search = Search(frozenset(bad))
    search.submit(rows)
    assert search.found == bad
    assert search.answered == {number for number, _ in rows} - bad
    return search


@pytest.mark.parametrize("shapes", [1, 2, 3])
def test_bad_rows_that_are_all_of_unusual_shapes_are_found_in_24_submissions(shapes: int) -> None:
    bad = set(range(0, 96_000, 6_000))
    rows = [(number, f"odd-{number % shapes}" if number in bad else "plain") for number in range(100_000)]
    assert searched(rows, bad).submissions <= 24


@pytest.mark.parametrize("seed", range(20))
def test_one_bad_row_of_an_ordinary_shape_is_found_in_40_submissions(seed: int) -> None:
    bad = random.Random(seed).randrange(100_000)
    assert searched([(number, "plain") for number in range(100_000)], {bad}).submissions <= 40


@pytest.mark.parametrize("seed", range(20))
def test_sixteen_bad_rows_of_an_ordinary_shape_are_found_within_the_default_budget(seed: int) -> None:
    bad = set(random.Random(seed).sample(range(100_000), 16))
    assert searched([(number, "plain") for number in range(100_000)], bad).submissions <= 512


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=400),
    st.sets(st.integers(0, 399), min_size=1, max_size=30),
)
def test_every_bad_row_is_found_and_every_other_is_answered(shapes: list[int], bad: set[int]) -> None:
    rows = [(number, f"shape-{shape}") for number, shape in enumerate(shapes)]
    searched(rows, {number for number in bad if number < len(rows)} or {0})


def test_a_partition_always_makes_progress() -> None:
    for shapes in ({"a": 17}, {"a": 10, "b": 10}, {f"s{number}": 2 for number in range(50)}, {"a": 10_000, "b": 1}):
        cut = partition(shapes, sifted=True)
        assert cut.parts > 1


def test_a_handful_is_asked_row_by_row() -> None:
    assert partition({"a": 16}, sifted=True).cut is Cut.ROW
